"""A step of an optimizer: one pure function a rule, and one recorded operation a group.

A *rule* is the mathematics for one parameter, on arrays: `(param, grad, *state, **options) -> (param, *state)`. A state that does
not exist yet comes as None, and the rule says how it begins. What a step needs beside the rule is derived from the options: flags
are compiled in, numbers are leaves (a changing learning rate compiles nothing), tensors are inputs through which gradients can flow.
"""

import jax
import jax.numpy as jnp
import numpy as np

from facade.core import engine
from facade.core.ops.kernels.pointwise import in_float32, is_complex
from facade.core.ops.kernels.pointwise import lerp as lerp_array
from facade.core.shapes import is_dense
from facade.core.tensor.history import make_node, node_class
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor
from facade.core.tensor.write import check_writable, write
from facade.optim._counting import advance, new_step, step_dtype


# ---------------------------------------------------------------- arithmetic of rules
def plus(array, other, factor):
    """array + factor * other in the array's dtype; in half precision the factor is rounded, and then the sum."""
    return _plus(array, other, factor.astype(array.dtype))


@in_float32
def _plus(array, other, factor):
    return array + other * factor


@in_float32
def times(array, factor):
    """array * factor in the array's dtype."""
    return array * factor.astype(array.dtype)


@in_float32
def over(array, divisor):
    """array / divisor in the array's dtype."""
    return array / divisor.astype(array.dtype)


@in_float32
def shifted(array, number):
    """array + number in the array's dtype."""
    return array + number.astype(array.dtype)


@in_float32
def lerp(start, end, weight):
    """The point between start and end at `weight`, in the dtype of `start`."""
    return lerp_array(start, end, weight.astype(start.dtype))


@in_float32
def plus_product(array, one, other, factor=None):
    """array + factor * one * other in the array's dtype."""
    return array + (one if factor is None else factor.astype(array.dtype) * one) * other


@in_float32
def plus_quotient(array, dividend, divisor, factor=None):
    """array + factor * dividend / divisor in the array's dtype."""
    return array + (dividend if factor is None else factor.astype(array.dtype) * dividend) / divisor


root = in_float32(jnp.sqrt)
over_array = in_float32(jnp.divide)


def unless_zero(number):
    """None, an absent input, for a number that switches its part of a rule off."""
    return number if isinstance(number, Tensor) or number != 0 else None


# ---------------------------------------------------------------- the operator
class Step:
    """The operator (options, then param, grad and state of each parameter) -> param and state of each parameter.

    state: name -> how often torch writes to that tensor in a step; writes: how often to the parameter; begin(group, param): the first
    state of a parameter, by name; prepare(options): what the rule gets instead of the options, for what is the same for all parameters;
    counts: the rule wants the number of the step as the option "step"; captured: what torch wants on a device that captures graphs, and
    whether that may be XLA's: alone, and with foreach.
    """

    __slots__ = ("rule", "state", "writes", "begin", "prepare", "counts", "captured", "width")

    def __init__(self, rule, state=(), *, writes=1, begin=None, prepare=None, counts=False, captured=(("params", True), ("params", False))):
        self.rule, self.state, self.writes = rule, dict(state), writes
        self.begin, self.prepare, self.counts, self.captured = begin, prepare, counts, captured
        self.width = 2 + len(self.state)

    def specialize(self, specs, statics):
        names, flags = statics
        width = self.width

        def step(*inputs):
            options = {name: None if each is None else each.reshape(()) for name, each in zip(names, inputs)}
            options.update(flags)
            if self.prepare is not None:
                options = self.prepare(**options)
            results = []
            for start in range(len(names), len(inputs), width):
                results += self._apply(inputs[start:start + width], options)
            return results
        return step

    def _apply(self, arrays, options):
        """The rule for one parameter; complex numbers are two real ones each."""
        if not is_complex(arrays[0]):
            return self.rule(*arrays, **options)
        pairs = (jnp.stack((each.real, each.imag), -1) if each is not None and is_complex(each) else each for each in arrays)
        return [jax.lax.complex(each[..., 0], each[..., 1]) if each.shape == (*arrays[0].shape, 2) else each for each in self.rule(*pairs, **options)]


def filled_for(param, number=0):
    """A tensor full of one number, with the parameter's shape, dtype, device and order in memory."""
    spec = param.value.spec
    array = np.full(spec.shape, number, spec.dtype) if number else np.zeros(spec.shape, spec.dtype)
    made = Tensor._of(engine.constant(array if spec.device is None else jax.device_put(array, spec.device)))
    if param._geometry is not None and is_dense(spec.shape, param._geometry[0]):
        made._geometry = param._geometry[0], 0
    return made


def first_step(group):
    """The counter of a parameter that has taken no step yet."""
    return new_step(step_dtype(group))


# ---------------------------------------------------------------- recording
def run(optimizer, closure, plan, part=None):
    """The body of `Optimizer.step`: the closure's result, after every group took a step.

    plan: (group, parameters) -> (a `Step`, its options by name); part: (state, parameters of a group) -> lists of those that share a plan.
    """
    before = modes.grad
    try:
        modes.grad = True
        loss = closure() if closure is not None else None
        modes.grad = optimizer.defaults.get("differentiable", False)
        for group in optimizer.param_groups:
            params = [param for param in group["params"] if param._grad is not None]
            for some in (params,) if part is None else part(optimizer.state, params):
                if some:
                    _advance(optimizer, group, some, *plan(group, some))
    finally:
        modes.grad = before
    return loss


