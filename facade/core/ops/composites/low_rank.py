"""Singular values of matrices of low rank, found in the image of a few random vectors.

Halko, Martinsson and Tropp, Finding structure with randomness, 2009 (algorithms 4.4 and 5.1): a matrix times q random vectors is
almost sure to span what its q largest singular values act on, and a few multiplications more make it surer.
"""

from facade.core.ops.composites import composite, solvers
from facade.core.ops.dispatch import apply
from facade.core.ops.rows.decompositions import LINALG_EIGH, LINALG_QR, LINALG_SVD
from facade.core.ops.table import ARRAY


@composite(at="torch")
def svd_lowrank(A, q=6, niter=2, M=None):
    """(U, S, V) with U diag(S) V^H near A - M, by q random vectors and niter rounds of multiplication"""
    rows, columns = A.shape[-2:]
    M = None if M is None else M.expand(A.shape)
    if rows < columns:
        V, S, U = _singular(A.mH, q, niter, None if M is None else M.mH)
        return U, S, V
    return _singular(A, q, niter, M)


def _singular(A, q, niter, M):
    basis = _basis(A, q, niter, M)
    U, S, Vh = apply(LINALG_SVD, (ARRAY, False, None), (_times(basis.mH, A, M),))
    return basis.matmul(U), S, Vh.mH


def _times(left, A, M):
    """left (A - M)."""
    return left.matmul(A) if M is None else left.matmul(A) - left.matmul(M)


def _basis(A, q, niter, M):
    """Orthonormal columns that nearly span the image of A - M."""
    def image(matrix, less, vectors):
        product = matrix.matmul(vectors) if less is None else matrix.matmul(vectors) - less.matmul(vectors)
        return apply(LINALG_QR, (ARRAY, "reduced"), (product,))[0]
    adjoint = None if M is None else M.mH
    basis = image(A, M, A.new_empty((A.shape[-1], q)).normal_())
    for _ in range(niter):
        basis = image(A, M, image(A.mH, adjoint, basis))
    return basis


@composite(at="torch")
def pca_lowrank(A, q=None, center=True, niter=2):
    """svd_lowrank of A less the means of its columns (unless it is centered already): its principal components are the columns of V"""
    rows, columns = A.shape[-2:]
    smaller = min(rows, columns)
    q = min(6, smaller) if q is None else q
    if not 0 <= q <= smaller:
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={smaller}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(-2, keepdim=True) if center else A, q, niter)


@composite(at="torch")
def lobpcg(A, k=None, B=None, X=None, n=None, iK=None, niter=None, tol=None, largest=None, method=None, tracker=None, ortho_iparams=None,
           ortho_fparams=None, ortho_bparams=None):
    """(values, vectors): the k largest eigenvalues (or smallest, unless `largest`) of a symmetric A, or of A x = value B x.

    By torch.linalg.eigh, exactly: X is asked for k alone, and what guides the iteration in PyTorch has no effect; vectors may have another sign.
    """
    count = k if k is not None else X.shape[-1] if X is not None else 1
    if A.shape[-2] < 3 * count:
        raise ValueError(f"LOBPCG algorithm is not applicable when the number of A rows (={A.shape[-2]}) is smaller than 3 x the number of requested "
                         f"eigenpairs (={count})")
    lower = None if B is None else solvers._linalg_cholesky(B)
    inverse = None if B is None else solvers.inv(lower)
    values, vectors = apply(LINALG_EIGH, (ARRAY, "L"), (A if B is None else inverse @ A @ inverse.mH,))
    chosen = slice(-count, None) if largest is not False else slice(count)
    values, vectors = values[..., chosen], vectors[..., chosen]
    if largest is not False:
        values, vectors = values.flip(-1), vectors.flip(-1)
    return values, vectors if B is None else inverse.mH @ vectors
