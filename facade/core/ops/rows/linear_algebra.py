"""Products of vectors and matrices, matrices made of others, decompositions and solvers."""

import math

import jax
import jax.numpy as jnp

from facade.core import dtypes
from facade.core.dtypes import BOOL, FLOAT
from facade.core.errors import broadcast_shapes, dim_range
from facade.core.ops.kernels import linear_algebra as kernels
from facade.core.ops.kernels.einsum import einsum
from facade.core.ops.promotion import COMMON, FLOATING, PLAIN
from facade.core.ops.rows.requirements import dtype_of, reject
from facade.core.ops.table import op

# ---------------------------------------------------------------- what products require


def _same_type(self, other, sentence):
    if self.dtype != other.dtype:
        raise RuntimeError(sentence.format(dtype_of(self).legacy, dtype_of(other).legacy))


def _conformable(left, right):
    """Matrices that can be multiplied."""
    if left[1] != right[0]:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({left[0]}x{left[1]} and {right[0]}x{right[1]})")


def _multipliable(self, mat2):
    """The dtypes that torch's matrix product takes."""
    if self.dtype != mat2.dtype:
        names = (dtype_of(each).c_name for each in (self, mat2))
        raise RuntimeError("expected m1 and m2 to have the same dtype, but got: {} != {}".format(*names))
    reject(self, "addmm_impl_cpu_", (BOOL,))


def _expanded(self, shape):
    """`self` may be added to a result of that shape."""
    if self.ndim > len(shape):
        raise RuntimeError(f"expand({dtype_of(self).legacy}Tensor{{{list(self.shape)}}}, size={list(shape)}): the number of sizes provided "
                           f"({len(shape)}) must be greater or equal to the number of dimensions in the tensor ({self.ndim})")
    for axis in range(-1, -self.ndim - 1, -1):
        if self.shape[axis] not in (1, shape[axis]):
            raise RuntimeError(f"The expanded size of the tensor ({shape[axis]}) must match the existing size ({self.shape[axis]}) at non-singleton "
                               f"dimension {len(shape) + axis}.  Target sizes: {list(shape)}.  Tensor sizes: {list(self.shape)}")


def _blended(self, beta, product, alpha):
    """beta * self + alpha * product, rounded once; a factor that was left out is Python's 1, and beta = 0 hides NaN."""
    dtype, self = self.dtype, self.astype(product.dtype)
    if not isinstance(alpha, int):
        product = product * alpha.astype(product.dtype)
    if not isinstance(beta, int):
        beta = beta.astype(self.dtype)
        self = jnp.where(beta == 0, jnp.zeros((), self.dtype), self * beta)
    return (self + product).astype(dtype)


# ---------------------------------------------------------------- products
def _mm(self, mat2):
    for each, shown in ((self, "self"), (mat2, "mat2")):
        if each.ndim != 2:
            raise RuntimeError(f"{shown} must be a matrix")
    _conformable(self.shape, mat2.shape)
    _multipliable(self, mat2)
    return kernels.product(self, mat2)


def _extent(array, dim):
    """The size of one dim, which is asked for before the rank is looked at."""
    if not array.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return array.shape[dim_range(dim, array.ndim)]


def _check_batches(self, mat2):
    for each, shown in ((self, "batch1"), (mat2, "batch2")):
        if each.ndim != 3:
            raise RuntimeError(f"{shown} must be a 3D tensor")
    if (self.shape[0], self.shape[2]) != mat2.shape[:2]:
        raise RuntimeError(f"Expected size for first two dimensions of batch2 tensor to be: [{self.shape[0]}, {self.shape[2]}] "
                           f"but got: [{mat2.shape[0]}, {mat2.shape[1]}].")
    reject(self, "baddbmm_with_gemm", (BOOL,))


def _bmm(self, mat2):
    _check_batches(self, mat2)
    _same_type(self, mat2, "expected scalar type {} but found {}")
    return kernels.product(self, mat2)


def _check_mv(rank, matrix, vector):
    if matrix.ndim != 2 or vector.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {rank}, {matrix.ndim}, {vector.ndim}")
    if matrix.shape[1] != vector.shape[0]:
        raise RuntimeError(f"size mismatch, got input ({matrix.shape[0]}), mat ({matrix.shape[0]}x{matrix.shape[1]}), vec ({vector.shape[0]})")


