"""Is this derivative right? Held against differences of the function itself (torch.autograd.gradcheck).

A function of complex numbers is checked as two real ones, its imaginary and its real part; the derivative of a real
function s of z = x + iy is ds/dx + i ds/dy. A Jacobian has a row for each element of the input, a column for each of the output.
"""


import numpy as np

from facade.autograd.functions import grad
from facade.autograd.grad_mode import enable_grad
from facade.core import engine
from facade.core.random import streams
from facade.core.random.generator import default_generator
from facade.core.tensor.history import set_requires_grad
from facade.core.tensor.tensor import Tensor, is_floating
from facade.core.tensor.write import write
from facade.core.warn import warn

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]

NOT_REENTRANT = """Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives different values, \
although analytical gradient matches numerical gradient.The tolerance for nondeterminism was {}.

NOTE: If your op relies on non-deterministic operations i.e., it is listed here:
https://pytorch.org/docs/stable/generated/torch.use_deterministic_algorithms.html
this failure might be expected.

If you are adding a new operator, please file an issue and then use one of the
workarounds. The workaround depends on how your test invokes gradcheck/gradgradcheck.
If the test
- manually invokes gradcheck/gradgradcheck, then call gradcheck/gradgradcheck
  with `nondet_tol=<tol>` as a keyword argument.
- is OpInfo-based (e.g., in test_ops_gradients.py), then modify the OpInfo for the test
  to have `gradcheck_nondet_tol=<tol>`.
- is a Module test (e.g., in common_nn.py), then modify the corresponding
  module_test entry to have `gradcheck_nondet_tol=<tol>`
"""


class GradcheckError(RuntimeError):
    """Raised where a derivative is found to be wrong."""


