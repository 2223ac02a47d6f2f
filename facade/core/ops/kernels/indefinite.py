"""Symmetric and hermitian matrices that need not be definite: A = L D L^T with diagonal pivoting, as LAPACK's sytrf, hetrf, sytrs, hetrs.

D has blocks of one and of two rows. Pivots count from 1: p > 0 in place k means that D has a block of one row there and that rows k and p
were exchanged; -p in places k and k + 1, that it has a block of two and that rows k + 1 and p were.
Source: J. Bunch, L. Kaufman, Some stable methods for calculating inertia and solving symmetric linear systems, Math. Comp. 31 (1977).
"""

import functools
import math

import jax
import jax.numpy as jnp

_ALPHA = (1 + math.sqrt(17)) / 8        # bounds how much elements grow, over a block of one row and of two alike


def _size(array):
    """LAPACK's measure of an element."""
    return jnp.abs(array.real) + jnp.abs(array.imag) if jnp.iscomplexobj(array) else jnp.abs(array)


def _exchanged(array, one, other):
    """The array with two of its rows exchanged."""
    return array.at[one].set(array[other]).at[other].set(array[one])


# ---------------------------------------------------------------- factors
def _choose(rest, at, rows):
    """(whether the block has two rows, the row to exchange, whether the whole column is zero) for the rest of a matrix, from row `at` on."""
    size = _size(rest)
    column = jnp.where(rows > at, size[:, at], 0)
    largest = jnp.argmax(column)
    mine, below = size[at, at], column[largest]
    beside = jnp.max(jnp.where((rows >= at) & (rows != largest), size[largest], 0))
    stays = (mine >= _ALPHA * below) | (mine >= _ALPHA * below * (below / beside)) | (jnp.maximum(mine, below) == 0)
    comes = ~stays & (size[largest, largest] >= _ALPHA * beside)
    return ~stays & ~comes, jnp.where(stays, at, largest), jnp.maximum(mine, below) == 0


def _one(rest, at, rows, conj):
    """(multipliers of row `at`, what they take from the rest) for a block of one row."""
    column = jnp.where(rows > at, rest[:, at], 0)
    scaled = jnp.where(rest[at, at] == 0, 0, column * (1 / jnp.where(rest[at, at] == 0, 1, rest[at, at])))
    return scaled, jnp.zeros_like(scaled), jnp.outer(scaled, conj(column))


def _two(rest, at, rows, conj):
    """The same for a block of two: multipliers of both rows."""
    following = jnp.minimum(at + 1, len(rows) - 1)
    first, second = (jnp.where(rows > at + 1, rest[:, place], 0) for place in (at, following))
    between = rest[following, at]
    scale = jnp.where(between == 0, 1, jnp.abs(between) if conj is jnp.conj else between)
    turn = between / scale
    lower, upper = rest[following, following] / scale, rest[at, at] / scale
    factor = 1 / (lower * upper - 1) / scale
    mixed = factor * (lower * first - turn * second), factor * (upper * second - conj(turn) * first)
    left, right = (jnp.where(rows > at + 1, each, 0) for each in mixed)
    return left, right, jnp.outer(first, conj(left)) + jnp.outer(second, conj(right))


def _factor(matrix, hermitian):
    """One matrix: (packed factors, pivots, the first zero pivot)."""
    size, conj = matrix.shape[-1], jnp.conj if hermitian else lambda array: array
    rows, below = jnp.arange(size), jnp.tril(matrix, -1)

    def own(array):
        """With a real diagonal, which rounding must not take from a hermitian matrix."""
        return jnp.where(rows[:, None] == rows, array.real.astype(array.dtype), array) if hermitian else array
    whole = own(jnp.tril(matrix) + conj(below).T)

    def step(at, state):
        rest, packed, pivots, info, _ = state
        pair, row, is_zero = _choose(rest, at, rows)
        last = at + pair
        rest = _exchanged(_exchanged(rest, last, row).T, last, row).T
        left, right, taken = (jnp.where(pair, two, one) for one, two in zip(_one(rest, at, rows, conj), _two(rest, at, rows, conj)))
        block = (rows >= at) & (rows <= last)
        packed = packed.at[:, at].set(jnp.where(block, rest[:, at], 0) + left)
        beside = jnp.where(rows == last, rest[last, last], 0) + right
        packed = packed.at[:, last].set(jnp.where(pair, beside, packed[:, last]))
        pivots = jnp.where(block, jnp.where(pair, -1 - row, 1 + row), pivots).astype(jnp.int32)
        info = jnp.where(is_zero & (info == 0), at + 1, info).astype(jnp.int32)
        stepped = own(jnp.where((rows > last)[:, None] & (rows > last), rest - taken, rest)), packed, pivots, info, pair
        is_second = state[-1]       # of a block of two, which the step before has dealt with
        return tuple(jnp.where(is_second, old, new) for old, new in zip((*state[:-1], False), stepped))
    start = whole, jnp.zeros_like(whole), jnp.zeros(size, jnp.int32), jnp.int32(0), jnp.bool_(False)
    return jax.lax.fori_loop(0, size, step, start)[1:-1]


