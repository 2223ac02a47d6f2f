"""A step of an optimizer: one pure function a rule, and one recorded operation a group.

A *rule* is the mathematics for one parameter, on arrays: `(param, grad, *state, **options) -> (param, *state)`. A state that does
not exist yet comes as None, and the rule says how it begins. What a step needs beside the rule is derived from the options: flags
are compiled in, numbers are leaves (a changing learning rate compiles nothing), tensors are inputs through which gradients can flow.
"""

from facade.core import engine
from facade.core.ops.kernels.pointwise import in_float32
from facade.core.tensor.history import make_node, node_class
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor
from facade.core.tensor.write import check_writable, write


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


def unless_zero(number):
    """None, an absent input, for a number that switches its part of a rule off."""
    return number if isinstance(number, Tensor) or number != 0 else None


class Step:
    """The operator (options, then param, grad and state of each parameter) -> param and state of each parameter."""

    __slots__ = ("rule",)

    def __init__(self, rule):
        self.rule = rule

    def specialize(self, specs, statics):
        names, flags, width = statics

        def step(*inputs):
            options = {name: None if each is None else each.reshape(()) for name, each in zip(names, inputs)}
            options.update(flags)
            results = []
            for start in range(len(names), len(inputs), width):
                results += self.rule(*inputs[start:start + width], **options)
            return results
        return step


def run(optimizer, closure, plan):
    """The body of `Optimizer.step`: the closure's result, after every group took a step.

    plan: group -> (a `Step`, its options by name, its state: name -> how often torch writes to that tensor in a step).
    """
    before = modes.grad
    try:
        modes.grad = True
        loss = closure() if closure is not None else None
        modes.grad = optimizer.defaults["differentiable"]
        for group in optimizer.param_groups:
            _advance(optimizer, group, *plan(group))
    finally:
        modes.grad = before
    return loss


def _advance(optimizer, group, step, options, state):
    """Take a step in one group; parameters that share memory go one after the other, as each sees the one before."""
    chosen = [param for param in group["params"] if param.grad is not None]
    if group.get("fused"):
        _check_fused(chosen)
    statics, leading = _leading(options, 2 + len(state))
    if len({param.storage_cell for param in chosen}) < len(chosen):
        for param in chosen:
            _update(optimizer, step, statics, leading, state, [param])
    elif chosen:
        _update(optimizer, step, statics, leading, state, chosen)


def _leading(options, width):
    """The statics of a step, and the inputs that its options are."""
    names, flags, inputs = [], [], []
    for name, value in options.items():
        if value.__class__ is bool:
            flags.append((name, value))
        else:
            names.append(name)
            inputs.append(value if value is None or isinstance(value, Tensor) else float(value))
    return (tuple(names), tuple(flags), width), inputs


def _update(optimizer, step, statics, leading, state, params):
    """Record one operation over these parameters, and write its results to them and to their state."""
    inputs, targets = list(leading), []
    for param in params:
        inputs += param, param.grad
        targets.append((param, None, None, 1))
        check_writable(param)
        if state:
            known = optimizer.state[param]
            for name, writes in state.items():
                kept = known.get(name)
                inputs.append(kept)
                targets.append((kept, known, name, writes))
                if kept is not None:
                    check_writable(kept)
    values = [each.value if isinstance(each, Tensor) else each for each in inputs]
    results, kernel = engine.record(step, statics, values)
    node = _history(kernel, inputs, values, targets, results[0]) if modes.grad else None
    for index, (value, (target, known, name, writes)) in enumerate(zip(results, targets)):
        if target is None:
            known[name] = Tensor._of(value, node, index)
        else:
            write(target, value, node, index)
            if writes > 1:
                target.version_counter.version += writes - 1


def _history(kernel, inputs, values, targets, result):
    """The node of a differentiable step. What it writes to itself does not count as modified: it keeps the values from before."""
    node = make_node(kernel, inputs, values, node_class("AddBackward0"), result)
    if node is not None:
        written = {id(target) for target, *_ in targets}
        node.saved = [saved for saved in node.saved if id(saved[0]) not in written]
    return node


def _check_fused(params):
    for param in params:
        if not param.is_floating_point():
            raise RuntimeError("`fused=True` requires all the params to be floating point Tensors of supported devices: "
                               f"['mps', 'cuda', 'xpu', 'hpu', 'cpu', 'mtia', 'privateuseone'] but {param.dtype} and {param.device.type}")
