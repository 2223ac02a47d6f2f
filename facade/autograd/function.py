"""Operations with a derivative of one's own (torch.autograd.function).

`Function.apply` runs `forward` without history and gives its outputs one node, a `FunctionNode`, whose derivative is
`backward`. What `forward` leaves on its context is there for `backward`: the context is what the user sees of the node.
"""

import functools
import inspect
import weakref

import jax.numpy as jnp

from facade.autograd.saved import SavedTensor
from facade.core import dtypes, engine
from facade.core.tensor.history import FREED, edge_of, set_requires_grad
from facade.core.tensor.modes import modes
from facade.core.tensor.node import Node
from facade.core.tensor.saved import place_of_making
from facade.core.tensor.tensor import Tensor, is_floating
from facade.core.tensor.write import write
from facade.core.warn import warn

IN_FUNCTION = ("This view was created inside a custom Function (or because an input was returned as-is) and the autograd logic to handle "
               "view+inplace would override the custom backward associated with the custom Function, leading to incorrect gradients. This "
               "behavior is forbidden. You can fix this by cloning the output of the custom Function.")


# ---------------------------------------------------------------- the context
class FunctionCtx:
    """What `forward` and `backward` share: saved tensors, marks, and any attribute."""

    to_save = dirty_tensors = non_differentiable = None
    saved_for_forward = ()
    needs_input_grad = ()
    _materialize = True
    _saved = ()
    _node = staticmethod(lambda: None)

    def save_for_backward(self, *tensors):
        """Keep tensors (or None) for `backward`, where they are `ctx.saved_tensors`."""
        self.to_save = tensors

    def save_for_forward(self, *tensors):
        """Keep tensors for a forward-mode derivative."""
        self.saved_for_forward = tensors

    def mark_dirty(self, *args):
        """Say that these inputs were written to; they must be outputs too."""
        self.dirty_tensors = args

    def mark_non_differentiable(self, *args):
        """Say that no gradient flows through these outputs."""
        self.non_differentiable = args

    def set_materialize_grads(self, value):
        """Whether `backward` gets zeros (as by default) or None for an output that no gradient reached."""
        if not isinstance(value, bool):
            raise TypeError("set_materialize_grads received an invalid combination of arguments - got (), but expected (bool)")
        self._materialize = value

    @property
    def saved_tensors(self):
        """What `save_for_backward` was given; RuntimeError when the graph was freed, or a tensor written to."""
        if self._saved is None:
            raise RuntimeError(FREED)
        return tuple(each and each.unpack(self._node()) for each in self._saved)

    @property
    def saved_variables(self):
        """The old name of `saved_tensors`."""
        warn("'saved_variables' is deprecated; use 'saved_tensors'", DeprecationWarning)
        return self.saved_tensors


def _through_node(name):
    def get(self):
        return getattr(self._node(), name)
    return property(get)


for _name in ("name", "metadata", "next_functions", "register_hook", "register_prehook"):
    setattr(FunctionCtx, _name, _through_node(_name))


class BackwardCFunction(FunctionCtx):
    """The base of the contexts; each Function has a class of its own, called after it."""

    __module__ = "torch.autograd.function"

    def apply(self, *args):
        """Call the Function's `backward`, or its `vjp`."""
        cls = self._forward_cls
        own = [method for method in (cls.backward, cls.vjp) if method is not Function.backward]
        if len(own) == 2:
            raise RuntimeError("Implementing both 'backward' and 'vjp' for a custom Function is not allowed. "
                               "You should only implement one of them.")
        return (own[0] if own else Function.backward)(self, *args)


