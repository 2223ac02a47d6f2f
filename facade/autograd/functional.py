"""Derivatives of functions as arrays: Jacobians, Hessians, and their products with vectors (torch.autograd.functional).

All take `func` of one or several tensors, `inputs` (a tensor or a tuple of them), and two flags. create_graph: the results can
be differentiated again. strict: an output that does not depend on an input is an error instead of a zero derivative.
"""

import numpy as np

from facade.autograd import batched
from facade.autograd.functions import grad
from facade.autograd.grad_mode import enable_grad
from facade.core import engine
from facade.core.ops.composites.combining import stack
from facade.core.tensor.history import set_requires_grad
from facade.core.tensor.tensor import Tensor

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

HESSIAN_FREE = ("While computing the hessian, found that the jacobian of the user-provided function with respect to input {} is independent of the "
                "input. This is not allowed in strict mode. You should ensure that your function is twice differentiable and that the jacobian "
                "depends on the inputs (this would be violated by a linear function for example).")
OUTPUT_FREE = ("Output {} of the user-provided function does not require gradients. The outputs must be computed in a differentiable manner "
               "from the input when running in strict mode.")
FREE = {"back": "The output of the user-provided function is independent of input {}. This is not allowed in strict mode.",
        "trick": "The gradient with respect to the input is independent of entry {} in the grad_outputs when using the double backward trick to "
                 "compute forward mode gradients. This is not allowed in strict mode.",
        "twice": "The jacobian of the user-provided function is independent of input {}. This is not allowed in strict mode."}
CONSTANT = "The {} of the user-provided function is independent of input {}. This is not allowed in strict mode when create_graph=True."


# ---------------------------------------------------------------- checks
def _tupled(given, what, caller):
    """(a tuple of tensors, whether it was one); TypeError in torch's words for anything else."""
    is_tuple = isinstance(given, tuple)
    elements = given if is_tuple else (given,)
    for place, each in enumerate(elements):
        if not isinstance(each, Tensor):
            found = f"value at index {place}" if is_tuple else f"given {what}"
            raise TypeError(f"The {what} given to {caller} must be either a Tensor or a tuple of Tensors but the {found} has type {type(each)}.")
    return elements, is_tuple


def _check_depends(tensors, text, strict):
    for place, each in enumerate(tensors):
        if strict and not each.requires_grad:
            raise RuntimeError(text.format(place))


def _check_vector(vector, like, is_tuple):
    """The vector must have the shapes of what it is multiplied with."""
    if len(vector) != len(like):
        raise RuntimeError(f"v is a tuple of invalid length: should be {len(like)} but got {len(vector)}." if is_tuple else
                           "The given v should contain a single Tensor.")
    for place, (each, other) in enumerate(zip(vector, like)):
        if each.shape != other.shape:
            raise RuntimeError(f"{f'Entry {place} in ' if is_tuple else ''}v has invalid size: should be {other.shape} but got {each.shape}.")


# ---------------------------------------------------------------- the parts that all share
def _fresh(tensors, create_graph, tracked=True):
    """Handles on the inputs that gradients can be taken with respect to."""
    made = []
    for each in tensors:
        each = each.view_as(each) if create_graph else each.detach()
        if tracked and not each.requires_grad:
            set_requires_grad(each, True)
        made.append(each)
    return tuple(made)


def _plain(results, create_graph):
    """The results, without their history unless it is wanted."""
    if isinstance(results, tuple):
        return tuple(_plain(each, create_graph) for each in results)
    return results if create_graph else results.detach()


def _untupled(results, is_tuple):
    return results if is_tuple else results[0]


def _gradients(outputs, inputs, vectors=None, create_graph=False):
    """One gradient for each input, None where no output depends on it."""
    vectors = (None,) * len(outputs) if vectors is None else vectors
    used = [(output, vector) for output, vector in zip(outputs, vectors) if output.requires_grad]
    if not used:
        return (None,) * len(inputs)
    outputs, vectors = zip(*used)
    return grad(outputs, inputs, vectors, retain_graph=True, create_graph=create_graph, allow_unused=True)


