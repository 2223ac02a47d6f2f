"""Solvers, inverses and factorizations: they read whether they succeeded, and complain of bad matrices in torch's words."""

import numpy as np

from facade.core.engine import constant
from facade.core.errors import LinAlgError, dims_of
from facade.core.ops.binding import as_ints
from facade.core.ops.composites import composite
from facade.core.ops.composites.linear_algebra import MATRIX_ORDERS, matmul, matrix_norm
from facade.core.ops.dispatch import apply
from facade.core.ops.outputs import with_out
from facade.core.ops.return_types import result_tuple
from facade.core.ops.rows import decompositions
from facade.core.ops.table import ARRAY
from facade.core.tensor.tensor import Tensor


# ---------------------------------------------------------------- functions of a matrix
@composite(at="torch Tensor linalg")
@with_out
def matrix_power(input, n):
    """The n-th power of a matrix, a negative one of its inverse"""
    decompositions.square(input, "linalg.matrix_power")
    if n < 0:
        decompositions.precise(input._value.spec, "linalg.inv")
        input, n = inv(input), -n
        if n == 1:
            return input
    if n == 0:
        return input.clone().copy_(Tensor._of(constant(np.eye(input.shape[-1], dtype=input.dtype.numpy))))
    if n == 1:
        return input.clone()
    result = input if n & 1 else None
    while n := n >> 1:
        input = matmul(input, input)
        result = result if not n & 1 else input if result is None else matmul(input, result)
    return result


@composite(at="linalg")
@with_out
def cond(A, p=None):
    """How much a matrix magnifies errors: norm(A) * norm(inverse of A), or the ratio of singular values"""
    if A.ndim < 2 and p in (None, *MATRIX_ORDERS):
        raise RuntimeError("linalg.cond: The input tensor must have at least 2 dimensions.")
    if p in (None, 2, -2):
        if 0 in A.shape[-2:]:
            return A.new_zeros(A.shape[:-2])
        values = apply(decompositions.SVDVALS, (ARRAY, None), (A,))
        return values[..., -1] / values[..., 0] if p == -2 else values[..., 0] / values[..., -1]
    if p not in ("fro", "nuc", *MATRIX_ORDERS):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
    decompositions.square(A, f"linalg.cond(ord={p})")
    inverse, _ = apply(decompositions.INV_EX, (ARRAY, False), (A,))
    return matrix_norm(A, p) * matrix_norm(inverse, p)


# ---------------------------------------------------------------- solvers that fail on bad matrices
def _failed(info):
    """(the place in the batch as torch writes it, info) of the first failure, or None."""
    numbers = info.numpy_value()
    if not numbers.any():
        return None
    flat = numbers.reshape(-1)
    place = int(np.flatnonzero(flat)[0])
    return f"(Batch element {place}): " if numbers.ndim else "", int(flat[place])


def _inverse(A):
    result, info = apply(decompositions.INV_EX, (ARRAY, False), (A,))
    failed = _failed(info)
    if failed:
        raise LinAlgError(f"linalg.inv: {failed[0]}The diagonal element {failed[1]} is zero, the inversion could not be completed because "
                          "the input matrix is singular.")
    return result


@composite()
@with_out
def inverse(input):
    """The inverse of square matrices"""
    return _inverse(input)


@composite(at="linalg")
@with_out
def inv(A):
    """The inverse of square matrices"""
    return _inverse(A)


@composite(at="linalg")
@with_out
def solve(A, B, *, left=True):
    """X of A @ X = B, or of X @ A = B"""
    result, info = apply(decompositions.SOLVE_EX, (ARRAY, ARRAY, left, False), (A, B))
    failed = _failed(info)
    if failed:
        raise LinAlgError(f"torch.linalg.solve: {failed[0]}The solver failed because the input matrix is singular.")
    return result


def _cholesky(name, A, upper):
    result, info = apply(decompositions.CHOLESKY_EX, (ARRAY, upper, False), (A,))
    failed = _failed(info)
    if failed:
        matrix = A.numpy_value().reshape(-1, *A.shape[-2:])[int(np.flatnonzero(info.numpy_value().reshape(-1))[0])]
        raise LinAlgError(f"{name}: {failed[0]}The factorization could not be completed because the input is not positive-definite "
                          f"(the leading minor of order {_first_bad_minor(matrix, upper)} is not positive-definite).")
    return result


def _first_bad_minor(matrix, upper):
    half = np.triu(matrix, 1).conj().T if upper else np.tril(matrix, -1)
    whole = half + half.conj().T + np.diag(np.diag(matrix).real)
    return next((order for order in range(1, len(whole) + 1) if not np.linalg.eigvalsh(whole[:order, :order])[0] > 0), len(whole))


@composite(at="linalg", name="cholesky")
@with_out
def _linalg_cholesky(A, *, upper=False):
    """The triangular factor L of A = L @ L^H"""
    return _cholesky("linalg.cholesky", A, upper)


@composite()
@with_out
def cholesky(input, upper=False):
    """The triangular factor L of input = L @ L^H"""
    return _cholesky("cholesky", input, upper)


