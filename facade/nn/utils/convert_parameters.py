"""Parameters as one vector, and back (torch.nn.utils.convert_parameters)."""

from facade.core.ops import expose
from facade.core.ops.composites.questions import typename_of
from facade.core.tensor.tensor import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]

_cat = expose.namespace("torch")["cat"]


def parameters_to_vector(parameters):
    """All elements of all parameters in a row."""
    return _cat([each.view(-1) for each in parameters])


def vector_to_parameters(vec, parameters):
    """Give the parameters the elements of a vector, one after the other; they share its memory."""
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {typename_of(vec)}")
    start = 0
    for each in parameters:
        each.data = vec[start:start + each.numel()].view_as(each).data
        start += each.numel()