def _filled(gradients, like, strict, create_graph, stage):
    """The gradients with zeros for None, which strict mode refuses."""
    results = []
    for place, (gradient, other) in enumerate(zip(gradients, like)):
        if strict and gradient is None:
            raise RuntimeError(FREE[stage].format(place))
        if strict and create_graph and not gradient.requires_grad:
            raise RuntimeError(CONSTANT.format("hessian" if stage == "twice" else "jacobian", place))
        results.append(other.new_zeros(other.shape) if gradient is None else gradient)
    return tuple(results)


def _outputs(func, inputs, caller, strict):
    """(outputs, whether they are a tuple) of the user's function."""
    outputs, is_tuple = _tupled(func(*inputs), "outputs of the user-provided function", caller)
    _check_depends(outputs, OUTPUT_FREE, strict)
    return outputs, is_tuple


def _single(func, inputs, caller, strict):
    """The outputs of a function that must be scalar."""
    outputs, is_tuple = _outputs(func, inputs, caller, strict)
    if is_tuple:
        raise RuntimeError(f"The function given to {caller} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {caller} should contain a single element")
    return outputs


def _vector(v, inputs, is_tuple, caller):
    """The vector that multiplies from the inputs' side; None where a one stands for it."""
    if v is not None:
        vector, _ = _tupled(v, "v", caller)
        vector = tuple(each.detach() if not each.requires_grad else each for each in vector)
        _check_vector(vector, inputs, is_tuple)
        return vector
    if len(inputs) != 1 or inputs[0].numel() != 1:
        raise RuntimeError("The vector v can only be None if the input to the user-provided function is a single Tensor with a single element.")
    return None


# ---------------------------------------------------------------- products
def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(inputs), the product of `v` with the Jacobian): one sweep backward.

    v: a tensor, or a tuple, of the outputs' shapes; may be None for one output of one element.
    """
    with enable_grad():
        inputs, is_tuple = _tupled(inputs, "inputs", "vjp")
        inputs = _fresh(inputs, create_graph)
        outputs, outputs_tuple = _outputs(func, inputs, "vjp", strict)
        if v is not None:
            v, _ = _tupled(v, "v", "vjp")
            _check_vector(v, outputs, outputs_tuple)
        elif len(outputs) != 1 or outputs[0].numel() != 1:
            raise RuntimeError("The vector v can only be None if the user-provided function returns a single Tensor with a single element.")
        product = _filled(_gradients(outputs, inputs, v, create_graph), inputs, strict, create_graph, "back")
    return _untupled(_plain(outputs, create_graph), outputs_tuple), _untupled(_plain(product, create_graph), is_tuple)


def jvp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(inputs), the product of the Jacobian with `v`), by differentiating the vector-Jacobian product by its vector.

    v: a tensor, or a tuple, of the inputs' shapes; may be None for one input of one element.
    """
    with enable_grad():
        inputs, is_tuple = _tupled(inputs, "inputs", "jvp")
        inputs = _fresh(inputs, create_graph)
        v = _vector(v, inputs, is_tuple, "jvp")
        outputs, outputs_tuple = _outputs(func, inputs, "jvp", strict)
        vectors = _fresh([each.new_zeros(each.shape) for each in outputs], False)
        gradients = _filled(_gradients(outputs, inputs, vectors, True), inputs, strict, create_graph, "back")
        product = _filled(_gradients(gradients, vectors, v, create_graph), outputs, strict, create_graph, "trick")
    return _untupled(_plain(outputs, create_graph), outputs_tuple), _untupled(_plain(product, create_graph), outputs_tuple)


