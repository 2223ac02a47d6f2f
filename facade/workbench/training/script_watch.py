"""A script that runs as it is, and is watched: which training steps it makes, with what its variables call their values."""

import contextlib
import sys
from pathlib import Path

from facade.core.tensor.tensor import Tensor
from facade.nn.modules.hooks import register_module_forward_pre_hook
from facade.nn.modules.module import Module
from facade.optim.optimizer import Optimizer
from facade.workbench.naming import Namer, is_long_list
from facade.workbench.recording import Recording
from facade.workbench.watching import Seen, backward_noticed, leaves_of

OURS = str(Path(__file__).parents[2])


class Enough(BaseException):
    """Ends a script whose steps have been seen. No Exception: a script that catches those ends too."""


class Watch:
    """Sees the training steps of what runs: seen: a `Seen` for each, with the `Namer` of its variables and the line of its backward pass.
    """

    def __init__(self, steps):
        self.steps, self.seen, self.now, self.buffers, self.last = steps, [], None, {}, (0, 0)

    def run(self, script):
        """Call `script()` until enough steps have been seen."""
        with Recording() as self.recorded, backward_noticed(self._passed), contextlib.suppress(Enough):
            handle = register_module_forward_pre_hook(self._called)
            try:
                script()
            finally:
                handle.remove()
                self._perhaps_over(True)
        return self

    def _called(self, module, inputs):
        self._perhaps_over()
        for buffer in module._buffers.values():
            if buffer is not None:
                self.buffers.setdefault(buffer, buffer.value)

    def _perhaps_over(self, at_end=False):
        if self.now is not None and self.now.is_over():
            self.now.close(self.recorded.place)
            self.seen.append(self.now)
            self.now, self.buffers = None, {}
            if not at_end and [each.line for each in self.seen].count(self.seen[-1].line) >= self.steps:
                raise Enough

    def _passed(self, loss, nodes):
        self._perhaps_over()
        frames = _users_frames()
        if self.now is None:
            self.now = Seen(self.buffers, self.last)
            self.now.line = frames[0].f_code.co_filename, frames[0].f_lineno
            self.now.namer, self.now.optimizers, self.now.scalars = Namer(self.now.before, lists=True), [], {}
        _name_all(self.now, frames)
        for leaf in leaves_of(nodes):
            self.now.namer.add("param", leaf)
        self.now.add(loss, nodes)
        self.last = self.recorded.place


def _users_frames():
    """The frames of the program, innermost first."""
    frame, found = sys._getframe(2), []
    while frame is not None:
        if not frame.f_code.co_filename.startswith((OURS, "<frozen")):
            found.append(frame)
        frame = frame.f_back
    return found


def _name_all(seen, frames):
    """Give the values that a program can reach the names of its variables."""
    things = [(name, thing) for frame in frames for name, thing in _variables(frame)]
    modules = list(dict.fromkeys(thing for _, thing in things if isinstance(thing, Module) and next(thing.parameters(), None) is not None))
    inner = {each for module in modules for each in module.modules() if each is not module}
    outer = [module for module in modules if module not in inner]
    seen.namer.several = len(outer) > 1
    seen.optimizers = [thing for _, thing in things if isinstance(thing, Optimizer)]
    seen.scalars |= {name: thing for name, thing in things[::-1] if thing.__class__ is float}
    for chosen in (lambda thing: isinstance(thing, Module) and thing in outer, is_long_list, lambda thing: isinstance(thing, Tensor),
                   lambda thing: not isinstance(thing, (Tensor, Module))):
        for name, thing in things:
            if chosen(thing):
                seen.namer.add(name, thing)


def _variables(frame):
    found = [(name, thing) for name, thing in frame.f_locals.items() if not name.startswith("_")]
    owner = frame.f_locals.get("self")
    if owner is not None and not isinstance(owner, (Module, Tensor)) and hasattr(owner, "__dict__"):
        found += [(name, thing) for name, thing in vars(owner).items() if not name.startswith("_")]
    return [pair for pair in found if pair[0] != "self" or isinstance(pair[1], Module)]
