"""Switching the recording of history off and on, as contexts and as decorators (torch.autograd.grad_mode)."""

import functools
import inspect

from facade.core.tensor.modes import modes
from facade.core.warn import warn


class _Switch:
    """A context manager that also decorates functions and generators."""

    def __call__(self, function):
        if inspect.isclass(function):
            warn("Decorating classes is deprecated and will be disabled in future versions. You should only decorate functions or methods. To preserve "
                 "the current behavior of class decoration, you can directly decorate the `__init__` method and nothing else.", FutureWarning)
        if inspect.isgeneratorfunction(function):
            return self._wrap_generator(function)

        @functools.wraps(function)
        def inside(*args, **kwargs):
            with self.clone():
                return function(*args, **kwargs)
        return inside

    def _wrap_generator(self, function):
        """The mode holds while the generator runs, and not while its caller does."""
        @functools.wraps(function)
        def inside(*args, **kwargs):
            generator = function(*args, **kwargs)
            send, argument = generator.send, None
            while True:
                try:
                    with self.clone():
                        answer = send(argument)
                except StopIteration as stop:
                    return stop.value
                try:
                    send, argument = generator.send, (yield answer)
                except GeneratorExit:
                    with self.clone():
                        generator.close()
                    raise
                except BaseException as error:
                    send, argument = generator.throw, error
        return inside

    def clone(self):
        """Another context with the same meaning."""
        return type(self)()


class _Bare(_Switch):
    """A switch that also decorates without being called: `@no_grad` as well as `@no_grad()`."""

    def __new__(cls, function=None):
        made = super().__new__(cls)
        return made if function is None else made(function)


class no_grad(_Bare):
    """Operations in this block get no history."""

    def __enter__(self):
        self.before, modes.grad = modes.grad, False

    def __exit__(self, *exc):
        modes.grad = self.before


class enable_grad(_Bare):
    """Operations in this block get a history, inside a `no_grad` too."""

    def __enter__(self):
        self.before, modes.grad = modes.grad, True

    def __exit__(self, *exc):
        modes.grad = self.before


class set_grad_enabled(_Switch):
    """Switch history on or off: at once, and back again at the end when used as a context."""

    def __init__(self, mode):
        if not isinstance(mode, bool):
            raise TypeError(f"set_grad_enabled(): argument 'enabled' (position 1) must be bool, not {type(mode).__name__}")
        self.before, self.mode = modes.grad, mode
        modes.grad = mode

    def __repr__(self):
        return f"{type(self).__module__}.set_grad_enabled(mode={self.mode})"

    def __call__(self, function):
        modes.grad = self.before
        return super().__call__(function)

    def __enter__(self):
        modes.grad = bool(self.mode)

    def __exit__(self, *exc):
        modes.grad = self.before

    def clone(self):
        return type(self)(self.mode)


class inference_mode(_Switch):
    """As `no_grad`, and what is made in the block can never take part in a history."""

    def __new__(cls, mode=True):
        made = super().__new__(cls)
        return made if isinstance(mode, bool) else _initialised(made)(mode)

    def __init__(self, mode=True):
        self.mode = mode if isinstance(mode, bool) else True

    def __enter__(self):
        self.before = modes.grad, modes.inference
        modes.inference = self.mode
        modes.grad = not self.mode

    def __exit__(self, *exc):
        modes.grad, modes.inference = self.before

    def clone(self):
        return type(self)(self.mode)


class set_multithreading_enabled(_Switch):
    """Accepted, as a function or for a block: a backward pass is one program, which XLA spreads over its threads."""

    def __init__(self, mode):
        self.mode = mode

    def __enter__(self):
        pass

    def __exit__(self, *exc):
        pass

    def clone(self):
        return type(self)(self.mode)


def _initialised(switch):
    switch.mode = True
    return switch


def is_grad_enabled():
    """Whether operations get a history now."""
    return modes.grad


def is_inference_mode_enabled():
    """Whether inference mode is on."""
    return modes.inference
