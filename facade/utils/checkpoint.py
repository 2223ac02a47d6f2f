"""Trading time for memory: what a derivative needs is computed again in backward instead of kept (torch.utils.checkpoint).

Without reentrance, hooks on saved tensors put an empty place where a tensor would have been kept. The first place that
backward opens runs the function again, and what that run would save fills the places in turn. With reentrance, the
function runs without history at first, and backward runs it again, with history, and a backward of its own.
The forward is evaluated when it is recorded: otherwise it would be one program with its repetition, and nothing gained.
"""

import contextlib
import itertools
import weakref

import numpy as np

from facade.autograd.function import Function
from facade.autograd.functions import backward
from facade.autograd.grad_mode import enable_grad
from facade.autograd.graph import saved_tensors_hooks
from facade.core import engine
from facade.core.ops.composites.sampling import fork_rng, get_rng_state, set_rng_state
from facade.core.tensor.history import set_requires_grad
from facade.core.tensor.modes import modes
from facade.core.tensor.saved import SavedHooks
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn

__all__ = ["CheckpointError", "CheckpointFunction", "check_backward_validity", "checkpoint", "checkpoint_sequential", "detach_variable",
           "noop_context_fn", "set_checkpoint_debug_enabled", "set_checkpoint_early_stop"]

PASS_IT = ("the use_reentrant parameter should be passed explicitly. {} use_reentrant=False is recommended, but if you need to preserve the current "
           "default behavior, you can pass use_reentrant=True. Refer to docs for more details on the differences between the two variants.")
TIP = """
Tip: To see a more detailed error message, either pass `debug=True` to
`torch.utils.checkpoint.checkpoint(...)` or wrap the code block
with `with torch.utils.checkpoint.set_checkpoint_debug_enabled(True):` to
enable checkpoint\u2011debug mode globally.

If this error occurs under torch.compile with automatic_dynamic_shapes enabled,
it may be because the recomputation selected a different compiled graph than the
forward pass (e.g., a dynamic graph instead of the original static graph).
To fix this, either:
  - Use torch._dynamo.mark_dynamic() to explicitly mark varying dimensions as
    dynamic upfront, avoiding the static-to-dynamic transition.
  - Call torch._C._dynamo.eval_frame._set_lru_cache(False) to disable LRU cache
    reordering, which can change which graph is checked first between forward
    and recompute.
See https://github.com/pytorch/pytorch/issues/166926 for more details and
workaround examples.
"""


class CheckpointError(RuntimeError):
    """Raised where the second run of a function does not repeat the first."""


class _Settings:
    """early_stop: whether the second run ends when all is there that backward needs; None leaves it to the call."""

    early_stop = None
    debug = None


@contextlib.contextmanager
def _setting(name, value):
    before = getattr(_Settings, name)
    setattr(_Settings, name, value)
    try:
        yield
    finally:
        setattr(_Settings, name, before)


def set_checkpoint_early_stop(enable):
    """Within this block, whether a second run ends when all is there that backward needs."""
    return _setting("early_stop", enable)


def set_checkpoint_debug_enabled(enabled):
    """Within this block, whether checkpoints explain themselves; here it is enough to run the function under a debugger."""
    return _setting("debug", enabled)


def noop_context_fn():
    """The contexts of the first run and of the second: none."""
    return contextlib.nullcontext(), contextlib.nullcontext()


def checkpoint(function, *args, use_reentrant=None, context_fn=noop_context_fn, determinism_check="default", debug=False, early_stop=True,
               **kwargs):
    """`function(*args)`, whose intermediate values are not kept for backward but computed again there.

    use_reentrant: False is the better way; True runs a backward inside the backward. preserve_rng_state (default True): the second run
    draws the same random numbers. context_fn: returns two contexts, for the first run and the second. determinism_check: 'default'
    compares the shapes and dtypes of the two runs, 'none' does not. early_stop: end the second run as soon as it has served.
    """
    if use_reentrant is None:
        warn("torch.utils.checkpoint: " + PASS_IT.format(
            "Starting in PyTorch 2.9, calling checkpoint without use_reentrant will raise an exception."))
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug is not False:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        return CheckpointFunction.apply(function, preserve, *args)
    if determinism_check not in ("default", "none"):
        raise ValueError(f"determinism_check should be one of ['default', 'none'], but got {determinism_check}")
    return _checkpointed(function, args, kwargs, preserve, context_fn, determinism_check, early_stop)


# ---------------------------------------------------------------- without reentrance
class _Place:
    """Where a node would have kept something: number `index` of what the function saves; hidden: not by torch."""

    __slots__ = ("index", "hidden", "__weakref__")

    def __init__(self, index, hidden):
        self.index, self.hidden = index, hidden


