"""Calling a module with its hooks.

Around `forward` stand, from the outside in: hooks on the gradients of the outputs and inputs, hooks before and after the
call, and those that run even where the call failed.  Each kind exists once for every module there is and once for each
module; the former run first.
"""

from collections import OrderedDict

from facade.autograd.function import Function
from facade.core.ops import creation
from facade.core.tensor.node import RemovableHandle
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn

__all__ = ["register_module_backward_hook", "register_module_buffer_registration_hook", "register_module_forward_hook",
           "register_module_forward_pre_hook", "register_module_full_backward_hook", "register_module_full_backward_pre_hook",
           "register_module_module_registration_hook", "register_module_parameter_registration_hook"]

buffer_registration, module_registration, parameter_registration = OrderedDict(), OrderedDict(), OrderedDict()


class EveryModule:
    """The hooks of all modules, under the names that a module's own have."""

    def __init__(self):
        self._backward_pre_hooks, self._backward_hooks, self._is_full_backward_hook = OrderedDict(), OrderedDict(), None
        self._forward_hooks, self._forward_hooks_with_kwargs, self._forward_hooks_always_called = OrderedDict(), OrderedDict(), OrderedDict()
        self._forward_pre_hooks, self._forward_pre_hooks_with_kwargs = OrderedDict(), OrderedDict()


every = EveryModule()
every_forward, every_forward_pre, every_backward, every_backward_pre = (
    every._forward_hooks, every._forward_pre_hooks, every._backward_hooks, every._backward_pre_hooks)


# ---------------------------------------------------------------- registering
def add_forward_pre_hook(owner, hook, prepend=False, with_kwargs=False):
    """A hook before `forward` of a module, or of every module."""
    return RemovableHandle(owner._forward_pre_hooks, hook, prepend, [owner._forward_pre_hooks_with_kwargs] if with_kwargs else ())


def add_forward_hook(owner, hook, prepend=False, with_kwargs=False, always_call=False):
    """A hook after `forward` of a module, or of every module."""
    flags = [owner._forward_hooks_with_kwargs] * with_kwargs + [owner._forward_hooks_always_called] * always_call
    return RemovableHandle(owner._forward_hooks, hook, prepend, flags)


def add_backward_hook(owner, hook, full, where, prepend=False):
    """A hook after the gradients, of the full kind or of the old kind: one owner has one kind."""
    if owner._is_full_backward_hook is not None and owner._is_full_backward_hook is not full:
        raise RuntimeError(f"Cannot use both regular backward hooks and full backward hooks {where}. Please use only one of them.")
    owner._is_full_backward_hook = full
    return RemovableHandle(owner._backward_hooks, hook, prepend)


def register_module_forward_pre_hook(hook):
    """Call `hook(module, args)` before `forward` of every module."""
    return add_forward_pre_hook(every, hook)


def register_module_forward_hook(hook, *, with_kwargs=False, always_call=False):
    """Call `hook(module, args, output)` after `forward` of every module."""
    return add_forward_hook(every, hook, False, with_kwargs, always_call)


def register_module_backward_hook(hook):
    """Call `hook(module, grad_input, grad_output)` after the backward of every module, in the old way."""
    return add_backward_hook(every, hook, False, "as a global Module hook")


def register_module_full_backward_hook(hook):
    """Call `hook(module, grad_input, grad_output)` after the gradients of every module's inputs are known."""
    return add_backward_hook(every, hook, True, "as a global Module hook")


def register_module_full_backward_pre_hook(hook):
    """Call `hook(module, grad_output)` before the gradients of every module's inputs are computed."""
    return RemovableHandle(every._backward_pre_hooks, hook)


def register_module_buffer_registration_hook(hook):
    """Call `hook(module, name, buffer)` when a buffer is registered; it may return another one."""
    return RemovableHandle(buffer_registration, hook)


def register_module_module_registration_hook(hook):
    """Call `hook(module, name, submodule)` when a submodule is registered; it may return another one."""
    return RemovableHandle(module_registration, hook)


def register_module_parameter_registration_hook(hook):
    """Call `hook(module, name, parameter)` when a parameter is registered; it may return another one."""
    return RemovableHandle(parameter_registration, hook)


def registered(hooks, module, name, value):
    """What the registration hooks make of a value."""
    for hook in hooks.values():
        answer = hook(module, name, value)
        value = value if answer is None else answer
    return value


