"""Printing: every dtype, the widths, scientific notation, summaries, suffixes and options."""

from tests.worlds import both_worlds, expressions


@expressions("""
show(torch.tensor([1.0, 2.0]), torch.tensor([0.5]), torch.tensor([1.0, 0.33333]), torch.tensor(2.0), torch.tensor(2.5))
show(torch.tensor([1e-5, 1.0]), torch.tensor([1e5, 1.0]), torch.tensor([1e8, 1.5]), torch.tensor([1e-8]), torch.tensor([123456.0, 0.001]))
show(torch.tensor([999.99995, 0.00012]), torch.tensor([1000.0, 0.1]), torch.tensor([1001.0, 1.5]), torch.tensor([99999.0]), torch.tensor([1e8]))
show(torch.tensor([float("nan"), 1.0]), torch.tensor([float("inf"), -1.5]), torch.tensor([float("nan")]), torch.tensor([float("inf"), float("-inf")]))
show(torch.tensor([-0.0, 0.0]), torch.tensor([-1.0, 10.0, 100.5]), torch.tensor(-1e-20), torch.tensor([0.0, 0.0]))
show(torch.tensor([1, -1]), torch.tensor([1000000, 1]), torch.tensor(-5), torch.tensor([0]), torch.tensor([2**62]))
show(torch.tensor([1.5], dtype=torch.float64), torch.tensor([1.5], dtype=torch.float16), torch.tensor([1.1], dtype=torch.bfloat16), torch.tensor(1e300, dtype=torch.float64))
show(torch.tensor([1], dtype=torch.int8), torch.tensor([1], dtype=torch.int32), torch.tensor([200], dtype=torch.uint8), torch.tensor([1], dtype=torch.uint16))
show(torch.tensor([True, False]), torch.tensor(False), torch.tensor([[True]]), torch.tensor([1 + 2j, 0.5j]), torch.tensor([1e10j, 1]), torch.tensor(float("nan") * 1j))
show(torch.tensor([1.5, 2.5]).to(torch.float8_e4m3fn), torch.tensor([1.5]).to(torch.float8_e5m2))
show(torch.zeros(0), torch.zeros(0, 3), torch.zeros(2, 0, dtype=torch.int64), torch.zeros(0, dtype=torch.bool), torch.zeros(3, 0, requires_grad=True))
show(torch.zeros(1, 1, 1), torch.arange(8).view(2, 2, 2), torch.arange(4.0).view(2, 1, 2), torch.ones(1, 2, 1, 2, 1))
show(torch.arange(1000), torch.arange(1001), torch.arange(1001.0))
show(torch.arange(2000).view(2, 1000), torch.arange(2000).view(1000, 2), torch.zeros(11, 11, 11), torch.zeros(7, 8, 20)[0, :2])
show(torch.arange(30.0), torch.arange(40), torch.arange(60).view(2, 30), torch.full((20,), 1e-7))
show(torch.arange(1100.0).requires_grad_(), torch.zeros(1100, dtype=torch.float64), (torch.zeros(1100, requires_grad=True) * 2))
show(torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True) * 2, torch.ones(2, dtype=torch.float64, requires_grad=True), torch.ones(2, dtype=torch.float64, requires_grad=True).sum())
show(torch.ones(2, requires_grad=True).view(2, 1), torch.ones(2, requires_grad=True).detach(), torch.ones(2, requires_grad=True)[0], torch.ones(2, requires_grad=True).clone().add_(1))
show(torch.full((12,), 0.123456, requires_grad=True), torch.full((11,), 0.123456, requires_grad=True) * 1)
show([torch.ones(1), torch.tensor(2)], (torch.ones(1),), {"a": torch.ones(1)})
show(torch.float32, torch.int64, torch.bool, torch.complex128, torch.bfloat16, torch.uint8)
show(torch.device("cpu"), torch.device("cuda:0"), torch.Size([1, 2]), torch.Size([]), torch.strided, torch.contiguous_format)
show(torch.tensor([[3.0, 1.0]]).max(1), torch.tensor([1, 3, 2]).sort(), torch.tensor([[1.0, 2.0]]).min(0), torch.tensor([1.0, 2.0, 2.0]).median(0), torch.tensor([1.0]).mode())
show(torch.finfo(torch.float16), torch.iinfo(torch.int32), torch.finfo(torch.float64).eps)
show(torch.tensor([1.0, 2.0]).split(1), torch.tensor([1.0, 2.0]).unbind(), torch.arange(3).chunk(2))
show(torch.Generator(), torch.ones(1).untyped_storage().__class__.__name__)
f"{torch.tensor(1.5):.3f}", f"{torch.tensor(3):5d}|", f"{torch.tensor(True)}", f"{torch.tensor([1.5])}", f"{torch.tensor(2.0):e}", f"{torch.tensor(1.0)!r}", f"{torch.tensor(5):>6}|"
f"{torch.tensor([1.0, 2.0]):.1f}"
f"{torch.tensor(1.5):d}"
""")
def test_text(torch):
    return {"show": lambda *values: print(*values, sep="\n")}


@both_worlds
def test_options(torch):
    data = torch.tensor([[1.23456789, 1000.5], [1e-6, 3.0]])
    for options in ({"precision": 2}, {"sci_mode": True}, {"sci_mode": False}, {"linewidth": 20}, {"threshold": 2, "edgeitems": 1}, {"profile": "short"}, {"profile": "full"}):
        torch.set_printoptions(**options)
        print(options, data, torch.arange(7), torch.arange(7.0).view(7, 1), sep="\n")
        torch.set_printoptions(profile="default", sci_mode=None)
    print(data)


@both_worlds
def test_options_persist_until_reset(torch):
    torch.set_printoptions(precision=1)
    print(torch.tensor([1.25]))
    torch.set_printoptions(sci_mode=True)
    print(torch.tensor([1.25]))
    torch.set_printoptions(profile="default")
    print(torch.tensor([1.25]), torch.tensor([1e-6, 1e6]))


@both_worlds
def test_default_dtype_moves_the_suffix(torch):
    torch.set_default_dtype(torch.float64)
    print(torch.ones(1), torch.ones(1, dtype=torch.float32), torch.tensor([1j]), torch.tensor([1j], dtype=torch.complex64), torch.zeros(0))


@both_worlds
def test_printing_neither_tracks_nor_frees(torch):
    x = torch.ones(2, requires_grad=True)
    loss = (x * x).sum()
    print(loss, x.grad, loss.grad_fn is not None)
    loss.backward()
    print(x.grad, x._version, loss)


@both_worlds
def test_values_are_those_of_now(torch):
    base = torch.zeros(3)
    view = base[1:]
    print(view)
    base.add_(1)
    print(view, base)
    text = str(view)
    base.zero_()
    print(text, view)
