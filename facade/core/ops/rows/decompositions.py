"""Determinants, solvers, factorisations and spectra of matrices (torch.linalg)."""

import jax
import jax.numpy as jnp

from facade.core.dtypes import BOOL, FLOAT, INTEGER
from facade.core.errors import broadcast_shapes
from facade.core.ops.kernels import indefinite, linear_algebra as kernels
from facade.core.ops.rows.requirements import axes_of, dtype_of, need_floating, reject
from facade.core.ops.supported import EXACT
from facade.core.ops.table import op


# ---------------------------------------------------------------- what is required of a matrix
def matrices(array, name, letter="A"):
    """At least two dims."""
    if array.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor {letter} must have at least 2 dimensions.")


def square(array, name, letter="A"):
    """Square matrices."""
    matrices(array, name, letter)
    rows, columns = array.shape[-2:]
    if rows != columns:
        raise RuntimeError(f"{name}: {letter} must be batches of square matrices, but they are {rows} by {columns} matrices")


# What torch finds first where it does not look at the precision: the kernel that it has not.
_KERNELS = {"linalg.det": "lu_cpu", "linalg.solve": "lu_cpu", "linalg.cholesky": "cholesky_cpu", "linalg.qr": "geqrf_cpu", "linalg.svd": "linalg_svd_cpu",
            "linalg.eigh": "linalg_eigh_cpu", "linalg.eig": "linalg_eig_out_cpu", "linalg.eigvals": "linalg_eig_out_cpu"}


def precise(array, name):
    """Single or double precision, real or complex."""
    if name == "linalg.eigh":
        reject(array, _KERNELS[name], EXACT)
    need_floating(array, "Unknown Complex ScalarType for {}" if name in ("linalg.eig", "linalg.eigvals") else
                  f"{name}: Expected a floating point or complex tensor as input. Got {{}}")
    if array.dtype.itemsize == 2:
        if name in _KERNELS:
            reject(array, _KERNELS[name], names=("float16", "bfloat16"))
        raise RuntimeError(f"{name}: Low precision dtypes not supported. Got {dtype_of(array).legacy}")


def _checked(name, shape, function):
    """`function` after the checks of shape and precision of its first argument."""
    def checked(array, *rest):
        shape(array, name)
        precise(array, name)
        return function(array, *rest)
    return checked


# ---------------------------------------------------------------- determinants
def _det(array):
    return jnp.linalg.det(array) if array.shape[-1] else jnp.ones(array.shape[:-2], array.dtype)


def _logdet(array):
    sign, logarithm = kernels.slogdet(array)
    if jnp.iscomplexobj(array):
        return logarithm + jnp.log(sign)
    return jnp.where(sign < 0, jnp.nan, logarithm)


_slogdet = _checked("linalg.slogdet", square, kernels.slogdet)
op("det(Tensor A) -> Tensor", _checked("linalg.det", square, _det), at="linalg", node="LinalgDetBackward0", doc="The determinant", saves="A result")
op("det(Tensor self) -> Tensor", _checked("linalg.det", square, _det), node="LinalgDetBackward0", out=False,
   doc="The determinant", saves="self result")
op("logdet(Tensor self) -> Tensor", _checked("logdet", square, _logdet), node="WhereBackward0",
   out=False, doc="The logarithm of the determinant, NaN where it is negative")
op("slogdet(Tensor A) -> (Tensor sign, Tensor logabsdet)", _slogdet, at="linalg", node="LinalgSlogdetBackward0",
   saves="A sign", doc="The sign of the determinant and the logarithm of its size")
op("slogdet(Tensor self) -> (Tensor sign, Tensor logabsdet)", _slogdet, node="LinalgSlogdetBackward0",
   saves="self sign", doc="The sign of the determinant and the logarithm of its size")


# ---------------------------------------------------------------- solvers
def _inv_ex(array, check_errors):
    return kernels.inverse(array), kernels.first_zero_pivot(kernels.lu(jax.lax.stop_gradient(array))[0])


def is_vector(matrix, right):
    """Whether `right` is a batch of vectors for these matrices."""
    return right.ndim == 1 or matrix.ndim - 1 == right.ndim and right.shape == matrix.shape[:-1]