# ---------------------------------------------------------------- the node
class FunctionNode(Node):
    """The node of a custom function. _places: which arguments were tensors; _ins: their specs; _count: of all arguments."""

    __slots__ = ("_ctx", "_places", "_ins", "_count")

    def __init__(self, ctx, edges, outs, args):
        Node.__init__(self, edges, outs)
        self._ctx, self._count = ctx, len(args)
        self._places = [place for place, each in enumerate(args) if isinstance(each, Tensor)]
        self._ins = [args[place]._value.spec for place in self._places]
        if modes.anomaly:
            self.__dict__.update(place_of_making())

    def __repr__(self):
        return f"<torch.autograd.function.{self.name()} object at {hex(id(self))}>"

    def __getattr__(self, name):
        ctx = self._ctx
        if name in vars(ctx) or hasattr(type(ctx), name):
            return getattr(ctx, name)
        raise AttributeError(f"'{self.name()}' object has no attribute '{name}'")

    def short_name(self):
        return self.name().removesuffix("Backward")

    @property
    def _raw_saved_tensors(self):
        return self._ctx._saved

    def release(self):
        if self._ctx._saved:
            self._ctx._saved = None

    def apply(self, cotangents):
        tracked = self.apply_tracked([each if each is None else Tensor._of(each) for each in cotangents])
        return [each if each is None else each.value for each in tracked]

    def apply_tracked(self, cotangents):
        if self._ctx._materialize:
            cotangents = [zeros(spec) if each is None and spec is not None else each for each, spec in zip(cotangents, self.outs)]
        results = self._ctx.apply(*cotangents)
        results = self._checked_count(list(results) if isinstance(results, tuple) else [results])
        return [self._fitted(place, results[argument]) for place, argument in enumerate(self._places)]

    def _checked_count(self, results):
        """As many results as there were arguments, None where the argument was no tensor."""
        while len(results) > self._count and results[-1] is None:
            results.pop()
        if len(results) != self._count:
            raise RuntimeError(f"function {self.name()} returned an incorrect number of gradients (expected {self._count}, got {len(results)})")
        for place, each in enumerate(results):
            if each is not None and not isinstance(each, Tensor):
                raise RuntimeError(f"expected Variable or None (got {type(each).__name__})")
            if each is not None and place not in self._places:
                raise RuntimeError(f"function {self.name()} returned a gradient different than None at position {place + 1}, "
                                   "but the corresponding forward input was not a Variable")
        return results

    def _fitted(self, place, gradient):
        """The gradient summed to its input's shape and converted to its dtype."""
        if gradient is None or self.edges[place] is None:
            return None
        spec, given = self._ins[place], gradient._value.spec
        if given.shape != spec.shape:
            gradient = self._summed(place, gradient)
        if given.dtype.kind == "c" and spec.dtype.kind != "c":
            raise RuntimeError("Expected isFloatingType(grad.scalar_type()) || (input_is_complex == grad_is_complex) to be true, but got false.  "
                               "(Could this error message be improved?  If so, please report an enhancement request to PyTorch.)")
        return gradient if given.dtype == spec.dtype else gradient.to(dtypes.BY_NUMPY[spec.dtype])

    def _summed(self, place, gradient):
        wanted, shape = self._ins[place].shape, gradient._value.spec.shape
        extra = len(shape) - len(wanted)
        if extra < 0 or any(want not in (1, have) for want, have in zip(wanted, shape[extra:])):
            raise RuntimeError(f"Function {self.name()} returned an invalid gradient at index {place} - got {list(shape)} "
                               f"but expected shape compatible with {list(wanted)}")
        return gradient.sum([*range(extra), *(dim for dim in range(extra, len(shape)) if wanted[dim - extra] == 1)]).reshape(wanted)


class _Zeros:
    """The operator that makes zeros."""

    def specialize(self, specs, statics):
        return lambda: jnp.zeros(*statics)


ZEROS = _Zeros()


def zeros(spec):
    """A tensor of zeros."""
    return Tensor._of(engine.record(ZEROS, (spec.shape, spec.dtype), ())[0][0])


# ---------------------------------------------------------------- Function
class FunctionMeta(type):
    """Gives each Function the classes of its contexts and of its nodes."""

    def __init__(cls, name, bases, attributes):
        type.__init__(cls, name, bases, attributes)
        cls._backward_cls = type(f"{name}Backward", (BackwardCFunction,), {"_forward_cls": cls, "__module__": "torch.autograd.function"})
        cls._node_cls = type(f"{name}Backward", (FunctionNode,), {"__slots__": (), "__module__": "torch.autograd.function"})