def _mv(self, vec):
    _extent(self, 0)
    _check_mv(1, self, vec)
    if self.dtype != vec.dtype:
        one, two = dtype_of(self).legacy, dtype_of(vec).legacy
        raise RuntimeError(f"addmv input tensors must have the same dtype, but got {two}, {one}, and {two}")
    reject(self, "addmv_impl_cpu", (BOOL,))
    return kernels.product(self, vec)


def _dot(self, other):
    if self.ndim != 1 or other.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {self.ndim}D and {other.ndim}D tensors")
    _same_type(self, other, "dot : expected both vectors to have same dtype, but found {} and {}")
    if self.shape != other.shape:
        one, two = self.shape[0], other.shape[0]
        raise RuntimeError(f"inconsistent tensor size, expected tensor [{one}] and src [{two}] to have the same number of elements, "
                           f"but got {one} and {two} elements respectively")
    reject(self, "dot", (BOOL,))
    return kernels.product(self, other)


def _inner(self, other):
    if self.ndim == 0 or other.ndim == 0:
        return self * other
    if self.shape[-1] != other.shape[-1]:
        raise RuntimeError("inner() the last dimension must match on both input tensors but got shapes "
                           f"{list(self.shape)} and {list(other.shape)}")
    if self.ndim == other.ndim == 1:
        _same_type(self, other, "dot : expected both vectors to have same dtype, but found {} and {}")
    _same_type(self, other, "both inputs should have same dtype")
    reject(self, "dot" if self.ndim == other.ndim == 1 else "addmm_impl_cpu_", (BOOL,))
    return kernels.tensordot(self, other, (self.ndim - 1,), (other.ndim - 1,))


def _tensordot(self, other, dims_self, dims_other):
    _same_type(self, other, "both inputs should have same dtype")
    reject(self, "addmm_impl_cpu_", (BOOL,))
    return kernels.tensordot(self, other, dims_self, dims_other)


def _outer(self, vec2):
    for each, shown in ((self, "self"), (vec2, "vec2")):
        if each.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {shown}, but got {each.ndim}-D")
    return kernels.outer(self, vec2)


def _matmul(self, other):
    """At least one operand has more dims than a matrix, or the first is a vector."""
    if other.ndim <= 2:
        rows = math.prod(self.shape[:-1])
        if other.ndim == 1:
            _check_mv(1, jax.ShapeDtypeStruct((rows, self.shape[-1]), self.dtype), other)
        else:
            _conformable((rows, self.shape[-1]), other.shape)
    else:
        batch = broadcast_shapes(self.shape[:-2], other.shape[:-2])
        extent, rows = self.shape[-1], other.shape[-2]
        if extent != rows:
            count = math.prod(batch)
            raise RuntimeError(f"Expected size for first two dimensions of batch2 tensor to be: [{count}, {extent}] "
                               f"but got: [{count}, {rows}].")
    _multipliable(self, other)
    return kernels.product(self, other)


MM = op("mm(Tensor self, Tensor mat2) -> Tensor", _mm, doc="The product of two matrices")
BMM = op("bmm(Tensor self, Tensor mat2) -> Tensor", _bmm, doc="The products of two batches of matrices")
MV = op("mv(Tensor self, Tensor vec) -> Tensor", _mv, doc="A matrix times a vector")
DOT = op("dot(Tensor self, Tensor tensor) -> Tensor", _dot, doc="The sum of the products of two vectors")
MATMUL_MV = op("matmul_mv(Tensor self, Tensor vec) -> Tensor", _mv, at="", node="MvBackward0", doc="mv, as matmul calls it")
MATMUL_DOT = op("matmul_dot(Tensor self, Tensor tensor) -> Tensor", _dot, at="", node="DotBackward0", doc="dot, as matmul calls it")
op("vdot(Tensor self, Tensor other) -> Tensor", lambda self, other: _dot(jnp.conj(self), other), doc="dot, the first vector conjugated")
op("inner(Tensor self, Tensor other) -> Tensor", _inner, node="ViewBackward0", doc="The sum of products over the last dim of both")
for _name in ("outer", "ger"):
    op(f"{_name}(Tensor self, Tensor vec2) -> Tensor", _outer, COMMON, node="MulBackward0", doc="All products of an element of each vector")