def _solve_ex(array, right, left, check_errors):
    if array.dtype != right.dtype:
        raise RuntimeError("linalg.solve: Expected A and B to have the same dtype, but found A of type "
                           f"{dtype_of(array).legacy} and B of type {dtype_of(right).legacy} instead")
    vector = is_vector(array, right)
    sides = right[..., None] if vector else right
    _check_sides("linalg.solve", array, sides, left or vector)
    solved = kernels.solve(array, sides) if left or vector else kernels.adjoint(kernels.solve(kernels.adjoint(array), kernels.adjoint(sides)))
    return (solved[..., 0] if vector else solved), kernels.first_zero_pivot(kernels.lu(jax.lax.stop_gradient(array))[0])


def _check_sides(name, array, right, left):
    if right.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor B must have at least 2 dimensions.")
    if array.shape[-2] != right.shape[-2 if left else -1]:
        raise RuntimeError(f"{name}: Incompatible shapes of A and B for the equation {'AX = B' if left else 'XA = B'} "
                           f"({array.shape[-2]}x{array.shape[-1]} and {right.shape[-2]}x{right.shape[-1]})")
    broadcast_shapes(array.shape[:-2], right.shape[:-2])


def _same_dtype(right, array):
    """The older solvers' demand."""
    if right.dtype != array.dtype:
        raise RuntimeError("Expected b and A to have the same dtype, but found b of type "
                           f"{dtype_of(right).legacy} and A of type {dtype_of(array).legacy} instead.")


def _check_older(name, right, array):
    """What the older solvers ask of a square matrix and its right side, one after the other."""
    _same_dtype(right, array)
    rows, columns = array.shape[-2:]
    if rows != columns:
        raise RuntimeError(f"A must be batches of square matrices, but they are {rows} by {columns} matrices")
    if columns != right.shape[-2]:
        raise RuntimeError(f"Incompatible matrix sizes for {name}: each A matrix is {columns} by {columns} but each b matrix is "
                           f"{right.shape[-2]} by {right.shape[-1]}")
    broadcast_shapes(array.shape[:-2], right.shape[:-2])


def _need_kernel(array, kernel):
    """torch's LAPACK kernels know single and double precision."""
    reject(array, kernel, (BOOL, INTEGER), ("float16", "bfloat16"))


def _solve_triangular(array, right, upper, left, unitriangular):
    square(array, "linalg.solve_triangular")
    _check_sides("linalg.solve_triangular", array, right, left)
    _need_kernel(array, "triangular_solve_cpu")
    right = (right.real if right.dtype.kind == "c" != array.dtype.kind else right).astype(array.dtype)
    return kernels.solve_triangular(array, right, upper, left, unitriangular)


def _triangular_solve(right, array, upper, transpose, unitriangular):
    for name, each in (("b", right), ("A", array)):
        if each.ndim < 2:
            raise RuntimeError(f"torch.triangular_solve: Expected {name} to have at least 2 dimensions, but it has {each.ndim} dimensions instead")
    _check_older("triangular_solve", right, array)
    _need_kernel(array, "triangular_solve_cpu")
    turned = jnp.swapaxes(array, -1, -2) if transpose else array
    return kernels.solve_triangular(turned, right, upper != transpose, True, unitriangular), array


def _check_pivots(packed, pivots):
    if not pivots.ndim:
        raise IndexError("Dimension specified as -1 but tensor has no dimensions")
    if pivots.shape[-1] != packed.shape[-1]:
        raise RuntimeError("linalg.lu_solve: Number of pivots per batch should be same as the dimension of the matrix")
    if pivots.shape != packed.shape[:-1]:
        raise RuntimeError("linalg.lu_solve: Expected LU.shape[:-1] and pivots.shape to be the same, but got pivots with shape "
                           f"{list(pivots.shape)} instead")


def _lu_solve(packed, pivots, right, left, adjoint):
    need_floating(packed, "torch.linalg.lu_solve: Expected a floating point or complex tensor as input. Got {}")
    if packed.dtype != right.dtype:
        raise RuntimeError("linalg.lu_solve: Expected LU and B to have the same dtype, but found LU of type "
                           f"{dtype_of(packed).legacy} and B of type {dtype_of(right).legacy} instead")
    if pivots.dtype != jnp.int32:
        raise RuntimeError("linalg.lu_solve: pivots should be a Tensor of scalar type torch.int32")
    square(packed, "linalg.lu_solve")
    _check_pivots(packed, pivots)
    _check_sides("linalg.lu_solve", packed, right, left)
    _need_kernel(packed, "linalg.lu_solve_cpu")
    return kernels.lu_solve(packed, pivots, right, left, adjoint)


