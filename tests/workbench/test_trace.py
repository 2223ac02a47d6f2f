"""Functions and pending tensors as programs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import facade as torch

OPERATIONS = {
    "pointwise": lambda x: (x.exp() / (1 + x.abs()) - x.sigmoid() ** 2).clamp(-1, 3).log1p().sqrt(),
    "comparison": lambda x: torch.where((x > 0) & (x < 1) | ~(x != x), x, -x),
    "reduction": lambda x: (x.mean(), x.sum(dim=0), x.amax(dim=1, keepdim=True), x.std(dim=1), x.logsumexp(1), x.prod(0), (x > 0).any(), x.var()),
    "shape": lambda x: torch.cat([x.t().reshape(2, -1), x.view(-1)[None, ::2].expand(2, -1)], 1).flip(0).unsqueeze(1),
    "order": lambda x: (x.sort(dim=1), x.argmax(dim=0), x.topk(2, dim=1), x.cumsum(1), x.cummax(0)),
    "indexing": lambda x: (x[:, 1], x[torch.tensor([2, 0])], x[1:, ::2], x.gather(1, torch.tensor([[0], [1], [2]])), x[x.argmax(0)]),
    "writing": lambda x: x.clone().index_fill_(0, torch.tensor([1]), 5.0).masked_fill(x > 1, 0.0).scatter(1, torch.tensor([[0], [1], [2]]), 7.0),
    "product": lambda x: (x @ x.t(), torch.einsum("ij,kj->ik", x, x), torch.bmm(x[None], x.t()[None]), torch.outer(x[0], x[1]), x @ x[0]),
    "half": lambda x: (x.half() * 2).softmax(-1).float() + x.to(torch.bfloat16).mean(),
    "double": lambda x: x.double().cos().sum() + x.long().sum(),
    "window": lambda x: (torch.nn.functional.avg_pool1d(x[None], 2), torch.nn.functional.pad(x, (1, 2), value=3.0),
                         torch.nn.functional.max_pool1d(x[None], 2, 1)),
    "loss": lambda x: (torch.nn.functional.smooth_l1_loss(x, x.roll(1, 0)), torch.nn.functional.kl_div(x.log_softmax(1), x.softmax(1))),
    "attention": lambda x: torch.nn.functional.scaled_dot_product_attention(x[None, None], x[None, None], x[None, None], is_causal=True),
    "linear algebra": lambda x: torch.linalg.cholesky(x @ x.t() + torch.eye(3)),
    "gradient": lambda x: torch.autograd.grad(_cube(x), _LEAF)[0],
}
_LEAF = torch.tensor([1.0, 2.0], requires_grad=True)


def _cube(x):
    return (_LEAF ** 3 * x[0, 0]).sum()


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_source_computes_the_same(name):
    x = torch.tensor(np.linspace(-1, 2, 12, dtype=np.float32).reshape(3, 4) ** 2 + 0.1)
    program = torch.trace_program(OPERATIONS[name], x)
    program.check(1e-5)
    assert "def program(" in program.to_source()


def test_a_module_is_shown_with_its_own_names():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())
    program = torch.trace_program(model, torch.ones(4, 2))
    assert str(program.to_source()) == '''import jax
import jax.numpy as jnp


def sequential(params, input):
    return jax.nn.relu(input @ params["0.weight"].T + params["0.bias"])
'''
    assert {(each.group, each.name) for each in program.inputs if each.group} == {("params", "0.weight"), ("params", "0.bias")}
    assert "stablehlo" in program.stablehlo() and "dot_general" in program.stablehlo()


def test_a_pending_tensor_is_shown_with_the_names_of_variables():
    rows, weight = torch.ones(4, 2), torch.ones(2, requires_grad=True)
    loss = ((rows @ weight - 1) ** 2).mean()
    program = torch.trace_program(loss)
    assert loss.graph().to_source() == program.to_source()
    assert "loss = jnp.mean((rows @ weight - 1.0)**2)" in program.to_source()
    program.check()
    loss.item()
    with pytest.raises(ValueError, match="computed already"):
        torch.trace_program(loss)


def test_a_read_in_the_middle_does_not_matter():
    def halved(x):
        y = x * 3
        return y / 2 if y.sum().item() > 0 else y
    program = torch.trace_program(halved, torch.ones(3))
    program.check()
    assert "x * 3.0 / 2.0" in program.to_source()


def test_a_function_keeps_its_signature_order():
    def difference(first, second, *, third):
        return second - third * first
    program = torch.trace_program(difference, torch.ones(2), torch.ones(2), third=torch.zeros(2))
    assert list(program.arguments) == ["first", "second", "third"]


def test_what_the_table_lacks_is_named():
    def chirped(x):
        return torch.fft.fft(x).real
    with pytest.raises(NotImplementedError, match="fft"):
        torch.trace_program(chirped, torch.ones(4)).to_source()
    with pytest.raises(TypeError, match="has to return tensors"):
        torch.trace_program(len, [1])


def test_jax_itself_is_not_switched():
    before = jax.config.jax_enable_x64
    torch.trace_program(lambda x: x.long(), torch.ones(2)).check()
    assert jax.config.jax_enable_x64 == before and jnp.arange(2).dtype == np.int32


def test_what_an_inner_function_closes_over_is_named():
    weight, scale = torch.ones(2, requires_grad=True), 2.0

    def model(x):
        return x @ weight * scale

    def loss(x):
        return model(x).sum()
    assert "def loss(x, weight):" in torch.trace_program(loss, torch.ones(3, 2)).to_source()