VECTOR_MATRIX, BATCHED = (op("matmul(Tensor self, Tensor other) -> Tensor", _matmul, at="", node=_node, doc="The product of batches of matrices")
                          for _node in ("SqueezeBackward4", "UnsafeViewBackward0"))
op("kron(Tensor self, Tensor other) -> Tensor", kernels.kron, COMMON, node="UnsafeViewBackward0", saves="", doc="The Kronecker product")
TENSORDOT = op("tensordot(Tensor self, Tensor other, int[] dims_self, int[] dims_other) -> Tensor", _tensordot, at="", node="ViewBackward0",
               doc="The sum of products over several dims")


def _einsum(equation, tensors):
    for tensor in tensors[1:]:
        _same_type(tensors[0], tensor, "expected scalar type {} but found {}")
    if len(tensors) > 1 and _sums(equation):
        reject(tensors[0], "bmm", (BOOL,))
    return einsum(equation, tensors)


def _sums(equation):
    """Whether a letter of the operands is not in the result."""
    operands, arrow, result = equation.replace(" ", "").partition("->")
    letters = [letter for letter in operands if letter.isalpha()]
    return any(letter not in result if arrow else letters.count(letter) > 1 for letter in letters)


EINSUM = op("einsum(str equation, Tensor[] tensors) -> Tensor", _einsum, at="", node="ViewBackward0", doc="Sums of products in Einstein's notation")


# ---------------------------------------------------------------- products added to something
def _addmm(self, mat1, mat2, beta, alpha):
    for each, shown in ((mat1, "mat1"), (mat2, "mat2")):
        if each.ndim != 2:
            raise RuntimeError(f"{shown} must be a matrix, got {each.ndim}-D tensor")
    _conformable(mat1.shape, mat2.shape)
    _expanded(self, (mat1.shape[0], mat2.shape[1]))
    for other in (mat2, mat1):
        _same_type(self, other, "self and mat2 must have the same dtype, but got {} and {}")
    reject(self, "addmm_impl_cpu_", (BOOL,))
    return _blended(self, beta, kernels.wide_product(mat1, mat2), alpha)


def _addmv(self, mat, vec, beta, alpha):
    _check_mv(self.ndim, mat, vec)
    if self.ndim == 1 and self.shape[0] not in (1, mat.shape[0]):
        raise RuntimeError(f"size mismatch, got input ({self.shape[0]}), mat ({mat.shape[0]}x{mat.shape[1]}), vec ({vec.shape[0]})")
    if not self.dtype == mat.dtype == vec.dtype:
        raise RuntimeError("addmv input tensors must have the same dtype, but got "
                           f"{dtype_of(self).legacy}, {dtype_of(mat).legacy}, and {dtype_of(vec).legacy}")
    reject(self, "addmv_impl_cpu", (BOOL,))
    _expanded(self, mat.shape[:1])
    return _blended(self, beta, kernels.wide_product(mat, vec), alpha)


def _addr(self, vec1, vec2, beta, alpha):
    for each, shown in ((vec1, "vec1"), (vec2, "vec2")):
        if each.ndim != 1:
            raise RuntimeError(f"addr: Expected 1-D argument {shown}, but got {each.ndim}-D")
    _expanded(self, (vec1.shape[0], vec2.shape[0]))
    if self.dtype == bool:
        kept = self if isinstance(beta, int) else self & beta
        return kept | (kernels.outer(vec1, vec2) if isinstance(alpha, int) else kernels.outer(vec1, vec2) & alpha)
    return _blended(self, beta, kernels.outer(vec1, vec2), alpha)


def _baddbmm(self, batch1, batch2, beta, alpha):
    _expanded(self, (_extent(batch1, 0), _extent(batch1, 1), _extent(batch2, 2)))
    _check_batches(batch1, batch2)
    _same_type(batch1, batch2, "expected scalar type {} but found {}")
    _same_type(self, batch1, "Input dtypes must be the same, got: input: {}, batch1: {}")
    return _blended(self, beta, kernels.wide_product(batch1, batch2), alpha)


def _addbmm(self, batch1, batch2, beta, alpha):
    _expanded(self, (_extent(batch1, 1), _extent(batch2, 2)))
    _check_batches(batch1, batch2)
    for other in (batch2, batch1):
        _same_type(self, other, "self and mat2 must have the same dtype, but got {} and {}")
    return _blended(self, beta, kernels.wide_product(batch1, batch2).sum(0), alpha)


