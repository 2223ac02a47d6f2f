"""Products, decompositions and solvers of matrices: pure JAX, arrays in, arrays out.

Matrices stand in the last two dims, whatever precedes them is a batch. Derivatives are those of the exact functions; where a result is
unique only up to a phase (eigenvectors, singular vectors) the derivative is that of torch's choice.
"""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np

from facade.core.ops.kernels.reduction import root, vector_norm, wide


def adjoint(matrix):
    """The conjugate transpose."""
    return jnp.conj(jnp.swapaxes(matrix, -1, -2))


# ---------------------------------------------------------------- products
def product(left, right):
    """left @ right in their common dtype."""
    return wide_product(left, right).astype(left.dtype)


def wide_product(left, right):
    """left @ right, of halves in float32, so that a sum with something else is rounded once."""
    return jnp.matmul(left, right, preferred_element_type=wide(left).dtype)


def outer(left, right):
    """left[i] * right[j]."""
    return left[:, None] * right[None, :]


def tensordot(left, right, dims_left, dims_right):
    """The sum of products over these dims of both, where an extent of 1 stands for any."""
    for one, two in zip(dims_left, dims_right):
        if left.shape[one] == 1 != right.shape[two]:
            right = jnp.sum(right, two, keepdims=True, dtype=right.dtype)
        elif right.shape[two] == 1 != left.shape[one]:
            left = jnp.sum(left, one, keepdims=True, dtype=left.dtype)
    return jnp.tensordot(left, right, (dims_left, dims_right), preferred_element_type=wide(left).dtype).astype(left.dtype)


def kron(left, right):
    """Every element of left times the whole of right, as one block."""
    rank = max(left.ndim, right.ndim)
    left, right = (each.reshape((1,) * (rank - each.ndim) + each.shape) for each in (left, right))
    shape = tuple(one * two for one, two in zip(left.shape, right.shape))
    spread = jnp.expand_dims(left, tuple(range(1, 2 * rank, 2))) * jnp.expand_dims(right, tuple(range(0, 2 * rank, 2)))
    return spread.reshape(shape)


def cross(left, right, axis):
    """The cross product of vectors of three along `axis`."""
    left, right = jnp.broadcast_arrays(left, right)
    forth, back = (lambda array, shift=shift: jnp.roll(array, shift, axis) for shift in (-1, 1))
    return forth(left) * back(right) - back(left) * forth(right)


def cdist(left, right, p, through_product):
    """The p-norm of every difference of a row of left (..., m, k) and one of right (..., n, k)."""
    if p == 2 and through_product:
        squares = jnp.sum(left * left, -1)[..., :, None] + jnp.sum(right * right, -1)[..., None, :]
        apart = squares - 2 * jnp.matmul(left, jnp.swapaxes(right, -1, -2))
        return root(jnp.maximum(apart, 0))
    difference = left[..., :, None, :] - right[..., None, :, :]
    return vector_norm(difference, p, (difference.ndim - 1,), False)


def pdist(rows, p):
    """The p-norm of the difference of every row and each that comes after it."""
    first, second = np.triu_indices(rows.shape[0], 1)
    return vector_norm(rows[first] - rows[second], p, (1,), False)


# ---------------------------------------------------------------- making matrices
def diag_embed(array, offset, dim1, dim2):
    """The last dim laid along a diagonal of two new dims; zeros elsewhere."""
    size = array.shape[-1] + abs(offset)
    padding = [(0, 0)] * (array.ndim - 1) + [(0, abs(offset))]
    lines = jnp.expand_dims(jnp.pad(array, padding), -1 if offset >= 0 else -2)
    matrix = jnp.where(jnp.eye(size, k=offset, dtype=bool), lines, jnp.zeros((), array.dtype))
    return jnp.moveaxis(matrix, (-2, -1), (dim1, dim2))


def vander(array, count, increasing):
    """The powers 0 ... count-1 of each element, along a new last dim."""
    ones = jnp.ones((*array.shape, min(count, 1)), array.dtype)
    factors = jnp.broadcast_to(array[..., None], (*array.shape, max(count - 1, 0)))
    powers = jnp.concatenate([ones, jnp.cumprod(factors, -1, dtype=array.dtype)], -1)
    return powers if increasing else jnp.flip(powers, -1)