def gradcheck(func, inputs, *, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True, nondet_tol=0.0, check_undefined_grad=True,
              check_grad_dtypes=False, check_batched_grad=False, check_batched_forward_grad=False, check_forward_ad=False,
              check_backward_ad=True, fast_mode=False, masked=None):
    """Compare the derivatives of `func` with differences; True, or GradcheckError (False when raise_exception is off).

    inputs: a tensor or a tuple, float64 where they require grad. eps: half the distance of the two points of a difference; atol, rtol: how far
    the derivative may be from it; nondet_tol: how far two runs backward may differ. fast_mode and the other flags choose what PyTorch
    checks besides; here the full Jacobian is always compared.
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    try:
        inputs = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
        _check_inputs(inputs)
        with engine.uncompiled():
            _Check(func, inputs, eps, atol, rtol, nondet_tol, check_grad_dtypes).run()
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(func, inputs, grad_outputs=None, *, eps=1e-6, atol=1e-5, rtol=1e-3, gen_non_contig_grad_outputs=False, raise_exception=True,
                  nondet_tol=0.0, check_undefined_grad=True, check_grad_dtypes=False, check_batched_grad=False, check_fwd_over_rev=False,
                  check_rev_over_rev=True, fast_mode=False, masked=False):
    """The same for the second derivatives: `gradcheck` of the gradient, as a function of the inputs and of the outputs' gradients.

    grad_outputs: the gradients of the outputs; random ones when not given.
    """
    inputs = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    if grad_outputs is None:
        grad_outputs = tuple(_random_like(each) for each in _differentiable(func(*inputs)))
    grad_outputs = tuple(grad_outputs) if isinstance(grad_outputs, (tuple, list)) else (grad_outputs,)

    def gradient(*everything):
        given, vectors = everything[:len(inputs)], everything[len(inputs):]
        with enable_grad():
            wanted = [each for each in given if isinstance(each, Tensor) and each.requires_grad]
            found = grad(_differentiable(func(*given)), wanted, vectors, create_graph=True, allow_unused=True)
        return tuple(each for each in found if each is not None)
    return gradcheck(gradient, inputs + grad_outputs, eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception, nondet_tol=nondet_tol,
                     check_undefined_grad=check_undefined_grad, check_grad_dtypes=check_grad_dtypes, check_batched_grad=check_batched_grad,
                     fast_mode=fast_mode, masked=masked)


def _random_like(output):
    """Random numbers like an output, that require grad."""
    engine_of_numbers = default_generator.engine
    spec = output._value.spec
    parts = [streams.normal(engine_of_numbers, spec.shape, dtype=np.dtype(np.float64)) for _ in range(1 + output.is_complex())]
    made = Tensor._of(engine.constant(sum(part * unit for part, unit in zip(parts, (1, 1j))).astype(spec.dtype)))
    set_requires_grad(made, True)
    return made


def _differentiable(outputs):
    """The outputs that require grad, as a tuple."""
    return tuple(each for each in (outputs if isinstance(outputs, (tuple, list)) else (outputs,)) if each.requires_grad)


def _check_inputs(inputs):
    """At least one tensor that requires grad, each element in memory of its own; a warning where precision is low."""
    tracked = False
    for place, each in enumerate(inputs):
        if not (isinstance(each, Tensor) and each.requires_grad):
            continue
        if each._value.spec.dtype not in (np.float64, np.complex128):
            warn(f"Input #{place} requires gradient and is not a double precision floating point or complex. This check will likely fail "
                 "if all the inputs are not of double precision floating point or complex. ")
        if any(stride == 0 and extent > 1 for stride, extent in zip(each.strides, each.shape)):
            raise RuntimeError(f"The {place}th input has a dimension with stride 0. gradcheck only supports inputs that are non-overlapping to be "
                               "able to compute the numerical gradients correctly. You should call .contiguous on the input before passing it "
                               "to gradcheck.")
        tracked = True
    if not tracked:
        raise ValueError("gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True.")


class _Check:
    """One function, its inputs and the tolerances."""

    def __init__(self, func, inputs, eps, atol, rtol, nondet_tol, dtypes):
        self.func, self.inputs, self.eps, self.atol, self.rtol = func, inputs, eps, atol, rtol
        self.nondet_tol, self.dtypes = nondet_tol, dtypes
        self.varied = [each for each in inputs if isinstance(each, Tensor) and each.requires_grad and is_floating(each)]

    def run(self):
        """Compare every output with respect to every input."""
        outputs = _differentiable(self.func(*self.inputs))
        if not outputs:
            return self._check_constant()
        if any(each.is_complex() for each in outputs):
            self._compare(outputs, 1j, "While considering the imaginary part of complex outputs only, ")
            self._compare(outputs, 1, "While considering the real part of complex outputs only, ")
        else:
            self._compare(outputs, 1, "")
        self._check_zero(outputs)

    def _compare(self, outputs, direction, where):
        numerical = [self._numerical(each, direction, _differentiable) for each in self.varied]
        for place, output in enumerate(outputs):
            if direction == 1j and not output.is_complex():
                continue
            for index, analytical in enumerate(self._analytical(output, direction)):
                expected = numerical[index][place]
                if not np.allclose(analytical, expected, self.rtol, self.atol):
                    raise GradcheckError(f"{where}Jacobian mismatch for output {place} with respect to input {index},\n"
                                         f"numerical:{_shown(expected)}\nanalytical:{_shown(analytical)}\n")

    # ------------------------------------------------------------ by differences
    def _values(self, direction, chosen):
        """The outputs as flat real arrays: their real parts, or the imaginary ones."""
        arrays = [each.numpy_value().reshape(-1) for each in chosen(self.func(*self.inputs))]
        return [array.imag if direction == 1j else array.real for array in arrays]

    def _numerical(self, tensor, direction, chosen):
        """The Jacobian of each output by `tensor`, whose elements are moved one by one."""
        before = tensor.numpy_value().copy()
        columns = []
        for index in range(before.size):
            slope = self._slope(tensor, before, index, self.eps, direction, chosen)
            if tensor.is_complex():
                imaginary = self._slope(tensor, before, index, 1j * self.eps, direction, chosen)
                slope = [one + 1j * two for one, two in zip(slope, imaginary)]
            columns.append(slope)
        return [np.stack(rows).astype(before.dtype) for rows in zip(*columns)]

    def _slope(self, tensor, before, index, step, direction, chosen):
        around = []
        for moved in (-step, step):
            array = before.copy()
            array.reshape(-1)[index] += moved
            self._put(tensor, array)
            around.append(self._values(direction, chosen))
        self._put(tensor, before)
        return [(above - below) / (2 * self.eps) for below, above in zip(*around)]

    def _put(self, tensor, array):
        """Write behind the version counter's back."""
        write(tensor.data, engine.constant(array))

    def _check_constant(self):
        """Where no output requires grad, none may change with the inputs."""
        for each in self.varied:
            for jacobian in self._numerical(each, 1, lambda outputs: outputs if isinstance(outputs, (tuple, list)) else (outputs,)):
                if jacobian.any():
                    raise GradcheckError("Numerical gradient for function expected to be zero")

    # ------------------------------------------------------------ by backward
    def _analytical(self, output, direction):
        """The Jacobian of one output by each input, found twice."""
        jacobians, again = self._by_backward(output, direction), self._by_backward(output, direction)
        if any(np.abs(one - two).max(initial=0) > self.nondet_tol for one, two in zip(jacobians, again)):
            raise GradcheckError(NOT_REENTRANT.format(self.nondet_tol))
        return jacobians

    def _by_backward(self, output, direction):
        jacobians = [np.zeros((each.numel(), output.numel()), each._value.spec.dtype) for each in self.varied]
        for column in range(output.numel()):
            unit = np.zeros(output.shape, output._value.spec.dtype)
            unit.reshape(-1)[column] = direction
            for jacobian, tensor, found in zip(jacobians, self.varied, self._gradients((output,), (unit,))):
                if found is None:
                    continue
                if self.dtypes and found.dtype != tensor.dtype:
                    raise GradcheckError("Gradient has dtype mismatch. If your test manually calls gradcheck, pass check_grad_dtypes=False.")
                jacobian[:, column] = found.numpy_value().reshape(-1)
        return jacobians

    def _gradients(self, outputs, vectors):
        vectors = [Tensor._of(engine.constant(each)) for each in vectors]
        return grad(outputs, self.varied, vectors, retain_graph=True, allow_unused=True)

    def _check_zero(self, outputs):
        """Zero gradients of the outputs must come back as zeros."""
        zeros = [np.zeros(each.shape, each._value.spec.dtype) for each in outputs]
        if any(found is not None and found.numpy_value().any() for found in self._gradients(outputs, zeros)):
            raise GradcheckError("backward not multiplied by grad_output")


def _shown(array):
    return Tensor._of(engine.constant(np.ascontiguousarray(array)))