def _no_fractions(self, vec1, vec2, beta, alpha):
    """Whole numbers are not scaled by fractions."""
    whole = all(dtype_of(each).category < FLOAT for each in (self, vec1, vec2))
    for name, factor in (("beta", beta), ("alpha", alpha)):
        if whole and factor is float:
            raise RuntimeError(f"For integral input tensors, argument {name} must not be a floating point number.")


for _line, _function, _kind, _doc in (
        ("addmm(Tensor self, Tensor mat1, Tensor mat2", _addmm, PLAIN, "beta * self + alpha * (mat1 @ mat2)"),
        ("addmv(Tensor self, Tensor mat, Tensor vec", _addmv, PLAIN, "beta * self + alpha * (mat @ vec)"),
        ("addr(Tensor self, Tensor vec1, Tensor vec2", _addr, COMMON, "beta * self + alpha * outer(vec1, vec2)"),
        ("baddbmm(Tensor self, Tensor batch1, Tensor batch2", _baddbmm, PLAIN, "beta * self + alpha * (batch1 @ batch2)"),
        ("addbmm(Tensor self, Tensor batch1, Tensor batch2", _addbmm, PLAIN, "beta * self + alpha * the sum of batch1 @ batch2 over the batch")):
    op(f"{_line}, *, Scalar beta=1, Scalar alpha=1) -> Tensor", _function, _kind, inplace=True, doc=_doc,
       check=_no_fractions if _kind is COMMON else None)


# ---------------------------------------------------------------- cross products and distances
def _cross(name):
    def cross(self, other, dim):
        if self.ndim != other.ndim:
            raise RuntimeError(f"{name}: inputs must have the same number of dimensions.")
        dim = dim_range(dim, self.ndim)
        if self.shape[dim] != 3 or other.shape[dim] != 3:
            raise RuntimeError(f"{name}: inputs dimension {dim if dim != self.ndim - 1 else -1} must have length 3. "
                               f"Got {self.shape[dim]} and {other.shape[dim]}")
        broadcast_shapes(self.shape, other.shape)
        reject(self, "cross", (BOOL,))
        return kernels.cross(self, other, dim)
    return cross


def _check_cross(self, other, dim):
    if self.dtype != other.dtype and len(self.shape) == len(other.shape):
        _same_type(self, other, "expected scalar type {} but found {}")


CROSS = op("cross(Tensor self, Tensor other, *, int dim=-1) -> Tensor", _cross("linalg.cross"), COMMON, at="linalg", node="LinalgCrossBackward0",
           check=_check_cross,
           doc="The cross product of vectors of three along a dim")


def _need_real(array, sentence):
    if dtype_of(array).category != FLOAT:
        raise RuntimeError(sentence.format(dtype_of(array).legacy))


def _check_cdist(x1, x2, p, through_product):
    for each, shown in ((x1, "X1"), (x2, "X2")):
        _need_real(each, f"cdist only supports floating-point dtypes, {shown} got: {{}}")
        if len(each.shape) < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {shown} got: {len(each.shape)}D")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}")
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    reject(x1, "cdist", names=("float16", "bfloat16"))
    broadcast_shapes(x1.shape[:-2], x2.shape[:-2])


CDIST = op("cdist(Tensor x1, Tensor x2, float p, bool through_product) -> Tensor", kernels.cdist, COMMON, at="", check=_check_cdist,
           doc="The distances of rows of x1 to rows of x2")


def _pdist(self, p):
    if self.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {self.ndim}D")
    _need_real(self, "pdist only supports floating-point dtypes")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    reject(self, "pdist", names=("float16", "bfloat16"))
    return kernels.pdist(self, p)


op("pdist(Tensor self, float p=2.) -> Tensor", _pdist, at="torch nn.functional", node="PdistBackward0", saves="self result",
   out=False, doc="The p-norm distances between all pairs of rows")


# ---------------------------------------------------------------- matrices made of others
def _triangle(name, function):
    def triangle(self, diagonal):
        if self.ndim < 2:
            raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
        return function(self, diagonal)
    return triangle


