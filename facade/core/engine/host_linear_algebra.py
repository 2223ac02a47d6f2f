"""Factorizations, solves and Fourier transforms: NumPy's where it calls the LAPACK routine that JAX calls too.

What NumPy has not (the LU factors, substitution in triangular systems, products of reflectors) goes column by column, for all
matrices of a batch at once. That is a few microseconds each, so large matrices are left to LAPACK, compiled. So are eigenvectors and
singular vectors in single precision: NumPy finds them in double, where some come out with the other sign (a complex R as well).
"""

import math

import numpy as np

from facade.core.engine.host_types import is_complex, operand

MOST = 256
"""Up to so many columns one after the other (some 5 us each) beat a compile (20 to 60 ms)."""


def lapack(function):
    """A binder for a function of one batch of matrices; where it does not converge, the results are NaN, as JAX's are."""

    def bind(equation):
        evaluate = function(equation)
        return evaluate and (lambda matrices: converged(evaluate, matrices, [variable.aval for variable in equation.outvars]))

    return bind


def converged(evaluate, matrices, avals):
    try:
        results = evaluate(matrices)
    except np.linalg.LinAlgError:
        results = one_by_one(evaluate, matrices, avals)
    return [np.asarray(each, aval.dtype) for each, aval in zip(results, avals)]


def one_by_one(evaluate, matrices, avals):
    results = [np.full(aval.shape, np.nan, aval.dtype) for aval in avals]
    batch = matrices.shape[:-2]
    for index in np.ndindex(batch) if batch else ():
        for filled, each in zip(results, converged(evaluate, matrices[index], [Part(aval, len(batch)) for aval in avals])):
            filled[index] = each
    return results


class Part:
    """What one matrix gives of a batch's result."""

    def __init__(self, aval, dims):
        self.shape, self.dtype = aval.shape[dims:], aval.dtype


def single(binder):
    """The binder of a primitive with one result, from one that returns a list."""

    def bind(equation):
        function = binder(equation)
        return lambda *arguments: function(*arguments)[0]

    return bind


def is_single(equation):
    return operand(equation).dtype in (np.float32, np.complex64)


def cholesky(equation):
    return lambda matrices: [np.linalg.cholesky(matrices)]


def eig(equation):
    parameters = equation.params
    if is_single(equation) or parameters["compute_left_eigenvectors"] or parameters["implementation"] is not None:
        return None
    if parameters["compute_right_eigenvectors"]:
        return np.linalg.eig
    return lambda matrices: [np.linalg.eigvals(matrices)]


def eigh(equation):
    parameters = equation.params
    if is_single(equation) or parameters["subset_by_index"] is not None or parameters["algorithm"] is not None:
        return None
    return lambda matrices: np.linalg.eigh(matrices, "L" if parameters["lower"] else "U")[::-1]


def qr(equation):
    if equation.params["pivoting"] or operand(equation).dtype == np.complex64:
        return None
    mode = "complete" if equation.params["full_matrices"] else "reduced"
    return lambda matrices: np.linalg.qr(matrices, mode)


def svd(equation):
    parameters = equation.params
    if parameters["subset_by_index"] is not None or parameters["algorithm"] is not None:
        return None
    if not parameters["compute_uv"]:
        return lambda matrices: [np.linalg.svd(matrices, compute_uv=False)]
    if is_single(equation):
        return None

    def evaluate(matrices):
        left, values, right = np.linalg.svd(matrices, parameters["full_matrices"])
        return values, left, right

    return evaluate


# ---- column by column


def bind_lu(equation):
    """(The factors in one matrix, for each column the row it was exchanged with, the rows in their new order.)"""
    shape = operand(equation).shape
    if min(shape[-2:]) > MOST:
        return None
    magnitude, batch = manhattan if is_complex(operand(equation).dtype) else np.abs, shape[:-2]

    def run(matrices):
        factors = matrices.reshape(math.prod(batch), *shape[-2:]).copy()
        pivots = eliminate(factors, magnitude)
        order = permutation(pivots, shape[-2])
        return [factors.reshape(shape), pivots.reshape(*batch, pivots.shape[-1]), order.reshape(*batch, shape[-2])]

    return run


def manhattan(column):
    """LAPACK's measure of a complex number where it looks for the largest."""
    return np.abs(column.real) + np.abs(column.imag)