# ---------------------------------------------------------------- calling
class Call:
    """One call of a module that has hooks."""

    def __init__(self, module, args, kwargs):
        self.module, self.args, self.kwargs = module, args, kwargs
        self.result, self.called = None, set()

    def run(self):
        """The output, after all hooks."""
        try:
            return self._run()
        except Exception:
            self._after_failure()
            raise

    def _run(self):
        module = self.module
        full, plain = _backward_hooks(module)
        before = [*every_backward_pre.values(), *module._backward_pre_hooks.values()]
        self._before()
        gradients = GradientHooks(module, full, before) if full or before else None
        if gradients:
            self.args = gradients.on_inputs(self.args)
        self.result = module.forward(*self.args, **self.kwargs)
        self._after()
        if gradients:
            self._check_output()
            self.result = gradients.on_outputs(self.result)
        if plain:
            _hang_plain_hooks(module, plain, self.args, self.result)
        return self.result

    def _before(self):
        for owner in (every, self.module):
            for identity, hook in (*owner._forward_pre_hooks.items(),):
                if identity in owner._forward_pre_hooks_with_kwargs:
                    self._replace_all(hook(self.module, self.args, self.kwargs))
                elif (answer := hook(self.module, self.args)) is not None:
                    self.args = answer if isinstance(answer, tuple) else (answer,)

    def _replace_all(self, answer):
        if answer is None:
            return
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise RuntimeError(f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {answer}.")
        self.args, self.kwargs = answer

    def _after(self):
        for owner in (every, self.module):
            for identity, hook in (*owner._forward_hooks.items(),):
                if identity in owner._forward_hooks_always_called:
                    self.called.add(identity)
                self._one_after(owner, identity, hook)

    def _one_after(self, owner, identity, hook):
        """Run one hook on the output, which it may replace."""
        given = (self.args, self.kwargs) if identity in owner._forward_hooks_with_kwargs else (self.args,)
        answer = hook(self.module, *given, self.result)
        self.result = self.result if answer is None else answer

    def _after_failure(self):
        """Run the hooks that are always called and were not; what they raise is a warning beside the error that there is."""
        for owner, kind in ((every, "global module"), (self.module, "module")):
            for identity, hook in (*owner._forward_hooks.items(),):
                if identity in owner._forward_hooks_always_called and identity not in self.called:
                    try:
                        self._one_after(owner, identity, hook)
                    except Exception as failure:
                        warn(f"{kind} forward hook with ``always_call=True`` raised an exception that was silenced as another error "
                             f"was raised in forward: {failure}")

    def _check_output(self):
        if not isinstance(self.result, (Tensor, tuple)):
            warn("For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received "
                 f"{type(self.result)}")


def _backward_hooks(module):
    """(full, plain) backward hooks of all modules and of this one."""
    kinds = {True: [], False: []}
    for owner in (every, module):
        if owner._backward_hooks:
            kinds[bool(owner._is_full_backward_hook)] += owner._backward_hooks.values()
    return kinds[True], kinds[False]


# ---------------------------------------------------------------- gradients
class BackwardHookFunction(Function):
    """Hands tensors through unchanged, so that one node sees all their gradients."""

    @staticmethod
    def forward(ctx, *tensors):
        """The tensors themselves."""
        ctx.mark_non_differentiable(*[each for each in tensors if not each.requires_grad])
        return tensors

    @staticmethod
    def backward(ctx, *gradients):
        """The gradients themselves."""
        return gradients


def _through_one_node(values):
    """(values with the tensors passed through one node, the node, the places of the tensors); no node where none requires grad."""
    places = [place for place, each in enumerate(values) if isinstance(each, Tensor)]
    if not any(values[place].requires_grad for place in places):
        return values, None, None
    passed = BackwardHookFunction.apply(*[values[place] for place in places])
    nodes = [each.grad_fn for each in passed if each.grad_fn is not None]
    if not nodes:                       # history is not recorded now
        return values, None, None
    values = list(values)
    for place, each in zip(places, passed):
        values[place] = each
    return tuple(values), nodes[0], places


def _spread(gradients, places, count):
    """Gradients of the tensors as a tuple over all values, None where there is no tensor."""
    spread = [None] * count
    for place, each in zip(places, gradients):
        spread[place] = each
    return tuple(spread)


_NO_INPUTS = ("Full backward hook is firing when gradients are computed with respect to module outputs since no inputs require gradients. See "
              "https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn.Module.register_full_backward_hook for more details.")


class GradientHooks:
    """The full backward hooks of one call, which see the gradients of all its outputs and of all its inputs."""

    def __init__(self, module, hooks, pre_hooks):
        self.module, self.hooks, self.pre_hooks = module, hooks, pre_hooks
        self.grad_outputs, self.input_places, self.input_count = None, None, 0

    def on_inputs(self, args):
        """The arguments, with a node behind them that calls the hooks."""
        args, node, self.input_places = _through_one_node(args)
        self.input_count = len(args)
        self.input_kinds = [(args[place].shape, args[place].dtype) for place in self.input_places or ()]
        if node is not None:
            def hook(grad_inputs, grad_outputs):        # the name that torch's errors have
                return self._inputs_known(grad_inputs)
            hook.fills = True       # it gives zeros for gradients that did not arrive, as torch's function does
            node.register_hook(hook)
        return args

    def on_outputs(self, result):
        """The result, with a node before it that notes its gradients."""
        values = result if isinstance(result, tuple) else (result,)
        passed, node, places = _through_one_node(values)
        if node is None:
            return result
        self.output_places, self.output_count = places, len(values)

        def hook(grad_outputs):
            return self._outputs_known(grad_outputs)
        node.register_prehook(hook)
        if type(result) not in (tuple, Tensor) and isinstance(result, tuple):
            return type(result)(*passed)            # a named tuple
        return passed if isinstance(result, tuple) else passed[0]

    def _outputs_known(self, grad_outputs):
        gradients = _spread(grad_outputs, self.output_places, self.output_count)
        for hook in self.pre_hooks:
            gradients = self._changed(gradients, hook(self.module, gradients), "Backward pre hook", "grad_output")
        self.grad_outputs = gradients
        if self.input_places is None:
            if self.hooks:
                warn(_NO_INPUTS)
            for hook in self.hooks:
                answer = hook(self.module, (None,) * self.input_count, gradients)
                if answer is not None and any(each is not None for each in answer):
                    raise RuntimeError("Backward hook for Modules where no input requires gradient should always return None or None for all "
                                       "gradients.")
            self.grad_outputs = None
        return tuple(gradients[place] for place in self.output_places)

    def _inputs_known(self, grad_inputs):
        if self.grad_outputs is None:           # the backward did not come through the outputs
            return None
        known = [creation.FUNCTIONS["zeros"](shape, dtype=dtype) if each is None else each for each, (shape, dtype) in
                 zip(grad_inputs, self.input_kinds)]
        gradients = _spread(known, self.input_places, self.input_count)
        for hook in self.hooks:
            gradients = self._changed(gradients, hook(self.module, gradients, self.grad_outputs), "Backward hook", "grad_input")
        self.grad_outputs = None
        return tuple(gradients[place] for place in self.input_places)

    @staticmethod
    def _changed(gradients, answer, kind, what):
        """The gradients after one hook."""
        if answer is None:
            return gradients
        if len(answer) != len(gradients):
            raise RuntimeError(f"{kind} returned an invalid number of {what}, got {len(answer)}, but expected {len(gradients)}")
        return tuple(answer)


# ---------------------------------------------------------------- the old kind
def _first_tensor(result):
    """The tensor whose node the old hooks hang on."""
    while not isinstance(result, Tensor):
        if isinstance(result, dict):
            result = next((each for each in result.values() if isinstance(each, Tensor)), None)
        elif isinstance(result, (tuple, list)) and result:
            result = result[0]
        if not isinstance(result, (Tensor, dict, tuple, list)) or isinstance(result, (dict, tuple, list)) and not result:
            return None
    return result


def _hang_plain_hooks(module, hooks, args, result):
    tensor = _first_tensor(result)
    node = None if tensor is None else tensor.grad_fn
    if node is None:
        return
    for hook in hooks:
        node.register_hook(lambda grad_input, grad_output, hook=hook: hook(module, grad_input, grad_output))
    _warn_of_plain_hooks(args, result, node)


_PLAIN = "This hook will be missing some {}. Please use register_full_backward_hook to get the documented behavior."


def _warn_of_plain_hooks(args, result, node):
    """Say which gradients hooks of the old kind will not see."""
    problem = _outputs_missed(result, node) or _inputs_missed(args, node)
    if problem:
        warn(f"{problem} {_ADVICE}", FutureWarning)


_ADVICE = "Please use register_full_backward_hook to get the documented behavior."
_PLAIN = "Using non-full backward hooks on a Module that does not {} a single Tensor or a tuple of Tensors is deprecated and will be removed in " \
         "future versions. This hook will be missing some of the {}."
_NODES = "Using a non-full backward hook when {} is deprecated and will be removed in future versions. This hook will be missing some {}."


def _all_tensors(values):
    return isinstance(values, tuple) and all(isinstance(each, Tensor) for each in values)


def _outputs_missed(result, node):
    outputs = (result,) if isinstance(result, Tensor) else result
    if not _all_tensors(outputs):
        return _PLAIN.format("return", "grad_output")
    if {each.grad_fn for each in outputs if each.grad_fn is not None} != {node}:
        return _NODES.format("outputs are generated by different autograd Nodes", "grad_output")
    return None


def _inputs_missed(args, node):
    if not _all_tensors(args):
        return _PLAIN.format("take as input", "grad_input")
    if {each.grad_fn for each in args if each.grad_fn is not None} != {reached for reached, _ in node.next_functions}:
        return _NODES.format("the forward contains multiple autograd Nodes", "grad_input")
    return None