def ldl_factor(matrix, hermitian):
    """(factors in the lower triangle, pivots, the first zero pivot or 0) of matrices, of which only the lower triangle is read."""
    size, batch = matrix.shape[-1], matrix.shape[:-2]
    hermitian = hermitian and jnp.iscomplexobj(matrix)
    if not matrix.size:
        return matrix, jnp.zeros(matrix.shape[:-1], jnp.int32), jnp.zeros(batch, jnp.int32)
    packed, pivots, info = jax.vmap(functools.partial(_factor, hermitian=hermitian))(matrix.reshape(-1, size, size))
    return packed.reshape(matrix.shape), pivots.reshape(matrix.shape[:-1]), info.reshape(batch)


# ---------------------------------------------------------------- solving
def _begins_pair(pivots):
    """Which places are the first of a block of two: of a run of negative pivots, the first, third, ..."""
    def step(inside, pivot):
        begins = (pivot < 0) & ~inside
        return begins, begins
    return jax.lax.scan(step, jnp.bool_(False), pivots)[1]


def _solve(packed, pivots, right, hermitian):
    """One system."""
    size, conj = packed.shape[-1], jnp.conj if hermitian else lambda array: array
    rows, begins = jnp.arange(size), _begins_pair(pivots)
    ends = jnp.roll(begins, 1)
    factor = jnp.where(rows[:, None] > rows + begins, packed, 0)        # the multipliers, without the block on the diagonal
    moved = rows + begins                                               # which row a block exchanges, at its first row: its last,
    target = jnp.where(ends, rows, jnp.abs(pivots) - 1)                 # with which; at the second row nothing happens

    def forward(at, values):
        came = _exchanged(values, moved[at], target[at])
        came = came - factor[:, at][:, None] * came[at] - jnp.where(begins[at], factor[:, moved[at]], 0)[:, None] * came[moved[at]]
        return jnp.where(ends[at], values, came)

    def backward(count, values):
        at = size - 1 - count
        values = values.at[at].add(-jnp.sum(conj(factor[:, at])[:, None] * values, 0))
        return _exchanged(values, moved[at], target[at])
    values = jax.lax.fori_loop(0, size, forward, right)
    return jax.lax.fori_loop(0, size, backward, _divided(packed, values, begins, ends, conj))


def _divided(packed, values, begins, ends, conj):
    """The solution of D X = values."""
    diagonal = jnp.diagonal(packed)[:, None]
    between = jnp.where(begins, jnp.diagonal(jnp.roll(packed, -1, 0)), 0)[:, None]      # the element below the diagonal, at the first row
    following, before = (jnp.roll(values, shift, 0) for shift in (-1, 1))
    pair = diagonal * jnp.roll(diagonal, -1, 0) - between * conj(between)
    upper = (jnp.roll(diagonal, -1, 0) * values - conj(between) * following) / jnp.where(begins[:, None], pair, 1)
    lower = (jnp.roll(diagonal, 1, 0) * values - jnp.roll(between, 1, 0) * before) / jnp.where(ends[:, None], jnp.roll(pair, 1, 0), 1)
    alone = values / jnp.where((begins | ends)[:, None], 1, diagonal)
    return jnp.where(begins[:, None], upper, jnp.where(ends[:, None], lower, alone))


def ldl_solve(packed, pivots, right, hermitian):
    """X of A @ X = right, from the factors of A; the batches broadcast."""
    size, columns = right.shape[-2:]
    hermitian = hermitian and jnp.iscomplexobj(packed)
    batch = jnp.broadcast_shapes(packed.shape[:-2], right.shape[:-2])
    if not math.prod((*batch, size, columns)):
        return jnp.zeros((*batch, size, columns), right.dtype)
    spread = [jnp.broadcast_to(array, (*batch, *array.shape[-rank:])).reshape(-1, *array.shape[-rank:])
              for array, rank in ((packed, 2), (pivots, 1), (right, 2))]
    return jax.vmap(functools.partial(_solve, hermitian=hermitian))(*spread).reshape(*batch, size, columns)