def eliminate(factors, magnitude):
    """Turn matrices (batch, rows, columns) into their factors; the pivots (batch, columns)."""
    batch = np.arange(len(factors))
    pivots = np.empty((len(factors), min(factors.shape[1:])), np.int32)
    for column in range(pivots.shape[1]):
        pivot = column + magnitude(factors[:, column:, column]).argmax(1)
        pivots[:, column] = pivot
        chosen = factors[batch, pivot]
        factors[batch, pivot] = factors[:, column]
        factors[:, column] = chosen
        divisor = np.where(chosen[:, column] == 0, 1, chosen[:, column])
        factors[:, column + 1 :, column] /= divisor[:, None]
        factors[:, column + 1 :, column + 1 :] -= factors[:, column + 1 :, column, None] * chosen[:, None, column + 1 :]
    return pivots


def permutation(pivots, size):
    """The order of so many rows after the exchanges (..., count)."""
    exchanged = pivots.reshape(math.prod(pivots.shape[:-1]), pivots.shape[-1])
    batch = np.arange(len(exchanged))
    order = np.tile(np.arange(size, dtype=np.int32), (len(exchanged), 1))
    for row, other in enumerate(exchanged.T):
        order[batch, row], order[batch, other] = order[batch, other], order[batch, row].copy()
    return order.reshape(*pivots.shape[:-1], size)


def bind_permutation(equation):
    size = equation.params["permutation_size"]
    return lambda pivots: permutation(pivots, size)


def bind_triangular_solve(equation):
    """X of A X = B, or X A = B (``left_side``) as its transpose."""
    parameters = equation.params
    if operand(equation).shape[-1] > MOST:
        return None
    on_left = parameters["left_side"]
    transposed = parameters["transpose_a"] == on_left
    forward = parameters["lower"] != transposed

    def run(matrices, right):
        matrices = np.swapaxes(matrices, -1, -2) if transposed else matrices
        solution = (right if on_left else np.swapaxes(right, -1, -2)).copy()
        substitute(np.conj(matrices) if parameters["conjugate_a"] else matrices, solution, forward, parameters["unit_diagonal"])
        return solution if on_left else np.swapaxes(solution, -1, -2)

    return run


def substitute(matrices, solution, forward, unit):
    """Solve triangular systems in place, from the first row or from the last."""
    size = matrices.shape[-1]
    for row in range(size) if forward else reversed(range(size)):
        known = slice(row) if forward else slice(row + 1, None)
        solution[..., row, :] -= np.matmul(matrices[..., row : row + 1, known], solution[..., known, :])[..., 0, :]
        if not unit:
            solution[..., row, :] /= matrices[..., row, row, None]


def bind_householder(equation):
    """The first columns of the product of the reflectors 1 - tau v v^H, v being a column below the diagonal and 1 on it."""
    shape, count = operand(equation).shape, equation.invars[1].aval.shape[-1]
    if count > MOST:
        return None

    def run(vectors, factors):
        product = np.broadcast_to(np.eye(*shape[-2:], dtype=vectors.dtype), shape).copy()
        for column in reversed(range(count)):
            vector = vectors[..., column:, column].copy()
            vector[..., 0] = 1
            rows = np.matmul(vector.conj()[..., None, :], product[..., column:, :])
            product[..., column:, :] -= factors[..., column, None, None] * vector[..., :, None] * rows
        return product

    return run


# ---- Fourier transforms

TRANSFORMS = {"FFT": np.fft.fftn, "IFFT": np.fft.ifftn, "RFFT": np.fft.rfftn, "IRFFT": np.fft.irfftn}


def bind_fft(equation):
    """Over the last axes, as many as there are lengths."""
    lengths = equation.params["fft_lengths"]
    transform, axes = TRANSFORMS[equation.params["fft_type"].name], range(-len(lengths), 0)
    return lambda array: transform(array, lengths, axes)


LINEAR_ALGEBRA = {
    "cholesky": single(lapack(cholesky)),
    "eig": lapack(eig),
    "eigh": lapack(eigh),
    "fft": bind_fft,
    "householder_product": bind_householder,
    "lu": bind_lu,
    "lu_pivots_to_permutation": bind_permutation,
    "qr": lapack(qr),
    "svd": lapack(svd),
    "triangular_solve": bind_triangular_solve,
}