class _Stop(Exception):
    """Ends a second run that has served."""


class _KeepInputs(Function):
    """Gives the tensors among the arguments to the graph, which frees them and notices writes to them."""

    @staticmethod
    def forward(ctx, dummy, *args):
        ctx.places = [place for place, each in enumerate(args) if isinstance(each, Tensor)]
        ctx.others = [None if isinstance(each, Tensor) else each for each in args]
        ctx.save_for_backward(*(args[place] for place in ctx.places))
        return dummy * 1

    @staticmethod
    def arguments(ctx):
        """The arguments again."""
        args = list(ctx.others)
        for place, tensor in zip(ctx.places, ctx.saved_tensors):
            args[place] = tensor
        return args


class _Frame:
    """One checkpointed call.

    places: weak references to what the nodes hold, visible ones and hidden; seen: what the visible ones looked like.
    filled: for each backward pass, what the second run saved, by place.
    """

    def __init__(self, function, early_stop, compare):
        self.function, self.early_stop, self.compare = function, early_stop, compare
        self.places, self.hidden, self.seen = [], [], []
        self.filled = weakref.WeakKeyDictionary()

    # ------------------------------------------------------------ the first run
    def hooks(self):
        """What the nodes of the first run meet in place of keeping."""
        return _FrameHooks(SavedHooks(self._leave_place, self._open, self._leave_hidden, self._open))

    def _leave_place(self, tensor):
        place = _Place(len(self.places), False)
        self.places.append(weakref.ref(place))
        self.seen.append(_looks(tensor))
        return place

    def _leave_hidden(self, value):
        place = _Place(len(self.hidden), True)
        self.hidden.append(weakref.ref(place))
        return place

    def _open(self, place):
        """What belongs to this place, in the present backward pass."""
        if modes.walk is None:
            return self._run_again()[place.hidden, place.index]
        if modes.walk not in self.filled:
            self.filled[modes.walk] = self._run_again()
        found = self.filled[modes.walk].pop((place.hidden, place.index), None)
        if found is None:
            raise CheckpointError("torch.utils.checkpoint: Unpack is being triggered for a tensor that was already unpacked once. If you are calling "
                                  "ctx.saved_tensors in backward, make sure to do so only once. Otherwise please open an issue with details on your "
                                  "use case.")
        return found

    # ------------------------------------------------------------ the second run
    def _run_again(self):
        """{place: what belongs there}, for all places that are still held."""
        args = _KeepInputs.arguments(self.inputs)
        engine.evaluate_all()
        run = _SecondRun(self)
        try:
            with _FrameHooks(SavedHooks(run.keep, lambda tensor: tensor, run.keep_hidden)), enable_grad():
                self.function(*args)
        except _Stop:
            pass
        self._compare(run)
        return run.filled

    def _compare(self, run):
        if run.count != len(self.places):
            raise CheckpointError("torch.utils.checkpoint: A different number of tensors was saved during the original forward and recomputation.\n"
                                  f"Number of tensors saved during forward: {len(self.places)}\n"
                                  f"Number of tensors saved during recomputation: {run.count}.\n{TIP}")
        differing = [(place, *pair) for place, pair in enumerate(zip(self.seen, run.seen)) if pair[0] != pair[1]]
        if differing and self.compare:
            lines = "".join(f"tensor at position {place}:\nsaved metadata: {before}\nrecomputed metadata: {now}\n" for place, before, now in differing)
            raise CheckpointError("torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than during the "
                                  f"forward pass.\n{lines}.\n{TIP}")


class _SecondRun:
    """Collects what a second run saves."""

    def __init__(self, frame):
        self.frame, self.filled, self.seen = frame, {}, []
        self.count, self.hidden = 0, itertools.count()

    def keep(self, tensor):
        """Put the tensor where the first run left a place; end the run with the last one."""
        frame, index = self.frame, self.count
        if index >= len(frame.places):
            raise CheckpointError("torch.utils.checkpoint: trying to save more tensors during recomputation than during the original forward pass.\n"
                                  + TIP)
        self.count += 1
        self.seen.append(_looks(tensor))
        if frame.places[index]() is not None:
            self.filled[False, index] = Tensor._of(tensor.value)
        if frame.early_stop and self.count == len(frame.places):
            raise _Stop
        return tensor.detach()

    def keep_hidden(self, value):
        index = next(self.hidden)
        if index < len(self.frame.hidden) and self.frame.hidden[index]() is not None:
            self.filled[True, index] = value
        return value