def _cholesky_solve(right, factor, upper):
    for name, each in (("b", right), ("u", factor)):
        if each.ndim < 2:
            raise RuntimeError(f"{name} should have at least 2 dimensions, but has {each.ndim} dimensions instead")
    _check_older("cholesky_solve", right, factor)
    _need_kernel(factor, "cholesky_solve_cpu")
    return kernels.cholesky_solve(kernels.adjoint(factor) if upper else factor, right)


def _cholesky_inverse(factor, upper):
    square(factor, "cholesky_inverse")
    _need_kernel(factor, "cholesky_inverse_out_cpu")
    return kernels.cholesky_solve(kernels.adjoint(factor) if upper else factor,
                                  jnp.broadcast_to(jnp.eye(factor.shape[-1], dtype=factor.dtype), factor.shape))


INV_EX = op("inv_ex(Tensor A, *, bool check_errors=False) -> (Tensor inverse, Tensor info)", _checked("linalg.inv", square, _inv_ex), at="linalg",
            node="LinalgInvExBackward0", saves="inverse", doc="The inverse, and the first zero pivot (0 if there is none)")
SOLVE_EX = op("solve_ex(Tensor A, Tensor B, *, bool left=True, bool check_errors=False) -> (Tensor result, Tensor info)",
              _checked("linalg.solve", square, _solve_ex), at="linalg", node="LinalgSolveExBackward0",
              doc="X of A @ X = B, and the first zero pivot (0 if there is none)", saves="A result")
op("solve_triangular(Tensor self, Tensor B, *, bool upper, bool left=True, bool unitriangular=False) -> Tensor", _solve_triangular, at="linalg",
   node="LinalgSolveTriangularBackward0", doc="X of A @ X = B for a triangular A", saves="self result")
op("triangular_solve(Tensor self, Tensor A, bool upper=True, bool transpose=False, bool unitriangular=False) "
   "-> (Tensor solution, Tensor cloned_coefficient)",
   _triangular_solve, saves="self A solution", doc="X of A @ X = self for a triangular A, and A")
op("lu_solve(Tensor LU, Tensor pivots, Tensor B, *, bool left=True, bool adjoint=False) -> Tensor", _lu_solve, at="linalg",
   node="LinalgLuSolveBackward0", saves="LU pivots result", doc="X of A @ X = B from the factors of A")
op("lu_solve(Tensor self, Tensor LU_data, Tensor LU_pivots) -> Tensor", lambda self, packed, pivots: _lu_solve(packed, pivots, self, True, False),
   node="LinalgLuSolveBackward0", saves="LU_data LU_pivots result", doc="X of A @ X = self from the factors of A")
op("cholesky_solve(Tensor self, Tensor input2, bool upper=False) -> Tensor", _cholesky_solve,
   doc="X of A @ X = self from the Cholesky factor of A", saves="self input2 result")
op("cholesky_inverse(Tensor self, bool upper=False) -> Tensor", _cholesky_inverse,
   doc="The inverse of a matrix from its Cholesky factor", saves="self result")


# ---------------------------------------------------------------- factorisations
def _qr(array, mode):
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'")
    return kernels.qr(array, mode)


def _factored(function):
    """`function` after the checks of a matrix that is to be factored."""
    def factored(array, pivot, *rest):
        if array.ndim < 2:
            raise RuntimeError(f"torch.lu_factor: Expected tensor with 2 or more dimensions. Got size: {list(array.shape)} instead")
        if not pivot:
            raise RuntimeError("linalg.lu_factor: LU without pivoting is not implemented on the CPU")
        _need_kernel(array, "lu_cpu")
        return function(array, pivot, *rest)
    return factored


def _lu_factors(array, pivot):
    packed, _, permutation = kernels.lu(array)
    return kernels.permutation_matrix(permutation, array.dtype), *kernels.unpack(packed)


def _lu_factor_ex(array, pivot, check_errors):
    packed, pivots, _ = kernels.lu(array)
    return packed, pivots, kernels.first_zero_pivot(packed)