def combinations(vector, count, with_replacement):
    """All choices of `count` elements of a vector, one a row."""
    if count == 0:
        return jnp.zeros(0, vector.dtype)
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    index = np.array(list(choose(range(vector.shape[0]), count)), np.int64).reshape(-1, count)
    return vector[index]


def covariance(array, correction, fweights, aweights):
    """The covariance matrix of the rows of `array` (variables, observations), with whole-number and real weights."""
    weights = fweights if aweights is None else aweights if fweights is None else fweights * aweights
    if weights is None:
        total, mean = array.shape[1], jnp.mean(array, 1, keepdims=True)
        freedom = max(total - correction, 0)
    else:
        total = jnp.sum(weights)
        mean = jnp.sum(array * weights, 1, keepdims=True) / total
        used = correction * jnp.sum(weights * aweights) / total if aweights is not None and correction else correction
        freedom = jnp.maximum(total - used, 0)
    apart = array - mean
    weighted = apart if weights is None else apart * weights
    return jnp.matmul(weighted, adjoint(apart)) / jnp.asarray(freedom).astype(array.dtype)


def corrcoef(array):
    """The correlation matrix of the rows, each part clipped to [-1, 1]."""
    matrix = covariance(array, 1, None, None)
    deviation = jnp.sqrt(jnp.diagonal(matrix))
    scaled = matrix / deviation[:, None] / deviation[None, :]
    if jnp.iscomplexobj(scaled):
        return jax.lax.complex(jnp.clip(scaled.real, -1, 1), jnp.clip(scaled.imag, -1, 1))
    return jnp.clip(scaled, -1, 1)


# ---------------------------------------------------------------- triangular factors
def hermitian(matrix, lower=True):
    """The Hermitian matrix in one triangle of `matrix`; its derivative spreads evenly over both triangles."""
    half = jnp.tril(matrix, -1) if lower else jnp.triu(matrix, 1)
    diagonal = jnp.where(jnp.eye(matrix.shape[-1], dtype=bool), matrix.real.astype(matrix.dtype), 0)
    even = (matrix + adjoint(matrix)) / 2
    return even + jax.lax.stop_gradient(half + adjoint(half) + diagonal - even)


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def _lower_factor(matrix, lower):
    """L of L L^H, which is the Hermitian matrix in one triangle of `matrix`."""
    return jax.lax.linalg.cholesky(hermitian(matrix, lower), symmetrize_input=False)


@_lower_factor.defjvp
def _lower_factor_jvp(lower, primals, tangents):
    """L (half of the lower triangle of L^-1 dA L^-H and of its adjoint); of the diagonal the imaginary part stays, as torch has it."""
    factor = _lower_factor(primals[0], lower)
    solved = functools.partial(jax.lax.linalg.triangular_solve, factor, left_side=True, lower=True)
    inner = adjoint(solved(adjoint(solved(tangents[0]))))
    diagonal = jnp.where(jnp.eye(inner.shape[-1], dtype=bool), inner, 0)
    return factor, jnp.matmul(factor, (jnp.tril(inner + adjoint(inner), -1) + diagonal) / 2)


def cholesky(matrix, upper):
    """(factor, info): the triangular factor of a positive definite matrix, and the order of the first minor that is not."""
    factor = _lower_factor(matrix, not upper)
    failed = jnp.any(jnp.isnan(factor), (-2, -1)).astype(jnp.int32)
    return adjoint(factor) if upper else factor, failed


def lu(matrix):
    """(packed factors, pivots from 1, permutation of the rows)."""
    packed, pivots, permutation = jax.lax.linalg.lu(matrix)
    return packed, pivots + 1, permutation


def unpack(packed):
    """(L, U) of packed factors."""
    rows, columns = packed.shape[-2:]
    least = min(rows, columns)
    return jnp.tril(packed[..., :, :least], -1) + jnp.eye(rows, least, dtype=packed.dtype), jnp.triu(packed[..., :least, :])


