"""What asks for compilation changes nothing but names and types (torch.compile, torch.jit), and what has no counterpart says so."""

import pytest

from tests.worlds import both_worlds, expressions, refusal, world


@both_worlds
def test_a_compiled_function(torch):
    def shifted(x, *, by=1):
        """Named."""
        return x + by
    compiled = torch.compile(shifted, backend="eager")
    yield compiled.__name__, compiled.__doc__, compiled(torch.ones(2), by=3), compiled is shifted

    @torch.compile(backend="eager", fullgraph=True, dynamic=False)
    def doubled(x):
        return x * 2
    x = torch.ones(2, requires_grad=True)
    doubled(x).sum().backward()
    yield doubled.__name__, x.grad, torch.compile(shifted, backend="eager", disable=True) is shifted


@both_worlds
def test_a_compiled_module(torch):
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    compiled = torch.compile(model, backend="eager")
    yield compiled, list(compiled.state_dict()), compiled[0] is model[0], compiled._orig_mod is model, isinstance(compiled, torch.nn.Module)
    compiled.eval()
    yield model.training, compiled.training, [name for name, _ in compiled.named_parameters()], len(compiled)
    compiled.extra = 3
    yield model.extra, compiled(torch.ones(1, 2)).detach(), type(compiled).__name__
    compiled.load_state_dict(compiled.state_dict())
    model.compile(backend="eager")
    yield model(torch.ones(1, 2)).detach()


@expressions("""
torch.compile(len, mode="x", options={"a": 1})
torch.compile(len, mode="x")
torch.compile(3, backend="eager")
torch.compiler.is_compiling(), torch.compiler.list_backends(), torch._dynamo.reset()
torch.jit.annotate(int, 3), torch.jit.is_scripting(), torch.jit.is_tracing(), torch.jit.Attribute(3, int)
torch.jit.ignore(same) is same, torch.jit.unused(same) is same, torch.jit.export(same) is same
[str(schedule(step)) for step in range(9)]
torch.profiler.ProfilerActivity.CPU.name, torch.hub.get_dir()
""")
def test_call(torch):
    def same(x):
        return x
    return {"same": same, "schedule": torch.profiler.schedule(wait=1, warmup=1, active=2, repeat=1, skip_first=1)}


def test_scripted_and_traced_programs_are_themselves():
    torch = world("facade")
    model = torch.nn.Linear(2, 2)
    for made in (torch.jit.script(model), torch.jit.trace(model, torch.ones(1, 2)), torch.jit.script(lambda x: x + 1)):
        assert made(torch.ones(1, 2)).shape == (1, 2)
        with pytest.raises(NotImplementedError, match="torch.jit.save"):
            made.save("file")
    assert torch.jit.wait(torch.jit.fork(lambda x: x + 1, 2)) == 3


@pytest.mark.parametrize("call, name", [
    (lambda torch: torch.jit.save(None, "file"), "torch.jit.save"), (lambda torch: torch.jit.load("file"), "torch.jit.load"),
    (lambda torch: torch.hub.load("a", "b"), "torch.hub.load"),
    (lambda torch: torch.compile(len, backend=lambda graph, inputs: graph), "torch.compile"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_what_has_no_counterpart_is_named(call, name):
    failure = refusal(call, world("facade"))
    assert isinstance(failure, NotImplementedError) and str(failure).startswith(name)
