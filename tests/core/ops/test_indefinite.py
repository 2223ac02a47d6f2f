"""ldl_factor and ldl_solve: LAPACK's pivots, factors and solutions for symmetric and hermitian matrices."""

import pytest

from tests.worlds import both_worlds, refusal


def symmetric(torch, shape, dtype, hermitian, seed):
    """A matrix with nothing on its diagonal, so that blocks of two rows come."""
    torch.manual_seed(seed)
    made = torch.randn(*shape, dtype=getattr(torch, dtype))
    made = made + (made.mH if hermitian else made.mT)
    return made - torch.diag_embed(torch.diagonal(made, dim1=-2, dim2=-1)) if seed else made


@pytest.mark.parametrize("hermitian", [False, True])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@both_worlds
def test_factor_and_solve(torch, dtype, hermitian):
    linalg = torch.linalg
    for seed, shape in enumerate([(4, 4), (4, 4), (2, 4, 4)]):
        matrix = symmetric(torch, shape, dtype, hermitian, seed)
        factors = linalg.ldl_factor(matrix, hermitian=hermitian)
        right = torch.randn(4, 2, dtype=matrix.dtype)
        solved = linalg.ldl_solve(*factors, right, hermitian=hermitian)
        yield tuple(factors), tuple(linalg.ldl_factor_ex(matrix, hermitian=hermitian)), solved, (matrix @ solved - right).abs().max() < 1e-9


@both_worlds
def test_only_the_lower_triangle_is_read(torch):
    matrix = torch.arange(9.0).reshape(3, 3)
    found = torch.linalg.ldl_factor(matrix)
    yield found.LD, found.pivots, repr(torch.linalg.ldl_factor_ex(torch.zeros(2, 2))), torch.linalg.ldl_factor(torch.tensor([[float("nan"), 1], [1, 0]]))[0]
    given = torch.empty(0), torch.empty(0, dtype=torch.int32)
    torch.linalg.ldl_factor(matrix, out=given)
    yield given, [each.shape for each in torch.linalg.ldl_factor(torch.zeros(0, 3, 3))], torch.linalg.ldl_factor(torch.zeros(0, 0)).pivots


@both_worlds
def test_errors(torch):
    linalg, ones = torch.linalg, torch.ones
    for wrong in (ones(2), ones(2, 3), ones(2, 2, dtype=torch.int64), ones(2, 2, dtype=torch.float16)):
        yield refusal(lambda: linalg.ldl_factor(wrong))
    factors, pivots = linalg.ldl_factor(torch.eye(3) * 2)
    for arguments in ((factors, pivots, ones(3)), (factors, pivots, ones(2, 1)), (factors, pivots.float(), ones(3, 1)), (factors, pivots[:2], ones(3, 1)),
                      (factors, pivots, ones(3, 1).double()), (factors[0], pivots, ones(3, 1)), (factors, pivots.long(), ones(3, 1))):
        yield refusal(lambda: linalg.ldl_solve(*arguments))
    tracked = torch.eye(3, requires_grad=True)
    yield linalg.ldl_factor(tracked).LD