class _FrameHooks(saved_tensors_hooks):
    """A block under hooks that are there already."""

    def __init__(self, hooks):
        self.hooks = hooks

    def _hooks(self):
        return self.hooks


def _looks(tensor):
    return {"shape": tensor.shape, "dtype": tensor.dtype, "device": tensor.device}


def _checkpointed(function, args, kwargs, preserve, context_fn, determinism_check, early_stop):
    first_context, second_context = context_fn()
    state = get_rng_state() if preserve else None

    def again(named, *inputs):
        with _random_state(state), second_context:
            function(*inputs, **named)
    frame = _Frame(again, early_stop if _Settings.early_stop is None else _Settings.early_stop, determinism_check != "none")
    dummy = Tensor._of(engine.constant(EMPTY))
    set_requires_grad(dummy, True)
    frame.inputs = _KeepInputs.apply(dummy, kwargs, *args).grad_fn
    if frame.inputs is None:            # no history is recorded
        return function(*args, **kwargs)
    with frame.hooks(), first_context:
        result = function(*args, **kwargs)
    engine.evaluate_all()
    return result


EMPTY = np.zeros(0, np.float32)


@contextlib.contextmanager
def _random_state(state):
    """Within this block, the random numbers after `state`; those of the caller go on afterwards."""
    if state is None:
        yield
        return
    with fork_rng():
        set_rng_state(state)
        yield


# ---------------------------------------------------------------- with reentrance
class CheckpointFunction(Function):
    """The function run without history; its backward runs it again, with history, and backward through that."""

    @staticmethod
    def forward(ctx, run_function, preserve_rng_state, *args):
        check_backward_validity(args)
        ctx.function, ctx.state = run_function, get_rng_state() if preserve_rng_state else None
        ctx.places = [place for place, each in enumerate(args) if isinstance(each, Tensor)]
        ctx.others = [None if isinstance(each, Tensor) else each for each in args]
        ctx.save_for_backward(*(args[place] for place in ctx.places))
        result = run_function(*args)
        engine.evaluate_all()
        return result

    @staticmethod
    def backward(ctx, *grads):
        if modes.walk.targets is not None:
            raise RuntimeError("When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an `inputs` parameter to "
                               ".backward(). To resolve this error, you can either set use_reentrant=False, or call .backward() without passing "
                               "the `inputs` argument.")
        inputs = detach_variable(tuple(_KeepInputs.arguments(ctx)))
        engine.evaluate_all()
        with _random_state(ctx.state), enable_grad():
            outputs = ctx.function(*inputs)
        outputs = (outputs,) if isinstance(outputs, Tensor) else outputs
        tracked = [(output, grad) for output, grad in zip(outputs, grads) if isinstance(output, Tensor) and output.requires_grad]
        if not tracked:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        backward(*map(list, zip(*tracked)))
        return None, None, *(each.grad if isinstance(each, Tensor) else None for each in inputs)


def detach_variable(inputs):
    """The same inputs, tensors without their history but still requiring grad."""
    if not isinstance(inputs, tuple):
        raise RuntimeError("Only tuple of tensors is supported. Got Unsupported input type: " + type(inputs).__name__)
    made = []
    for each in inputs:
        if isinstance(each, Tensor):
            wanted, each = each.requires_grad, each.detach()
            set_requires_grad(each, wanted)
        made.append(each)
    return tuple(made)


def check_backward_validity(inputs):
    """Warn when none of the inputs requires grad."""
    if not any(isinstance(each, Tensor) and each.requires_grad for each in inputs):
        warn("None of the inputs have requires_grad=True. Gradients will be None")


# ---------------------------------------------------------------- sequences
def checkpoint_sequential(functions, segments, input, use_reentrant=None, **kwargs):
    """Apply modules one after the other, in `segments` stretches, each of them checkpointed; the last one is not.

    functions: a Sequential, or a list of functions of one argument. preserve_rng_state: as for `checkpoint`.
    """
    if use_reentrant is None:
        warn("torch.utils.checkpoint.checkpoint_sequential: " + PASS_IT.format(
            "In version 2.9 we will raise an exception if use_reentrant is not passed."))
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    functions = list(functions.children() if hasattr(functions, "children") else functions)
    size = len(functions) // segments
    starts = range(0, size * (segments - 1), size)
    for start in starts:
        input = checkpoint(_stretch(functions[start:start + size]), input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return _stretch(functions[len(starts) * size:])(input)


def _stretch(functions):
    def run(input):
        for each in functions:
            input = each(input)
        return input
    return run
