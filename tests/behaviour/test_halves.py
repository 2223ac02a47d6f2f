"""Half precision: a product and what is added to it are summed in float32 and rounded once, to the bit."""

import pytest

from tests.worlds import both_worlds

CALLS = """
F.linear(x, w, b)
F.linear(x[None], w, b)
F.linear(x, w)
torch.addmm(b, x, w.t())
torch.addmm(m, x, w.t(), beta=0.5, alpha=0.25)
torch.addmv(b, w, x[0])
torch.baddbmm(m[None], x[None], w.t()[None])
torch.addbmm(m, x[None], w.t()[None])
F.conv1d(x.view(2, 3, 4), w[:, :6].view(4, 3, 2), b)
F.conv2d(x.view(1, 2, 3, 4), w.view(4, 2, 2, 2), b)
torch.nn.functional.conv_transpose1d(x.view(2, 3, 4), w[:, :6].view(3, 4, 2), b)
""".strip().splitlines()


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("call", CALLS)
@both_worlds
def test_a_sum_is_rounded_once(torch, call, dtype):
    # Multiples of an eighth have exact sums in float32 in any order, and none of so many digits in a half.
    def make(*shape):
        return (torch.randint(-300, 300, shape) / 8).to(getattr(torch, dtype))
    x, w, b, m = make(3, 8), make(4, 8), make(4), make(3, 4)
    return eval(call, {"torch": torch, "F": torch.nn.functional, "x": x, "w": w, "b": b, "m": m}).view(torch.int16)
