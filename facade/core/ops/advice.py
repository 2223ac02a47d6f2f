"""What works, but is advised against: PyTorch's sentences, and functions that say theirs at the first call."""

import functools

from facade.core.warn import warn_once

_SOON = "and will be removed in a future PyTorch release."

SENTENCES = {
    "chain_matmul": f"torch.chain_matmul is deprecated {_SOON} Use torch.linalg.multi_dot instead, which accepts a list of two or more tensors "
                    "rather than multiple parameters.",
    "cholesky": f"torch.cholesky is deprecated in favor of torch.linalg.cholesky {_SOON}\nL = torch.cholesky(A)\nshould be replaced with\n"
                "L = torch.linalg.cholesky(A)\nand\nU = torch.cholesky(A, upper=True)\nshould be replaced with\nU = torch.linalg.cholesky(A).mH\n"
                "This transform will produce equivalent results for all valid (symmetric positive definite) inputs.",
    "lu": f"torch.lu is deprecated in favor of torch.linalg.lu_factor / torch.linalg.lu_factor_ex {_SOON}\nLU, pivots = torch.lu(A, compute_pivots)\n"
          "should be replaced with\nLU, pivots = torch.linalg.lu_factor(A, compute_pivots)\nand\n"
          "LU, pivots, info = torch.lu(A, compute_pivots, get_infos=True)\nshould be replaced with\n"
          "LU, pivots, info = torch.linalg.lu_factor_ex(A, compute_pivots)",
    "qr": f"torch.qr is deprecated in favor of torch.linalg.qr {_SOON}\nThe boolean parameter 'some' has been replaced with a string parameter 'mode'.\n"
          "Q, R = torch.qr(A, some)\nshould be replaced with\nQ, R = torch.linalg.qr(A, 'reduced' if some else 'complete')",
    "triangular_solve": "torch.triangular_solve is deprecated in favor of torch.linalg.solve_triangularand will be removed in a future PyTorch release.\n"
                        "torch.linalg.solve_triangular has its arguments reversed and does not return a copy of one of the inputs.\n"
                        "X = torch.triangular_solve(B, A).solution\nshould be replaced with\nX = torch.linalg.solve_triangular(A, B).",
    "index_reduce": "index_reduce() is in beta and the API may change at any time.",
    "range": "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with Python's range builtin. "
             "Instead, use torch.arange, which produces values in [start, end).",
}

COPY_CONSTRUCT = ("To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
                   "sourceTensor.detach().clone().requires_grad_(True), rather than {}(sourceTensor).")
LIST_OF_ARRAYS = ("Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider converting the list to a single "
                   "numpy.ndarray with numpy.array() before converting to a tensor.")
READ_ONLY_ARRAY = ("The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means writing to this tensor will "
              "result in undefined behavior. You may want to copy the array to protect its data or make it writable before converting it to a tensor. "
              "This type of warning will be suppressed for the rest of this program.")
READ_ONLY_BUFFER = ("The given buffer is not writable, and PyTorch does not support non-writable tensors. This means you can write to the underlying "
              "(supposedly non-writable) buffer using the tensor. You may want to copy the buffer to protect its data or make it writable before "
              "converting it to a tensor. This type of warning will be suppressed for the rest of this program.")
BYTE_CONDITION = ("where received a uint8 condition tensor. This behavior is deprecated and will be removed in a future version of PyTorch. Use a "
                  "boolean condition instead.")
SAME_EVEN = "Using padding='same' with even kernel lengths and odd dilation may require a zero-padded copy of the input be created"
NO_FREEDOM = ("{}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor (input numel divided by output numel).")


def warned(name, function):
    """The function, which says this name's sentence at its first call that works; any other function as it is."""
    sentence = SENTENCES.get(name.removesuffix("_"))
    if sentence is None:
        return function

    @functools.wraps(function)
    def call(*args, **names):
        made = function(*args, **names)
        warn_once(sentence)
        return made
    return call