class Function(FunctionCtx, metaclass=FunctionMeta):
    """An operation with a derivative of one's own: subclass it, write `forward` and `backward` as static methods, call `apply`.

    forward(ctx, *args) computes, and leaves on `ctx` what backward needs; or forward(*args) only computes, and
    setup_context(ctx, inputs, output) does the rest. backward(ctx, *gradients) gets one for each output and returns one, or None, for
    each argument.

        >>> class Square(torch.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         ctx.save_for_backward(x)
        ...         return x * x
        ...     @staticmethod
        ...     def backward(ctx, gradient):
        ...         x, = ctx.saved_tensors
        ...         return gradient * 2 * x
        >>> y = Square.apply(x)
    """

    generate_vmap_rule = False

    def __init__(self, *args, **kwargs):
        warn(f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should invoke them on the "
             "class itself. Instantiating an autograd function will raise an error in a future version of PyTorch.",
             DeprecationWarning)

    def __call__(self, *args, **kwargs):
        raise RuntimeError("Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd function with "
                           "static forward method. (Example: https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)")

    @staticmethod
    def forward(*args, **kwargs):
        """The computation: from (ctx, arguments), or from the arguments alone where there is a `setup_context`."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Leave on `ctx` what `backward` needs."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx, *grad_outputs):
        """From the gradients of the outputs to those of the arguments."""
        raise NotImplementedError("You must implement either the backward or vjp method for your custom autograd.Function "
                                  "to use it with backward mode AD.")

    vjp = backward

    @staticmethod
    def jvp(ctx, *grad_inputs):
        """The forward-mode derivative."""
        raise NotImplementedError("You must implement the jvp function for custom autograd.Function to use it with forward mode AD.")

    @staticmethod
    def vmap(info, in_dims, *args):
        """How the function acts on a batch."""
        raise NotImplementedError("To use autograd.Function with vmap, you must either override the vmap staticmethod "
                                  "or set generate_vmap_rule=True.")

    @classmethod
    def apply(cls, *args, **kwargs):
        """Run `forward` on these arguments; the outputs have this Function as their `grad_fn`."""
        ctx = cls._backward_cls()
        separate = cls.setup_context is not Function.setup_context
        if separate or kwargs:
            args = _bound(cls.forward, () if separate else (ctx,), args, kwargs)
        tensors = [each for each in args if isinstance(each, Tensor)]
        ctx.needs_input_grad = tuple(isinstance(each, Tensor) and each.requires_grad for each in args)
        tracked = modes.grad and any(ctx.needs_input_grad)
        edges = [edge_of(each) if is_floating(each) else None for each in tensors] if tracked else None
        before, modes.grad = modes.grad, False
        try:
            if separate:
                output = cls.forward(*args)
                cls.setup_context(ctx, args, output)
            else:
                output = cls.forward(ctx, *args)
        finally:
            modes.grad = before
        outputs = output if isinstance(output, tuple) else (output,)
        _check_context(ctx)
        outputs = _Outputs(cls, ctx, args, outputs).with_history(edges) if tracked else _without_history(ctx, tensors, outputs)
        return outputs if isinstance(output, tuple) else outputs[0]


def _bound(forward, given, args, kwargs):
    """The arguments in the order of `forward`, with its defaults."""
    bound = _signature(forward).bind(*given, *args, **kwargs)
    bound.apply_defaults()
    return bound.args[len(given):]


_signature = functools.lru_cache(maxsize=1024)(inspect.signature)


def _check_context(ctx):
    """Refuse marks on what is no tensor."""
    for place, each in enumerate(ctx.to_save or ()):
        if each is not None and not isinstance(each, Tensor):
            raise TypeError(f"save_for_backward can only save variables, but argument {place} is of type {type(each).__name__}")
    if not all(isinstance(each, Tensor) for each in ctx.dirty_tensors or ()):
        raise RuntimeError("mark_dirty can only accept variables, but argument ")
    if not all(isinstance(each, Tensor) for each in ctx.non_differentiable or ()):
        raise RuntimeError("mark_non_differentiable only accepts variable arguments, but got ")


def _among(tensor, tensors):
    return any(tensor is each for each in tensors or ())


def _alias(tensor):
    """The input itself as an output: another handle on its memory."""
    alias = tensor._alias()
    if modes.grad:
        alias._base = tensor if tensor._base is None else tensor._base
        alias._base_version = alias._writes
    return alias


def _without_history(ctx, tensors, outputs):
    """The outputs when nothing that came in requires grad."""
    results = []
    for each in outputs:
        if isinstance(each, Tensor) and _among(each, ctx.dirty_tensors):
            write(each, each.value)
        elif isinstance(each, Tensor) and _among(each, tensors):
            each = _alias(each)
        results.append(each)
    return tuple(results)


class _Outputs:
    """Gives the outputs of one call their history."""

    def __init__(self, cls, ctx, args, outputs):
        self.cls, self.ctx, self.args, self.outputs = cls, ctx, args, outputs
        self.tensors = [each for each in args if isinstance(each, Tensor)]
        if not all(_among(each, outputs) for each in ctx.dirty_tensors or ()):
            raise RuntimeError("Some elements marked as dirty during the forward method were not returned as output. "
                               "The inputs that are modified inplace must all be outputs of the Function.")

    def with_history(self, edges):
        """The outputs, with one node for them all."""
        specs = tuple(each._value.spec if isinstance(each, Tensor) else None for each in self.outputs)
        self.node = node = self.cls._node_cls(self.ctx, edges, specs, self.args)
        self.ctx._node = weakref.ref(node)
        several = sum(isinstance(each, Tensor) and self._differentiable(each) for each in self.outputs) > 1
        made = tuple(self._output(index, each, several) if isinstance(each, Tensor) else each for index, each in enumerate(self.outputs))
        # a saved output is recognised by its node, also where the handle that was returned is another one
        alias_of = {id(before): after for before, after in zip(self.outputs, made) if isinstance(before, Tensor) and not _among(before, self.tensors)}
        self.ctx._saved = tuple(each if each is None else SavedTensor(alias_of.get(id(each), each), node) for each in self.ctx.to_save or ())
        self.ctx.to_save = self.ctx.dirty_tensors = self.ctx.non_differentiable = None
        return made

    def _differentiable(self, tensor):
        return is_floating(tensor) and not _among(tensor, self.ctx.non_differentiable)

    def _output(self, index, tensor, several):
        is_input, dirty = _among(tensor, self.tensors), _among(tensor, self.ctx.dirty_tensors)
        if not self._differentiable(tensor):
            return tensor.detach() if is_input or tensor.requires_grad else tensor
        if dirty and is_input:
            return self._written(index, tensor)
        if dirty:
            warn("ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been mutated should be passed "
                 "to ctx.mark_dirty().", UserWarning)
        if is_input:
            tensor = _alias(tensor)
        tensor._node, tensor._index = self.node, index
        if tensor._base is not None:
            tensor._base_version, tensor._untracked_view = tensor._writes, False
            tensor._multi_view = (self.node.short_name(), index) if several else (self.node.short_name(), index, IN_FUNCTION)
        return tensor

    def _written(self, index, tensor):
        """An input that `forward` wrote to: the same tensor, with the new history."""
        if tensor._leaf:
            raise RuntimeError("a leaf Variable that requires grad has been used in an in-place operation.")
        if tensor._base is not None and len(self.outputs) > 1:
            raise RuntimeError("If your Function modifies inplace an input that is a view of another Tensor, your Function cannot return more than "
                               "one Tensor. This is not supported by the current autograd engine. You should either make sure the input is not a "
                               "view (using .clone() for example) or make your Function only return one Tensor (potentially splitting it into two "
                               "Functions: one doing the inplace that returns a single Tensor and a second one that does the other operations). "
                               "You can ask on the forum https://discuss.pytorch.org/ if you need help to do this change.")
        return write(tensor, tensor.value, self.node, index)


class InplaceFunction(Function):
    """A Function with a flag `inplace`."""

    def __init__(self, inplace=False):
        Function.__init__(self)
        self.inplace = inplace


# ---------------------------------------------------------------- once_differentiable
class Error(Node):
    """The node of what cannot be differentiated."""

    __slots__ = ("text",)

    def apply(self, cotangents):
        raise RuntimeError(self.text)

    apply_tracked = apply


def once_differentiable(fn):
    """Make a `backward` that runs without history, so that a second derivative is an error and not silently wrong."""
    @functools.wraps(fn)
    def wrapper(ctx, *args):
        before, modes.grad = modes.grad, False
        try:
            outputs = fn(ctx, *args)
        finally:
            modes.grad = before
        if not modes.grad or not any(isinstance(each, Tensor) and each.requires_grad for each in args):
            return outputs
        return _final(outputs) if isinstance(outputs, tuple) else _final((outputs,))[0]
    return wrapper


def _final(outputs):
    """The outputs with a history that ends in an error."""
    fresh = [each if each is None else each.detach() for each in outputs]
    for each in fresh:
        if each is not None:
            set_requires_grad(each, True)
    node = Error([None if each is None else edge_of(each) for each in fresh], [None if each is None else each._value.spec for each in fresh])
    node.text = "trying to differentiate twice a function that was marked with @once_differentiable"
    return tuple(each if each is None else Tensor._of(each.value, node, index) for index, each in enumerate(fresh))