def _diag_embed(self, offset, dim1, dim2):
    one, two = (dim_range(dim, self.ndim + 1) for dim in (dim1, dim2))
    if one == two:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return kernels.diag_embed(self, offset, one, two)


def _trace(self):
    if self.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {self.ndim}")
    reject(self, "trace", (BOOL,))
    diagonal = jnp.diagonal(self)
    return jnp.sum(diagonal, dtype=self.dtype if dtype_of(self).category >= FLOAT else jnp.int64)


def _vander(x, N, increasing):
    if x.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    if N is not None and N < 0:
        raise RuntimeError("N must be non-negative.")
    return kernels.vander(_powers_of(x), x.shape[0] if N is None else N, increasing)


def _linalg_vander(x, N):
    if N is not None and N <= 1:
        raise RuntimeError("N must be greater than 1.")
    if x.dtype == bool or x.dtype.itemsize == 2 and dtype_of(x).category == FLOAT:
        raise RuntimeError(f"linalg.vander supports floating point, complex, and integer tensors, but got {dtype_of(x).legacy}")
    x = jnp.atleast_1d(x)
    return kernels.vander(_powers_of(x), x.shape[-1] if N is None else N, True)


def _powers_of(x):
    return x.astype(jnp.int64) if dtype_of(x).category < FLOAT else x


for _name, _function, _doc in (("tril", jnp.tril, "What lies on and below a diagonal, zeros above"),
                               ("triu", jnp.triu, "What lies on and above a diagonal, zeros below")):
    op(f"{_name}(Tensor self, int diagonal=0) -> Tensor", _triangle(_name, _function), inplace=True, doc=_doc)
DIAG_EMBED = op("diag_embed(Tensor self, int offset=0, int dim1=-2, int dim2=-1) -> Tensor", _diag_embed, out=False,
                doc="The last dim laid along a diagonal")
op("diagflat(Tensor self, int offset=0) -> Tensor", lambda self, offset: kernels.diag_embed(self.reshape(-1), offset, 0, 1),
   node="DiagEmbedBackward0", out=False, doc="All elements along a diagonal")
DIAGONAL_COPY = op("diag(Tensor self, int diagonal=0) -> Tensor", jnp.diagonal, at="", node="DiagonalBackward0_copy", doc="A diagonal of a matrix")
op("trace(Tensor self) -> Tensor", _trace, out=False, doc="The sum of the diagonal")
op("vander(Tensor x, int? N=None, bool increasing=False) -> Tensor", _vander, at="torch", node="FlipBackward0",
   out=False, saves="x result", doc="The powers of each element, a row for each")
op("vander(Tensor x, *, int? N=None) -> Tensor", _linalg_vander, at="linalg", node="CatBackward0",
   out=False, doc="The powers of each element along a new last dim, from 0 up")


# ---------------------------------------------------------------- statistics
def _cov(self, correction, fweights, aweights):
    if self.ndim > 2:
        raise RuntimeError(f"cov(): expected input to have two or fewer dimensions but got an input with {self.ndim} dimensions")
    if dtype_of(self).category == BOOL:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    array = self if dtype_of(self).category >= FLOAT else self.astype(dtypes.get_default_dtype().numpy)
    real = array.real.dtype
    fweights, aweights = (each if each is None else each.astype(real) for each in (fweights, aweights))
    return jnp.squeeze(kernels.covariance(jnp.atleast_2d(array), correction, fweights, aweights))


def _corrcoef(self):
    matrix = kernels.corrcoef(jnp.atleast_2d(self))
    return matrix if self.ndim == 2 else jnp.squeeze(matrix)


def _check_corrcoef(self):
    if len(self.shape) > 2:
        raise RuntimeError(f"corrcoef(): expected input to have two or fewer dimensions but got an input with {len(self.shape)} dimensions")
    if self.dtype == bool:
        raise RuntimeError("cov(): bool dtype is not supported for input")


COV = op("cov(Tensor self, *, int correction=1, Tensor? fweights=None, Tensor? aweights=None) -> Tensor", _cov, at="", node="SqueezeBackward0",
         doc="The covariance matrix of the rows")
op("corrcoef(Tensor self) -> Tensor", _corrcoef, FLOATING, node="ClampBackward1", check=_check_corrcoef,
   out=False, saves="", doc="The matrix of Pearson's correlations of the rows")