def _lu_unpack(packed, pivots, unpack_data, unpack_pivots):
    if pivots.dtype != jnp.int32:
        raise RuntimeError("torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.\n"
                           "Note: this function is intended to be used with the output produced by torch.linalg.lu_factor")
    if packed.ndim < 2:
        raise RuntimeError(f"torch.lu_unpack: Expected tensor with 2 or more dimensions. Got size: {list(packed.shape)} instead")
    nothing = jnp.zeros(0, packed.dtype)
    lower, upper = kernels.unpack(packed) if unpack_data else (nothing, nothing)
    moves = kernels.permutation_matrix(kernels.pivots_to_permutation(pivots, packed.shape[-2]), packed.dtype) if unpack_pivots else nothing
    return moves, lower, upper


def _check_householder(input, tau):
    """Raise unless there is a factor for each of so many reflections."""
    name = "torch.linalg.householder_product"
    if input.ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    if input.shape[-2] < input.shape[-1]:
        raise RuntimeError(f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if not tau.ndim:
        raise IndexError("Dimension specified as -1 but tensor has no dimensions")
    if input.shape[-1] < tau.shape[-1]:
        raise RuntimeError(f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    if input.ndim != tau.ndim + 1:
        raise RuntimeError(f"{name}: Expected tau to have one dimension less than input, but got tau.ndim equal to {tau.ndim} "
                           f"and input.ndim is equal to {input.ndim}")
    if tau.shape[:-1] != input.shape[:-2]:
        raise RuntimeError(f"{name}: Expected batch dimensions of tau to be equal to input.shape[:-2], but got {list(tau.shape[:-1])}")
    if input.dtype != tau.dtype:
        raise RuntimeError(f"{name}: tau dtype {dtype_of(tau).legacy} does not match input dtype {dtype_of(input).legacy}")


def _householder(reflections, factors):
    _check_householder(reflections, factors)
    _need_kernel(reflections, "orgqr_cpu")
    return kernels.householder_product(reflections, factors)


def _check_ormqr(input, tau, other, side):
    for name, each in (("input", input), ("other", other)):
        if each.ndim < 2:
            raise RuntimeError(f"torch.ormqr: {name} must have at least 2 dimensions.")
    if other.shape[side] != input.shape[-2]:
        raise RuntimeError(f"torch.ormqr: other.shape[{side}] must be equal to input.shape[-2]")
    if tau.shape[-1] != min(other.shape[side], input.shape[-1]):
        raise RuntimeError(f"torch.ormqr: tau.shape[-1] must be equal to min(other.shape[{side}], input.shape[-1])")
    for name, each, rank, relation in (("tau", tau, input.ndim - 1, "one dimension less than"),
                                       ("other", other, input.ndim, "the same number of dimensions as")):
        if each.ndim != rank:
            raise RuntimeError(f"torch.ormqr: Expected {name} to have {relation} input, but got {name}.ndim equal to {each.ndim} "
                               f"and input.ndim is equal to {input.ndim}")
        batch = each.shape[:input.ndim - 2]
        if batch != input.shape[:-2]:
            raise RuntimeError(f"torch.ormqr: Expected batch dimensions of {name} to be equal to input.shape[:-2], but got {list(batch)}")
        if each.dtype != input.dtype:
            raise RuntimeError(f"torch.ormqr: Expected input and {name} to have the same dtype, but input has dtype{dtype_of(input).legacy} "
                               f"and {name} has dtype {dtype_of(each).legacy}")
    _need_kernel(input, "ormqr_cpu")


def _ormqr(reflections, factors, other, left, transpose):
    """The product with all columns of Q, which reflections of length 0 fill up."""
    _check_ormqr(reflections, factors, other, -2 if left else -1)
    rows, columns = reflections.shape[-2:]
    padding = [*[(0, 0)] * (reflections.ndim - 1), (0, max(rows - columns, 0))]
    orthogonal = kernels.householder_product(jnp.pad(reflections, padding)[..., :rows], factors)
    orthogonal = kernels.adjoint(orthogonal) if transpose else orthogonal
    return kernels.product(orthogonal, other) if left else kernels.product(other, orthogonal)


def _geqrf(array):
    if array.ndim < 2:
        raise RuntimeError("torch.geqrf: input must have at least 2 dimensions.")
    _need_kernel(array, "geqrf_cpu")
    return kernels.geqrf(array)


CHOLESKY_EX = op("cholesky_ex(Tensor self, *, bool upper=False, bool check_errors=False) -> (Tensor L, Tensor info)",
                 _checked("linalg.cholesky", square, lambda array, upper, check_errors: kernels.cholesky(array, upper)), at="linalg",
                 node="LinalgCholeskyExBackward0",
                 saves="L", doc="The Cholesky factor, and the order of the first minor that is not positive (0 if there is none)")
LINALG_QR = op("qr(Tensor A, str mode=\"reduced\") -> (Tensor Q, Tensor R)", _checked("linalg.qr", matrices, _qr), at="linalg",
               node="LinalgQrBackward0",
               saves="Q R", doc="Orthonormal columns times an upper triangle")
op("qr(Tensor self, bool some=True) -> (Tensor Q, Tensor R)",
   _checked("linalg.qr", matrices, lambda array, some: _qr(array, "reduced" if some else "complete")), node="LinalgQrBackward0",
   saves="Q R", doc="Orthonormal columns times an upper triangle")
LU = op("lu(Tensor A, *, bool pivot=True) -> (Tensor P, Tensor L, Tensor U)", _factored(_lu_factors), at="",
        node="LinalgLuBackward0", saves="P L U", doc="A permutation, a lower and an upper triangle whose product is A")
LU_FACTOR_EX = op("lu_factor_ex(Tensor A, *, bool pivot=True, bool check_errors=False) -> (Tensor LU, Tensor pivots, Tensor info)",
                  _factored(_lu_factor_ex), at="linalg", node="LinalgLuFactorExBackward0",
                  saves="LU pivots", doc="Both triangles in one matrix, the exchanges of rows, and the first zero pivot")
LU_UNPACK = op("lu_unpack(Tensor LU_data, Tensor LU_pivots, bool unpack_data=True, bool unpack_pivots=True) -> (Tensor P, Tensor L, Tensor U)",
               _lu_unpack, at="", doc="The factors that lu_factor packed into one matrix")
op("householder_product(Tensor input, Tensor tau) -> Tensor", _householder, at="linalg", node="LinalgHouseholderProductBackward0",
   doc="The first columns of a product of reflections", saves="input tau result")
op("orgqr(Tensor self, Tensor input2) -> Tensor", _householder, node="LinalgHouseholderProductBackward0",
   doc="The first columns of a product of reflections", saves="self input2 result")
op("ormqr(Tensor self, Tensor input2, Tensor input3, bool left=True, bool transpose=False) -> Tensor", _ormqr,
   doc="A matrix times the orthogonal factor of a QR decomposition, which its reflections give", saves="self input2 input3 result")
op("geqrf(Tensor self) -> (Tensor a, Tensor tau)", _geqrf, node="GeqrfBackward0",
   doc="The reflections of a QR decomposition")


# ---------------------------------------------------------------- spectra
def _svd(self, some, compute_uv):
    if not compute_uv:
        u, v = (jnp.zeros((*self.shape[:-2], size, size), self.dtype) for size in self.shape[-2:])
        return u, kernels.svdvals(self), v
    u, s, vh = kernels.svd(self, not some)
    return u, s, kernels.adjoint(vh)


def _triangle_named(name, function):
    def spectrum(array, UPLO):
        if UPLO.upper() not in ("L", "U"):
            raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
        return function(array, UPLO.upper() == "L")
    return _checked(name, square, spectrum)


LINALG_SVD = op("svd(Tensor A, bool full_matrices=True, *, str? driver=None) -> (Tensor U, Tensor S, Tensor Vh)",
                _checked("linalg.svd", matrices, lambda array, full, driver: kernels.svd(array, full)), at="linalg", node="LinalgSvdBackward0",
                saves="U S Vh", doc="Orthonormal columns, singular values and orthonormal rows whose product is A")
op("svd(Tensor self, bool some=True, bool compute_uv=True) -> (Tensor U, Tensor S, Tensor V)", _checked("linalg.svd", matrices, _svd),
   node="LinalgSvdBackward0", saves="U S V", doc="U, the singular values and V of self = U diag(S) V^H")
SVDVALS = op("svdvals(Tensor A, *, str? driver=None) -> Tensor", _checked("linalg.svd", matrices, lambda array, driver: kernels.svdvals(array)),
             at="linalg", node="LinalgSvdBackward0", saves="result", doc="The singular values, largest first")
LINALG_EIGH = op("eigh(Tensor self, str UPLO=\"L\") -> (Tensor eigenvalues, Tensor eigenvectors)", _triangle_named("linalg.eigh", kernels.eigh),
                 at="linalg", node="LinalgEighBackward0", saves="eigenvalues eigenvectors",
                 doc="The eigenvalues, ascending, and eigenvectors of a Hermitian matrix")
op("eigvalsh(Tensor self, str UPLO=\"L\") -> Tensor", _triangle_named("linalg.eigh", lambda array, lower: kernels.eigh(array, lower)[0]),
   at="linalg", node="LinalgEighBackward0", saves="result", doc="The eigenvalues of a Hermitian matrix, ascending")
op("eig(Tensor self) -> (Tensor eigenvalues, Tensor eigenvectors)", _checked("linalg.eig", square, kernels.eig), at="linalg",
   node="LinalgEigBackward0", saves="self eigenvalues eigenvectors", doc="The eigenvalues and eigenvectors of a square matrix")
op("eigvals(Tensor self) -> Tensor", _checked("linalg.eigvals", square, lambda array: kernels.eig(array)[0]), at="linalg", node="LinalgEigBackward0",
   saves="result", doc="The eigenvalues of a square matrix")


# ---------------------------------------------------------------- rank and pseudo-inverse
def _number(value, array):
    """A tolerance given as a number or array, in the real dtype of the matrix."""
    return value if value is None else jnp.asarray(value, array.real.dtype)


def _pinv(array, atol, rtol, hermitian):
    if array.ndim < 2 or dtype_of(array).category < FLOAT or array.dtype.itemsize == 2:
        raise RuntimeError(f"linalg.pinv({dtype_of(array).legacy}{{{list(array.shape)}}}): expected a tensor with 2 or more dimensions of float, double, "
                           "cfloat or cdouble types")
    return kernels.pinv(array, _number(atol, array), _number(rtol, array), hermitian)


def _matrix_rank(array, atol, rtol, hermitian):
    return kernels.matrix_rank(array, _number(atol, array), _number(rtol, array), hermitian)


for _name, _function, _first, _more in (
        ("pinv", _pinv, "rcond", {"node": "LinalgPinvBackward0", "saves": "self result", "doc": "The pseudo-inverse"}),
        ("matrix_rank", _matrix_rank, "tol", {"differentiable": False, "doc": "How many singular values are not 0"})):
    _checks = _function if _name == "pinv" else _checked(f"linalg.{_name}", matrices, _function)
    _matrix = "self" if _name == "pinv" else "input"
    op(f"{_name}.atol_rtol_float(Tensor self, *, float? atol=None, float? rtol=None, bool hermitian=False) -> Tensor", _checks, at="linalg", **_more)
    op(f"{_name}.atol_rtol_tensor(Tensor {_matrix}, *, Tensor? atol=None, Tensor? rtol=None, bool hermitian=False) -> Tensor", _checks,
       at="linalg", **_more)
    _relative = (lambda array, rcond, hermitian, run=_checks: run(array, None, rcond, hermitian)) if _name == "pinv" else \
        (lambda array, tol, hermitian, run=_checks: run(array, tol, 0.0, hermitian))
    op(f"{_name}(Tensor self, float {_first}, bool hermitian=False) -> Tensor", _relative, at="linalg", **_more)
    op(f"{_name}.{_first}_tensor(Tensor {_matrix}, Tensor {_first}, bool hermitian=False) -> Tensor", _relative, at="linalg", **_more)
op("pinverse(Tensor self, float rcond=1e-15) -> Tensor",
   lambda array, rcond: _pinv(array, None, rcond, False), node="LinalgPinvBackward0",
   out=False, doc="The pseudo-inverse", saves="self result")


def _lstsq(array, right, rcond, driver):
    if not right.ndim:
        raise RuntimeError("torch.linalg.lstsq: other must have at least 1 dimension.")
    if not 0 <= array.ndim - right.ndim <= 1:
        raise RuntimeError("torch.linalg.lstsq: input.dim() must be greater or equal to other.dim() and (input.dim() - other.dim()) <= 1")
    vector = array.ndim == right.ndim + 1 and is_vector(array, right)
    sides = right[..., None] if vector else right
    if array.dtype != right.dtype:
        raise RuntimeError(f"torch.linalg.lstsq: Expected input and other to have the same dtype, but got input's dtype {dtype_of(array).legacy} "
                           f"and other's dtype {dtype_of(right).legacy}")
    if array.shape[-2] != sides.shape[-2]:
        raise RuntimeError("torch.linalg.lstsq: input.size(-2) should match other.size(-1)" if vector else
                           "torch.linalg.lstsq: input.size(-2) should match other.size(-2)")
    solution, *rest = kernels.least_squares(array, sides, _number(rcond, array), driver)
    return (solution[..., 0] if vector else solution), *rest


LSTSQ = op("lstsq(Tensor self, Tensor b, float? rcond=None, *, str driver) -> (Tensor solution, Tensor residuals, Tensor rank, Tensor singular_values)",
           _checked("torch.linalg.lstsq", matrices, _lstsq), at="",
           node="LinalgLstsqBackward0", doc="The least squares solution and what it says of A")


# ---------------------------------------------------------------- functions of a matrix
def _matrix_exp(array):
    square(array, "linalg.matrix_exp")
    need_floating(array, "linalg.matrix_exp: Expected a floating point or complex tensor as input. Got {}")
    wide = array.astype(jnp.float32) if array.dtype.itemsize == 2 else array
    return jax.scipy.linalg.expm(wide).astype(array.dtype) if array.size else array


op("matrix_exp(Tensor self) -> Tensor", _matrix_exp, at="torch Tensor linalg", node="LinalgMatrixExpBackward0", out=False,
   doc="The exponential of a matrix")


def _vecdot(x, y, dim):
    need_floating(x, "linalg.vecdot: Expected a floating point or complex tensor as input. Got {}")
    if x.dtype != y.dtype:
        raise RuntimeError(f"linalg.vecdot: Expected x and y to have the same dtype, but found x of type {dtype_of(x).legacy} "
                           f"and y of type {dtype_of(y).legacy} instead")
    broadcast_shapes(x.shape, y.shape)
    products = jnp.conj(x) * y
    return jnp.sum(products, axes_of(dim, products), dtype=x.dtype)


op("vecdot(Tensor x, Tensor y, *, int dim=-1) -> Tensor", _vecdot, at="linalg", node="SumBackward1", doc="The dot products along a dim, x conjugated")


# ---------------------------------------------------------------- indefinite matrices
def _check_indefinite(array, name):
    square(array, name)
    need_floating(array, f"{name}: Expected a floating point or complex tensor as input. Got {{}}")


def _ldl_factor(array, hermitian):
    _check_indefinite(array, "torch.linalg.ldl_factor_ex")
    _need_kernel(array, "ldl_factor_kernel_cpu")
    return indefinite.ldl_factor(array, hermitian)


def _ldl_solve(packed, pivots, right, hermitian):
    name = "torch.linalg.ldl_solve"
    _check_indefinite(packed, name)
    if right.ndim < 2:
        raise IndexError(f"Dimension out of range (expected to be in range of [-1, 0], but got {-2})")
    if packed.shape[-2] != right.shape[-2]:
        raise RuntimeError(f"Incompatible matrix sizes for {name}: each A matrix is {packed.shape[-1]} by {packed.shape[-1]} but each b matrix is "
                           f"{right.shape[-2]} by {right.shape[-1]}")
    _same_dtype(right, packed)
    if pivots.shape != packed.shape[:-1]:
        raise RuntimeError(f"{name}: Expected LD.shape[:-1] and pivots.shape to be the same, but got pivots with shape {list(pivots.shape)} instead")
    if pivots.dtype.kind not in "iu":
        raise RuntimeError(f"{name}: Expected pivots to be integers. Got {dtype_of(pivots).legacy}")
    broadcast_shapes(right.shape[:-2], packed.shape[:-2])
    _need_kernel(packed, "ldl_solve_kernel_cpu")
    return indefinite.ldl_solve(packed, pivots, right, hermitian)


LDL_FACTOR_EX = op("ldl_factor_ex(Tensor self, *, bool hermitian=False) -> (Tensor LD, Tensor pivots, Tensor info)", _ldl_factor, at="",
                   node="NotImplemented", doc="The factors of a symmetric matrix, the exchanges of rows, and the first zero pivot")
op("ldl_solve(Tensor LD, Tensor pivots, Tensor B, *, bool hermitian=False) -> Tensor", _ldl_solve, at="linalg", node="NotImplemented",
   doc="X of A @ X = B from the factors of a symmetric A")