def _hessian_product(func, inputs, v, create_graph, strict, caller):
    with enable_grad():
        inputs, is_tuple = _tupled(inputs, "inputs", caller)
        inputs = _fresh(inputs, create_graph)
        v = _vector(v, inputs, is_tuple, caller)
        outputs = _single(func, inputs, caller, strict)
        jacobians = _filled(_gradients(outputs, inputs, None, True), inputs, strict, False, "back")
        _check_depends(jacobians, HESSIAN_FREE, strict)
        product = _filled(_gradients(jacobians, inputs, v, create_graph), inputs, strict, create_graph, "twice")
    return _plain(outputs, create_graph)[0], _untupled(_plain(product, create_graph), is_tuple)


def vhp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(inputs), the product of `v` with the Hessian) of a function with one number as its result."""
    return _hessian_product(func, inputs, v, create_graph, strict, "vhp")


def hvp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(inputs), the product of the Hessian with `v`): the same as `vhp`, for the Hessian is symmetric."""
    return _hessian_product(func, inputs, v, create_graph, strict, "hvp")


# ---------------------------------------------------------------- whole matrices
def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode"):
    """The derivative of every element of the outputs by every element of the inputs.

    A tensor of shape (*output, *input); for a tuple of inputs or outputs a tuple, outputs first. vectorize: without effect on the result.
    strategy: 'forward-mode' wants vectorize=True, as in PyTorch.
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs than inputs, '
                             '"forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".')
    if strategy == "forward-mode" and not vectorize:
        raise NotImplementedError("Computing Jacobian using forward-AD or forward-over-reverse Hessian isonly implemented for `vectorize=True`.")
    with enable_grad():
        inputs, is_tuple = _tupled(inputs, "inputs", "jacobian")
        inputs = _fresh(inputs, create_graph)
        outputs, outputs_tuple = _outputs(func, inputs, "jacobian", strict)
        if strict and vectorize:
            raise RuntimeError("torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. "
                               "Please either set `strict=False` or `vectorize=False`.")
        blocks = tuple(_rows(place, output, inputs, create_graph, strict) for place, output in enumerate(outputs))
    blocks = _plain(blocks, create_graph)
    return _untupled(tuple(_untupled(row, is_tuple) for row in blocks), outputs_tuple)


def _rows(place, output, inputs, create_graph, strict):
    """The derivatives of one output by each input."""
    if output.is_complex():
        raise RuntimeError(f"grad can be implicitly created only for real scalar outputs but got {output.dtype!r}")
    units = np.eye(output.numel(), dtype=output._value.spec.dtype).reshape(output.numel(), *output.shape)
    columns = _by_units(output, inputs, units, create_graph)
    for index, column in enumerate(columns):
        if strict and column is None:
            raise RuntimeError(f"Output {place} of the user-provided function is independent of input {index}. This is not allowed in strict mode.")
    empty = [each.new_zeros((len(units), *each.shape)) for each in inputs]
    return tuple(column.view(output.shape + each.shape) for column, each in zip(_filled(columns, empty, strict, create_graph, "back"), inputs))


def _by_units(output, inputs, units, create_graph):
    """The gradients of one output from each of the units, stacked; None for an input on which it does not depend."""
    if not output.requires_grad:
        return (None,) * len(inputs)
    found = batched.gradients((output,), inputs, (_constant(units),), create_graph) if len(units) > 1 else None
    if found is not None:
        return found
    rows = [_gradients((output,), inputs, (_constant(each),), create_graph) for each in units] or [[]]
    return [None if column[0] is None else stack(column) for column in zip(*rows)] or stack(())


def _constant(array):
    return Tensor._of(engine.constant(array))


def hessian(func, inputs, create_graph=False, strict=False, vectorize=False, outer_jacobian_strategy="reverse-mode"):
    """The second derivatives of a function with one number as its result.

    A tensor of shape (*input, *input); for a tuple of inputs a tuple of tuples.
    """
    inputs, is_tuple = _tupled(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def first(*current):
        found = jacobian(lambda *at: _single(func, at, "hessian", strict)[0].reshape(()), current, create_graph=True)
        _check_depends(found, HESSIAN_FREE, strict)
        return found
    blocks = jacobian(first, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)
    return _untupled(tuple(_untupled(row, is_tuple) for row in blocks), is_tuple)