def _advance(optimizer, group, params, step, options):
    """Take a step with some parameters; those that share memory go one after the other, as each sees the one before."""
    if group.get("fused"):
        check_fused(params)
    states = _states(optimizer, group, step, params) if step.state or step.begin else None
    apart = len({param.storage_cell for param in params}) < len(params)
    if step.begin is None or "step" not in states[0]:
        _update_all(step, options, params, states, apart)
        return
    _check_implementation(group, step, params)
    for number, places in advance([state["step"] for state in states]):
        if step.counts:
            options["step"] = number
        if places is None:
            _update_all(step, options, params, states, apart)
        else:
            _update_all(step, options, [params[place] for place in places], [states[place] for place in places], apart)


def _states(optimizer, group, step, params):
    """The state of each parameter, begun where it is empty."""
    states = []
    for param in params:
        state = optimizer.state[param]
        if not state and step.begin is not None:
            state.update(step.begin(group, param))
        states.append(state)
    if modes.grad and step.begin is not None and any(state["step"].requires_grad for state in states if "step" in state):
        raise RuntimeError("`requires_grad` is not supported for `step` in differentiable mode")
    return states


def _update_all(step, options, params, states, apart):
    statics, leading = _leading(options)
    if not apart:
        _update(step, statics, leading, params, states)
        return
    for place, param in enumerate(params):
        _update(step, statics, leading, [param], states and [states[place]])


def _leading(options):
    """The statics of a step, and the inputs that its options are."""
    names, flags, inputs = [], [], []
    for name, value in options.items():
        if value.__class__ is bool:
            flags.append((name, value))
        else:
            names.append(name)
            inputs.append(value if value.__class__ is float or value is None or isinstance(value, Tensor) else float(value))
    return (tuple(names), tuple(flags)), inputs


def _update(step, statics, leading, params, states):
    """Record one operation over these parameters, and write its results to them and to their state."""
    inputs, targets, names = list(leading), [], step.state
    for place, param in enumerate(params):
        inputs.append(param)
        inputs.append(param.grad)
        targets.append(param)
        if names:
            state = states[place]
            for name in names:
                kept = state.get(name)
                inputs.append(kept)
                targets.append(kept)
    tracked = modes.grad
    for target in targets:
        if target is not None and (tracked or target._inference or target._geometry is not None):
            check_writable(target)
    values = [each.value if isinstance(each, Tensor) else each for each in inputs]
    results, kernel = engine.record(step, statics, values)
    node = _history(kernel, inputs, values, targets, results[0]) if tracked else None
    _write_back(step, states, targets, results, node)


def _write_back(step, states, targets, results, node):
    """Write the results to the parameters and their state, and count torch's writes."""
    rest = [step.writes, *step.state.values()]
    width = len(rest)
    for index, (target, value) in enumerate(zip(targets, results)):
        place = index % width
        if target is None:
            states[index // width][list(step.state)[place - 1]] = Tensor._of(value, node, index)
            continue
        write(target, value, node, index)
        if rest[place] > 1:
            target.version_counter.version += rest[place] - 1


def _history(kernel, inputs, values, targets, result):
    """The node of a differentiable step. What it writes to itself does not count as modified: it keeps the values from before."""
    node = make_node(kernel, inputs, values, node_class("AddBackward0"), result)
    if node is not None:
        written = {id(target) for target in targets}
        node.saved = [saved for saved in node.saved if id(saved[0]) not in written]
    return node


# ---------------------------------------------------------------- what torch refuses
_CAPTURING = ["cuda", "xpu", "hpu", "privateuseone", "xla"]


def check_fused(params):
    """Raise torch's error for parameters that no fused implementation takes."""
    for param in params:
        if not param.is_floating_point():
            raise RuntimeError("`fused=True` requires all the params to be floating point Tensors of supported devices: "
                               f"['mps', 'cuda', 'xpu', 'hpu', 'cpu', 'mtia', 'privateuseone'] but {param.dtype} and {param.device.type}")


def _check_implementation(group, step, params):
    foreach = bool(group.get("foreach"))
    if group.get("capturable") and any(param.device.type == "cpu" for param in params):
        what, with_xla = step.captured[foreach]
        devices = _CAPTURING if with_xla else _CAPTURING[:-1]
        raise AssertionError(f"If capturable=True, {what} and state_steps must be on supported devices: {devices}.")
    if foreach and modes.grad:
        raise AssertionError("_foreach ops don't support autograd")


def check_rate(lr):
    """Raise torch's error for a learning rate that is not one number."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")


def check_not_negative(lr, **values):
    """Raise torch's error for the first of these that is negative."""
    named = {"learning rate": lr} | {"epsilon value" if name == "eps" else f"{name} value": value for name, value in values.items()}
    for name, value in named.items():
        if not 0.0 <= value:
            raise ValueError(f"Invalid {name}: {value}")


def check_betas(betas):
    """Raise torch's error for decay rates that are out of range."""
    for index in (0, 1):
        if not 0.0 <= betas[index] < 1.0:
            raise ValueError(f"Invalid beta parameter at index {index}: {betas[index]}")
