"""Clipping gradients, and parameters as one vector."""

from tests.worlds import both_worlds, expressions


def _parameters(torch):
    first, second, third = (torch.nn.Parameter(torch.ones(*shape)) for shape in ((3,), (2, 2), (1,)))
    first.grad, second.grad = torch.tensor([3.0, -4.0, 0.0]), torch.tensor([[1.0, 2.0], [-6.0, 0.5]])
    return first, second, third


@expressions("""
U.clip_grad_norm_([p, q, r], 1.0), p.grad, q.grad, r.grad
U.clip_grad_norm_(p, 2), p.grad
U.clip_grad_norm_((each for each in (p, q)), 100.0), p.grad, q.grad
U.clip_grad_norm_([p, q], 1.0, norm_type=float("inf")), p.grad, q.grad
U.clip_grad_norm_([p, q], 1.0, 1, foreach=False), p.grad, q.grad
U.clip_grad_norm_([], 1.0), U.clip_grad_norm_((each for each in ()), 1.0), U.clip_grad_norm_([r], 1.0)
U.clip_grad_norm_([n], 1.0), n.grad
U.clip_grad_norm_([n], 1.0, error_if_nonfinite=True)
U.clip_grad_norm_([n], 1.0, 3, error_if_nonfinite=True)
U.clip_grad_norm([p], 1.0), p.grad
U.clip_grad_value_([p, q, r], 2), p.grad, q.grad
U.clip_grad_value_(p, 0.5), p.grad
U.get_total_norm([torch.ones(2), torch.ones(3)]), U.get_total_norm(torch.ones(3), 1), U.get_total_norm([])
U.clip_grads_with_norm_([p], 1.0, torch.tensor(10.0)), p.grad
U.parameters_to_vector([p, q]), U.parameters_to_vector(iter([q]))
U.parameters_to_vector([])
U.vector_to_parameters(torch.arange(7.0), [p, q]), p, q
U.vector_to_parameters(3, [p])
""")
def test_gradients_and_vectors(torch):
    p, q, r = _parameters(torch)
    n = torch.nn.Parameter(torch.ones(2))
    n.grad = torch.tensor([float("nan"), 1.0])
    return {"U": torch.nn.utils, "p": p, "q": q, "r": r, "n": n}


@both_worlds
def test_vector_shares_memory_with_parameters(torch):
    p, q, _ = _parameters(torch)
    vector = torch.arange(7.0)
    torch.nn.utils.vector_to_parameters(vector, [p, q])
    vector.mul_(10)
    yield p, q, p.grad
    torch.nn.utils.parameters_to_vector([p, q]).sum().backward()
    yield p.grad, q.grad