def permutation_matrix(permutation, dtype):
    """P with P[permutation[i], i] = 1, so that P @ L @ U is the matrix."""
    size = permutation.shape[-1]
    return (permutation[..., None, :] == jnp.arange(size)[:, None]).astype(dtype)


def pivots_to_permutation(pivots, size):
    """The permutation of the rows that these exchanges, counted from 1, make."""
    return jax.lax.linalg.lu_pivots_to_permutation(pivots.astype(jnp.int32) - 1, size)


def first_zero_pivot(packed):
    """The 1-based index of the first zero on the diagonal of U, 0 if there is none."""
    zero = jnp.diagonal(packed, axis1=-2, axis2=-1) == 0
    return jnp.where(jnp.any(zero, -1), jnp.argmax(zero, -1) + 1, 0).astype(jnp.int32) if zero.shape[-1] else jnp.zeros(zero.shape[:-1], jnp.int32)


def solve(matrix, right):
    """X of matrix @ X = right, both with matrices in the last two dims."""
    if 0 in matrix.shape or 0 in right.shape:
        batch = jnp.broadcast_shapes(matrix.shape[:-2], right.shape[:-2])
        return jnp.zeros((*batch, *right.shape[-2:]), right.dtype)
    return jnp.linalg.solve(matrix, right)


def inverse(matrix):
    """The inverse of square matrices."""
    return solve(matrix, jnp.broadcast_to(jnp.eye(matrix.shape[-1], dtype=matrix.dtype), matrix.shape))


def solve_triangular(matrix, right, upper, left, unitriangular):
    """X of matrix @ X = right, or of X @ matrix = right; only one triangle of the matrix is read."""
    batch = jnp.broadcast_shapes(matrix.shape[:-2], right.shape[:-2])
    matrix, right = (jnp.broadcast_to(each, (*batch, *each.shape[-2:])) for each in (matrix, right))
    return jax.lax.linalg.triangular_solve(matrix, right, left_side=left, lower=not upper, unit_diagonal=unitriangular)


@jax.custom_jvp
def cholesky_solve(lower, right):
    """X of L @ L^H @ X = right; the derivative is that of a full L, though one triangle is read, as torch's is."""
    inner = solve_triangular(lower, right, False, True, False)
    return solve_triangular(adjoint(lower), inner, True, True, False)


@cholesky_solve.defjvp
def _(primals, tangents):
    lower, right = primals
    result = cholesky_solve(lower, right)
    half = jnp.matmul(tangents[0], adjoint(lower))
    return result, cholesky_solve(lower, tangents[1] - jnp.matmul(half + adjoint(half), result))


def lu_solve(packed, pivots, right, left=True, conjugated=False):
    """X of A @ X = right (or X @ A, or the adjoint of A) from the factors of A."""
    if not left:
        return adjoint(lu_solve(packed, pivots, adjoint(right), True, not conjugated))
    lower, upper = unpack(packed)
    moves = permutation_matrix(pivots_to_permutation(pivots, packed.shape[-1]), packed.dtype)
    if conjugated:
        inner = solve_triangular(adjoint(upper), right, False, True, False)
        return jnp.matmul(moves, solve_triangular(adjoint(lower), inner, True, True, True))
    inner = solve_triangular(lower, jnp.matmul(adjoint(moves), right), False, True, True)
    return solve_triangular(upper, inner, True, True, False)


def _underivable(function, error):
    """A function that raises `error` where it is to be differentiated."""
    def derivative(primals, tangents):
        raise error
    run = jax.custom_jvp(function)
    run.defjvp(derivative)
    return run


def qr(matrix, mode):
    """(Q, R); mode: 'reduced', 'complete' or 'r' (Q is empty)."""
    rows, columns = matrix.shape[-2:]
    if mode == "r":
        return jnp.zeros(0, matrix.dtype), _upper_factor(matrix)
    if mode == "complete" and rows > columns:
        return _complete_qr(matrix)
    if rows < columns:
        q, r = jnp.linalg.qr(matrix[..., :rows])
        return q, jnp.concatenate([r, jnp.matmul(adjoint(q), matrix[..., rows:])], -1)
    return jnp.linalg.qr(matrix)


