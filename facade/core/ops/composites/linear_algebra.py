"""Linear algebra with a choice to make in Python first: which product, which norm."""

import math
import numpy as np

from facade.core import dtypes
from facade.core.engine import constant
from facade.core.errors import dims_of
from facade.core.ops.binding import as_ints
from facade.core.ops.composites import composite
from facade.core.ops.dispatch import apply
from facade.core.ops.outputs import apply_out, with_out
from facade.core.ops.rows import decompositions, linear_algebra as rows
from facade.core.ops.rows.reduction import VECTOR_NORM
from facade.core.ops.table import ARRAY, Arrays
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn_once


def _listed(tensors):
    """f(a, b) and f([a, b]) alike."""
    return list(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else list(tensors)


# ---------------------------------------------------------------- products
@composite(at="torch Tensor linalg")
def matmul(input, other, *, out=None):
    """The product of matrices, vectors, or batches of matrices that broadcast"""
    if out is not None:
        return apply_out({(1, 1): "dot", (2, 1): "mv"}.get((input.ndim, other.ndim), "mm"), lambda: matmul(input, other), out, (input, other))
    if not (isinstance(input, Tensor) and isinstance(other, Tensor)):
        name, place, wrong = ("other", 2, other) if isinstance(input, Tensor) else ("input", 1, input)
        raise TypeError(f"matmul(): argument '{name}' (position {place}) must be Tensor, not {type(wrong).__name__}")
    left, right = len(input._value.spec.shape), len(other._value.spec.shape)
    if left == 2 and right <= 2 and right:
        row = rows.MM if right == 2 else rows.MATMUL_MV
    elif left == 0 or right == 0:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {left}D and {right}D")
    elif left == right == 1:
        row = rows.MATMUL_DOT
    else:
        row = rows.VECTOR_MATRIX if left == 1 and right == 2 else rows.BATCHED
        if left > 2 >= right and input._value.spec.shape[-1] != other._value.spec.shape[0]:
            _check_unfolded(input, other)
    return apply(row, (ARRAY, ARRAY), (input, other))


def _check_unfolded(input, other):
    """Raise of matrices that do not fit where torch multiplies them one by one: it makes one of all whose rows lie behind each other."""
    shape, strides = input.shape, input.stride()
    is_one = all(strides[dim] == strides[dim + 1] * shape[dim + 1] for dim in range(len(shape) - 2))
    if not (is_one or other.requires_grad or not input.numel()):
        count = math.prod(shape[:-2])
        raise RuntimeError(f"Expected size for first two dimensions of batch2 tensor to be: [{count}, {shape[-1]}] but got: [{count}, {other.shape[0]}].")


@composite(at="torch")
def einsum(*args):
    """Sums of products in Einstein's notation: an equation and tensors, or tensors each followed by its list of subscripts"""
    if len(args) < 2:
        raise ValueError("einsum(): must specify the equation string and at least one operand, "
                         "or at least one operand and its subscripts list")
    if isinstance(args[0], Tensor):
        pairs = args[:len(args) // 2 * 2]
        equation = ",".join(map(_letters, pairs[1::2])) + ("->" + _letters(args[-1]) if len(args) % 2 else "")
        tensors = list(pairs[::2])
    else:
        equation, tensors = args[0], _listed(args[1:])
    return apply(rows.EINSUM, (equation, Arrays(len(tensors))), tuple(tensors))


def _letters(subscripts):
    """A list of numbers below 52 and Ellipsis as text."""
    for each in subscripts:
        if each is not Ellipsis and not 0 <= each < 52:
            raise ValueError(f"einsum(): expected subscripts to be within the range [0, 52), but got {each}")
    return "".join("..." if each is Ellipsis else chr(ord("A") + each) if each < 26 else chr(ord("a") + each - 26) for each in subscripts)


@composite(at="torch")
@with_out
def tensordot(a, b, dims=2):
    """The sum of products over the last dims of a and the first of b, or over the two lists of dims"""
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.ndim, b.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        dims = range(-dims, 0), range(dims)
    first, second = (as_ints(tuple(each) if isinstance(each, (list, tuple, range)) else each) for each in dims)
    if len(first) != len(second):
        raise RuntimeError("both dimension lists should have same length")
    return apply(rows.TENSORDOT, (ARRAY, ARRAY, *_contracted(a, b, first, second)), (a, b))


def _contracted(a, b, first, second):
    first = dims_of(first, a.ndim) if first else ()
    second = dims_of(second, b.ndim) if second else ()
    for one, two in zip(first, second):
        sizes = a.shape[one], b.shape[two]
        if sizes[0] != sizes[1] and 1 not in sizes:
            raise RuntimeError(f"contracted dimensions need to match, but first has size {sizes[0]} in dim {one} "
                               f"and second has size {sizes[1]} in dim {two}")
    return first, second


def _check_factor(ndim, place, last):
    if place in (0, last):
        if ndim not in (1, 2):
            raise RuntimeError(f"multi_dot(): the {'last' if place else 'first'} tensor must be 1D or 2D but got {ndim}D")
    elif ndim != 2:
        raise RuntimeError(f"multi_dot(): tensor {place} must be 2D but got {ndim}D")


@composite(at="linalg")
@with_out
def multi_dot(tensors):
    """The product of several matrices, in the order of the fewest multiplications; the first and the last may be vectors"""
    tensors = list(tensors)
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    for place, each in enumerate(tensors):
        _check_factor(each.ndim, place, len(tensors) - 1)
    first, last = tensors[0], tensors[-1]
    shape = (*first.shape[:-1], *last.shape[1:])
    tensors = [first if first.ndim == 2 else first.unsqueeze(0), *tensors[1:-1], last if last.ndim == 2 else last.unsqueeze(1)]
    for place, (one, two) in enumerate(zip(tensors, tensors[1:])):
        if one.shape[1] != two.shape[0]:
            raise RuntimeError(f"multi_dot(): tensors {place} and {place + 1} with shapes {list(one.shape)} and {list(two.shape)} cannot be multiplied")
    sizes = [*(each.shape[0] for each in tensors), tensors[-1].shape[1]]
    return _chain(tensors, _splits(sizes), 0, len(tensors) - 1).view(shape)


def _splits(sizes):
    """(first, last) -> where the cheapest product of these matrices is cut."""
    count = len(sizes) - 1
    cost, cut = {(place, place): 0 for place in range(count)}, {}
    for length in range(1, count):
        for first in range(count - length):
            last = first + length
            cost[first, last], cut[first, last] = min(
                (cost[first, at] + cost[at + 1, last] + sizes[first] * sizes[at + 1] * sizes[last + 1], at) for at in range(first, last))
    return cut


def _chain(tensors, cut, first, last):
    if first == last:
        return tensors[first]
    at = cut[first, last]
    return matmul(_chain(tensors, cut, first, at), _chain(tensors, cut, at + 1, last))


@composite(at="torch")
@with_out
def chain_matmul(*matrices):
    """The product of several matrices, in the order of the fewest multiplications"""
    matrices = _listed(matrices)
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    for each in matrices:
        if each.ndim != 2:
            raise RuntimeError(f"Tensor dimension is {each.ndim}, expected 2 instead.")
    return matrices[0] if len(matrices) == 1 else multi_dot(matrices)


@composite()
@with_out
def cross(input, other, dim=None):
    """The cross product along a dim, the first of size 3 if none is given"""
    if dim is None:
        dim = next((place for place, extent in enumerate(input.shape) if extent == 3), None)
        if dim is None:
            raise RuntimeError("no dimension of size 3 in input")
        warn_once("Using torch.cross without specifying the dim arg is deprecated.\nPlease either pass the dim explicitly or simply use "
                  "torch.linalg.cross.\nThe default value of dim will change to agree with that of linalg.cross in a future release.")
    return apply(rows.CROSS, (ARRAY, ARRAY, dim), (input, other))


@composite(at="torch")
def cdist(x1, x2, p=2.0, compute_mode="use_mm_for_euclid_dist_if_necessary"):
    """The p-norm distances of the rows of x1 to the rows of x2"""
    through_product = {"use_mm_for_euclid_dist": True, "donot_use_mm_for_euclid_dist": False}.get(compute_mode)
    if through_product is None:
        if compute_mode != "use_mm_for_euclid_dist_if_necessary":
            raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
        through_product = x1.ndim > 1 < x2.ndim and max(x1.shape[-2], x2.shape[-2]) > 25
    return apply(rows.CDIST, (ARRAY, ARRAY, p, through_product), (x1, x2))


# ---------------------------------------------------------------- matrices made of others
@composite()
@with_out
def diag(input, diagonal=0):
    """A vector along a diagonal of a matrix, or a diagonal of a matrix as a vector"""
    if input.ndim not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D")
    if input.ndim == 1:
        return apply(rows.DIAG_EMBED, (ARRAY, diagonal, 0, 1), (input,))
    return apply(rows.DIAGONAL_COPY, (ARRAY, diagonal), (input,))


def _indices(row, col, offset, dtype, find):
    for shown, extent in (("row", row), ("col", col)):
        if extent < 0:
            raise RuntimeError(f"{shown} must be non-negative, got{extent}")
    found = np.stack(find(row, offset, col)).astype((dtype or dtypes.int64).numpy)
    return Tensor._of(constant(found))


@composite(at="torch")
def tril_indices(row, col, offset=0, *, dtype=None, layout=None, device=None, pin_memory=None):
    """The indices (2, n) of the elements on and below a diagonal"""
    return _indices(row, col, offset, dtype, np.tril_indices)


@composite(at="torch")
def triu_indices(row, col, offset=0, *, dtype=None, layout=None, device=None, pin_memory=None):
    """The indices (2, n) of the elements on and above a diagonal"""
    return _indices(row, col, offset, dtype, np.triu_indices)


@composite()
def cov(input, *, correction=1, fweights=None, aweights=None):
    """The covariance matrix of the rows, with optional whole-number and real weights of the columns"""
    count = input.shape[-1] if input.ndim else 1
    for name, weights in (("fweights", fweights), ("aweights", aweights)):
        if weights is not None:
            _check_weights(name, weights, count)
    return apply(rows.COV, (ARRAY, correction, ARRAY, ARRAY), (input, fweights, aweights))


def _check_weights(name, weights, count):
    wanted, shown = (dtypes.INTEGER, "integral") if name == "fweights" else (dtypes.FLOAT, "floating point")
    if weights.ndim > 1:
        raise RuntimeError(f"cov(): expected {name} to have one or fewer dimensions but got {name} with {weights.ndim} dimensions")
    if weights.dtype.category != wanted:
        raise RuntimeError(f"cov(): expected {name} to have {shown} dtype but got {name} with {weights.dtype.legacy} dtype")
    if weights._value.spec.size != count:
        raise RuntimeError(f"cov(): expected {name} to have the same numel as there are observations in the input but got "
                           f"{weights._value.spec.size} != {count}")
    if (weights.numpy_value() < 0).any():
        raise RuntimeError(f"cov(): {name} cannot be negative")


# ---------------------------------------------------------------- norms
MATRIX_ORDERS = (2, -2, 1, -1, float("inf"), float("-inf"))


@composite(at="linalg")
@with_out
def matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None):
    """The norm of matrices: 'fro', 'nuc', 1, -1, 2, -2, inf or -inf"""
    if A.ndim < 2:
        raise RuntimeError("linalg.matrix_norm: The input tensor A must have at least 2 dimensions.")
    if ord not in ("fro", "nuc", *MATRIX_ORDERS):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    if A.dtype.category < dtypes.FLOAT:
        raise RuntimeError(f"linalg.matrix_norm: Expected a floating point or complex tensor as input. Got {A.dtype.legacy}")
    if len(as_ints(dim)) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {' '.join(map(str, as_ints(dim)))}")
    dims = dims_of(as_ints(dim), A.ndim)
    if ord == "fro":
        return vector_norm(A, 2, dims, keepdim, dtype)
    A = A if dtype is None else A.to(dtype)
    return _spectral(A, ord, dims, keepdim) if ord in ("nuc", 2, -2) else _of_sums(A, ord, dims, keepdim)


def vector_norm(input, ord, dim, keepdim, dtype):
    """The row of linalg.vector_norm, called from here."""
    return apply(VECTOR_NORM, (ARRAY, ord, dim, keepdim, dtype), (input,))


def _spectral(A, ord, dims, keepdim):
    """Norms of the singular values."""
    values = apply(decompositions.SVDVALS, (ARRAY, None), (A.movedim(dims, (-2, -1)),))
    result = values.sum(-1) if ord == "nuc" else values.amax(-1) if ord == 2 else values.amin(-1)
    return result.reshape([1 if place in dims else extent for place, extent in enumerate(A.shape)]) if keepdim else result


def _of_sums(A, ord, dims, keepdim):
    """The largest or smallest norm of a column (1, -1) or row (inf, -inf)."""
    along, across = dims if abs(ord) == 1 else dims[::-1]
    sums = vector_norm(A, 1, (along,), keepdim, None)
    across -= not keepdim and along < across
    return sums.amax(across, keepdim) if ord > 0 else sums.amin(across, keepdim)


@composite(at="linalg", name="norm")
@with_out
def _linalg_norm(A, ord=None, dim=None, keepdim=False, *, dtype=None):
    """A vector or matrix norm, as ord and dim say"""
    dims = as_ints(dim)
    if ord is None:
        return vector_norm(A, 2, dims, keepdim, dtype)
    if dims is None and A.ndim not in (1, 2) and not isinstance(ord, str):
        raise RuntimeError(f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D.")
    if dims is not None and len(dims) not in (1, 2):
        raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got [{', '.join(map(str, dims))}]")
    if isinstance(ord, str) or (len(dims) if dims is not None else A.ndim) == 2:
        return matrix_norm(A, ord, (-2, -1) if dims is None else dims, keepdim, dtype=dtype)
    return vector_norm(A, ord, dims, keepdim, dtype)