@composite(at="linalg")
@with_out
def lu_factor(A, *, pivot=True):
    """Both triangles in one matrix, and the exchanges of rows"""
    packed, pivots, _ = apply(decompositions.LU_FACTOR_EX, (ARRAY, pivot, False), (A,))
    return result_tuple("linalg_lu_factor", ("LU", "pivots"), (packed, pivots))


def _ldl(name, A, hermitian, check_errors):
    """(LD, pivots, info); RuntimeError, on request, where a pivot is zero."""
    factors = apply(decompositions.LDL_FACTOR_EX, (ARRAY, hermitian), (A,))
    if check_errors and _failed(factors[2]):
        raise RuntimeError(f"torch.linalg.{name}: Unknown error code: {_failed(factors[2])[1]}.")
    return factors


@composite(at="linalg")
@with_out
def ldl_factor(A, *, hermitian=False):
    """L and D of a symmetric (or hermitian) matrix L @ D @ L^T in one matrix, and the exchanges of rows"""
    return result_tuple("linalg_ldl_factor", ("LD", "pivots"), _ldl("ldl_factor", A, hermitian, True)[:2])


@composite(at="linalg")
@with_out
def ldl_factor_ex(A, *, hermitian=False, check_errors=False):
    """As ldl_factor, and the first zero pivot (0 if there is none)"""
    return result_tuple("linalg_ldl_factor_ex", ("LD", "pivots", "info"), _ldl("ldl_factor_ex", A, hermitian, check_errors))


def _without_history_of_moves(factors, name):
    """The factors as a named tuple; the permutation matrix is a constant."""
    moves, lower, upper = factors
    return result_tuple(name, ("P", "L", "U"), (moves.detach(), lower, upper))


@composite(at="linalg", name="lu")
@with_out
def _linalg_lu(A, *, pivot=True):
    """A permutation, a lower and an upper triangle whose product is A"""
    return _without_history_of_moves(apply(decompositions.LU, (ARRAY, pivot), (A,)), "linalg_lu")


@composite(at="torch")
@with_out
def lu_unpack(LU_data, LU_pivots, unpack_data=True, unpack_pivots=True):
    """The factors that lu_factor packed into one matrix"""
    factors = apply(decompositions.LU_UNPACK, (ARRAY, ARRAY, unpack_data, unpack_pivots), (LU_data, LU_pivots))
    return _without_history_of_moves(factors, "lu_unpack")


@composite()
def lu(A, pivot=True, get_infos=False):
    """Both triangles in one matrix, the exchanges of rows, and on request the first zero pivots"""
    packed, pivots, info = apply(decompositions.LU_FACTOR_EX, (ARRAY, pivot, False), (A,))
    return (packed, pivots, info) if get_infos else (packed, pivots)


@composite(at="linalg")
@with_out
def tensorinv(A, ind=2):
    """The inverse of the linear map that tensordot with A makes, its first `ind` dims being the result's"""
    if ind <= 0:
        raise RuntimeError(f"Expected a strictly positive integer for 'ind', but got {ind}")
    rows_shape, columns_shape = A.shape[:ind], A.shape[ind:]
    if rows_shape.numel() != columns_shape.numel():
        raise RuntimeError("Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got "
                           f"{columns_shape.numel()} != {rows_shape.numel()}")
    return _inverse(A.reshape(rows_shape.numel(), columns_shape.numel())).reshape(*columns_shape, *rows_shape)


@composite(at="linalg")
@with_out
def tensorsolve(A, B, dims=None):
    """X of tensordot(A, X) = B"""
    if dims is not None:
        moved = dims_of(as_ints(dims), A.ndim)
        A = A.movedim(moved, tuple(range(A.ndim - len(moved), A.ndim)))
    shape = A.shape[B.ndim:]
    if shape.numel() != B.shape.numel():
        raise RuntimeError("Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), but got "
                           f"{shape.numel()} != {B.shape.numel()}")
    return solve(A.reshape(B.shape.numel(), shape.numel()), B.reshape(-1)).reshape(shape)


@composite(at="linalg")
def lstsq(A, B, rcond=None, *, driver=None):
    """X of the least |A @ X - B|, the residuals, the rank and the singular values"""
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError("torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)")
    for name, each, least, shown in (("input", A, 2, "2 dimensions"), ("other", B, 1, "1 dimension")):
        if each.ndim < least:
            raise RuntimeError(f"torch.linalg.lstsq: {name} must have at least {shown}.")
    driver = driver or "gelsy"
    solution, residuals, rank, singular = apply(decompositions.LSTSQ, (ARRAY, ARRAY, rcond, driver), (A, B))
    if driver in ("gelsd", "gelss") and residuals.ndim and (rank.numpy_value() < A.shape[-1]).any():
        residuals = residuals.reshape(-1)[:0]
    return result_tuple("linalg_lstsq", ("solution", "residuals", "rank", "singular_values"), (solution, residuals, rank, singular.detach()))


@composite(at="linalg")
def diagonal(A, *, offset=0, dim1=-2, dim2=-1):
    """A view of a diagonal of each matrix"""
    return A.diagonal(offset, dim1, dim2)
