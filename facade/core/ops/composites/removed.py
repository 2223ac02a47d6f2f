"""What PyTorch keeps for old programs only: a question with one answer, and functions it has removed, whose names say what to call instead."""

from facade.core.ops.composites import composite

_BEGIN = "This function was deprecated since version 1.9 and is now removed."


@composite(at="Tensor")
def is_distributed(self):
    """False: tensors have been on one machine since PyTorch 0.1"""
    return False


@composite()
def solve(input, A, *, out=None):
    """Removed: linalg.solve"""
    raise RuntimeError(
        f"{_BEGIN} `torch.solve` is deprecated in favor of `torch.linalg.solve`. `torch.linalg.solve` has its arguments reversed and does not return "
        "the LU factorization.\n\nTo get the LU factorization see `torch.lu`, which can be used with `torch.lu_solve` or `torch.lu_unpack`.\n"
        "X = torch.solve(B, A).solution should be replaced with:\nX = torch.linalg.solve(A, B)")


@composite()
def eig(self, eigenvectors=False, *, e=None, v=None):
    """Removed: linalg.eig"""
    raise RuntimeError(
        f"{_BEGIN} `torch.linalg.eig` returns complex tensors of dtype `cfloat` or `cdouble` rather than real tensors mimicking complex tensors.\n\n"
        "L, _ = torch.eig(A) should be replaced with:\nL_complex = torch.linalg.eigvals(A)\n\nand\n\n"
        "L, V = torch.eig(A, eigenvectors=True) should be replaced with:\nL_complex, V_complex = torch.linalg.eig(A)")


@composite()
def lstsq(input, A, *, out=None):
    """Removed: linalg.lstsq"""
    raise RuntimeError(
        f"{_BEGIN} `torch.lstsq` is deprecated in favor of `torch.linalg.lstsq`.\n`torch.linalg.lstsq` has reversed arguments and does not return the QR "
        "decomposition in the returned tuple (although it returns other information about the problem).\n\nTo get the QR decomposition consider using "
        "`torch.linalg.qr`.\n\nThe returned solution in `torch.lstsq` stored the residuals of the solution in the last m - n columns of the returned value "
        "whenever m > n. In torch.linalg.lstsq, the residuals are in the field 'residuals' of the returned named tuple.\n\n"
        "The unpacking of the solution, as in\nX, _ = torch.lstsq(B, A).solution[:A.size(1)]\nshould be replaced with:\n"
        "X = torch.linalg.lstsq(A, B).solution")


@composite(at="torch")
def matrix_rank(input, tol=None, symmetric=False, *, out=None):
    """Removed: linalg.matrix_rank"""
    raise RuntimeError(f"{_BEGIN}\nPlease use the `torch.linalg.matrix_rank` function instead. The parameter 'symmetric' was renamed in "
                       "`torch.linalg.matrix_rank()` to 'hermitian'.")


@composite()
def symeig(input, eigenvectors=False, upper=True, *, out=None):
    """Removed: linalg.eigh"""
    raise RuntimeError(
        f"{_BEGIN} The default behavior has changed from using the upper triangular portion of the matrix by default to using the lower triangular "
        "portion.\n\nL, _ = torch.symeig(A, upper=upper) should be replaced with:\nL = torch.linalg.eigvalsh(A, UPLO='U' if upper else 'L')\n\nand\n\n"
        "L, V = torch.symeig(A, eigenvectors=True) should be replaced with:\nL, V = torch.linalg.eigh(A, UPLO='U' if upper else 'L')")