_upper_factor = _underivable(lambda matrix: qr(matrix, "reduced")[1], RuntimeError(
    "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. "
    "Please use linalg.qr(A, mode='reduced') if you are going to differentiate through linalg.qr."))
_complete_qr = _underivable(lambda matrix: tuple(jnp.linalg.qr(matrix, "complete")), RuntimeError(
    "The QR decomposition is not differentiable when mode='complete' and nrows > ncols."))


# ---------------------------------------------------------------- spectra
def svd(matrix, full):
    """(U, S, Vh); the columns beyond the rank of a full decomposition have no derivative."""
    rows, columns = matrix.shape[-2:]
    if matrix.size == 0:
        return _empty_svd(matrix, rows, columns, full)
    u, s, vh = jnp.linalg.svd(matrix, full_matrices=False)
    if full and rows != columns:
        more_u, _, more_vh = jnp.linalg.svd(jax.lax.stop_gradient(matrix), full_matrices=True)
        least = min(rows, columns)
        u, vh = jnp.concatenate([u, more_u[..., least:]], -1), jnp.concatenate([vh, more_vh[..., least:, :]], -2)
    return u, s, vh


def _empty_svd(matrix, rows, columns, full):
    batch, least = matrix.shape[:-2], min(rows, columns)
    left, right = (rows, columns) if full else (least, least)
    u, vh = jnp.eye(rows, left, dtype=matrix.dtype), jnp.eye(right, columns, dtype=matrix.dtype)
    return (jnp.broadcast_to(u, (*batch, rows, left)), jnp.zeros((*batch, least), matrix.real.dtype),
            jnp.broadcast_to(vh, (*batch, right, columns)))


def svdvals(matrix):
    """The singular values, largest first."""
    return svd(matrix, False)[1]


def eigh(matrix, lower):
    """(eigenvalues ascending, eigenvectors) of the Hermitian matrix in one triangle."""
    if matrix.size == 0:
        return jnp.zeros(matrix.shape[:-1], matrix.real.dtype), matrix
    return tuple(jnp.linalg.eigh(hermitian(matrix, lower), symmetrize_input=False))


@jax.custom_jvp
def eig(matrix):
    """(eigenvalues, eigenvectors of length 1), complex, of any square matrix."""
    if matrix.size == 0:
        kind = jnp.promote_types(matrix.dtype, jnp.complex64)
        return jnp.zeros(matrix.shape[:-1], kind), matrix.astype(kind)
    return tuple(jnp.linalg.eig(matrix))


@eig.defjvp
def _(primals, tangents):
    values, vectors = eig(*primals)
    inner = jnp.linalg.solve(vectors, jnp.matmul(tangents[0].astype(vectors.dtype), vectors))
    gaps = values[..., None, :] - values[..., :, None]
    same = jnp.eye(values.shape[-1], dtype=bool)
    moved = jnp.matmul(vectors, jnp.where(same, 0, inner / jnp.where(same, 1, gaps)))
    along = jnp.sum(jnp.conj(vectors) * moved, -2, keepdims=True).real
    return (values, vectors), (jnp.diagonal(inner, axis1=-2, axis2=-1), moved - vectors * along)


@jax.custom_jvp
def _pinv(matrix, cutoff):
    """The pseudo-inverse; singular values up to the cutoff (one for each matrix) count as 0."""
    u, s, vh = jnp.linalg.svd(matrix, full_matrices=False)
    counted = s > cutoff[..., None]
    inverted = jnp.where(counted, 1 / jnp.where(counted, s, 1), 0).astype(matrix.dtype)
    return jnp.matmul(adjoint(vh) * inverted[..., None, :], adjoint(u))


@_pinv.defjvp
def _(primals, tangents):
    """Golub and Pereyra, The differentiation of pseudo-inverses (1973)."""
    matrix, moved = primals[0], tangents[0]
    inverse = _pinv(*primals)
    rows, columns = (jnp.eye(size, dtype=matrix.dtype) for size in matrix.shape[-2:])
    left = inverse @ adjoint(inverse) @ adjoint(moved) @ (rows - matrix @ inverse)
    right = (columns - inverse @ matrix) @ adjoint(moved) @ adjoint(inverse) @ inverse
    return inverse, left + right - inverse @ moved @ inverse


def pinv(matrix, atol, rtol, hermitian_input):
    """The pseudo-inverse; singular values up to max(atol, rtol * the largest) count as 0."""
    if matrix.size == 0:
        return jnp.zeros((*matrix.shape[:-2], matrix.shape[-1], matrix.shape[-2]), matrix.dtype)
    matrix = hermitian(matrix) if hermitian_input else matrix
    largest = jnp.max(jnp.linalg.svd(jax.lax.stop_gradient(matrix), compute_uv=False), -1)
    return _pinv(matrix, tolerance(matrix, largest, atol, rtol))


def tolerance(matrix, largest, atol, rtol):
    """Below which a singular value counts as 0: max(atol, rtol * largest), rtol being eps * max(shape) where neither is given."""
    if rtol is None:
        default = jnp.finfo(matrix.dtype).eps * max(matrix.shape[-2:])
        rtol = default if atol is None else jnp.where(jnp.asarray(atol) > 0, 0, default)
    return jnp.maximum(0 if atol is None else atol, rtol * largest).astype(largest.dtype)


def matrix_rank(matrix, atol, rtol, hermitian_input):
    """How many singular values are not 0 within the tolerance."""
    if matrix.size == 0:
        return jnp.zeros(matrix.shape[:-2], jnp.int64)
    values = jnp.abs(eigh(matrix, True)[0]) if hermitian_input else jnp.linalg.svd(matrix, compute_uv=False)
    cutoff = tolerance(matrix, jnp.max(values, -1), atol, rtol)
    return jnp.sum(values > cutoff[..., None], -1, dtype=jnp.int64)


def least_squares(matrix, right, rtol, driver):
    """(solution, residuals, rank, singular values) of the least |matrix @ X - right|; what the driver does not find is empty."""
    solution = jnp.matmul(pinv(matrix, None, rtol, False), right)
    rows, columns = matrix.shape[-2:]
    residuals, rank, singular = jnp.zeros(0, matrix.real.dtype), jnp.zeros(0, jnp.int64), jnp.zeros(0, matrix.real.dtype)
    if driver != "gelsy" and rows > columns:
        apart = jnp.matmul(matrix, solution) - right
        residuals = jnp.sum((jnp.conj(apart) * apart).real, -2)
    if driver != "gels":
        rank = matrix_rank(matrix, None, rtol, False)
    if driver in ("gelsd", "gelss"):
        singular = jax.lax.stop_gradient(svdvals(matrix))
    return solution, residuals, rank, singular


def slogdet(matrix):
    """(sign, log|det|)."""
    if matrix.shape[-1] == 0:
        return jnp.ones(matrix.shape[:-2], matrix.dtype), jnp.zeros(matrix.shape[:-2], matrix.real.dtype)
    return tuple(jnp.linalg.slogdet(matrix))


def householder_product(reflectors, tau):
    """The first columns of the product of the reflections I - tau v v^H, whose v stand below the diagonal."""
    rows, columns = reflectors.shape[-2:]
    place = jnp.arange(rows)

    def reflect(product, step):
        vector = jnp.where(place == step, 1, jnp.where(place > step, jnp.take(reflectors, step, -1), 0))[..., None]
        factor = jnp.take(tau, step, -1)[..., None, None]
        return product - factor * vector * jnp.matmul(adjoint(vector), product), None
    start = jnp.broadcast_to(jnp.eye(rows, columns, dtype=reflectors.dtype), reflectors.shape)
    if reflectors.size == 0 or tau.shape[-1] == 0:
        return start
    return jax.lax.scan(reflect, start, jnp.arange(tau.shape[-1]), reverse=True)[0]


def _reflections(matrix):
    """(R above the diagonal and reflectors below, tau)."""
    turned, tau = jnp.linalg.qr(matrix, "raw")
    return jnp.swapaxes(turned, -1, -2), tau


geqrf = _underivable(_reflections, NotImplementedError("the derivative for 'geqrf' is not implemented."))
