"""A program: the part of a tape that leads to some of its values, and the three ways to run it.

On the host, NumPy evaluates one kernel after the other. On the device, all are one `jax.jit` function, to which the memory of leaves
that nobody wants any more is given up. In a trace that JAX has begun, the program becomes a piece of it.
"""

import functools
import os
from collections import Counter

import jax
import numpy as np

from facade.core.engine.graph import SCALARS
from facade.core.engine.policy import settings
from facade.core.engine.stats import totals


class Program:
    """What computes some slots of a state: met for the first time on the host, then compiled.

    leaves, leaf_slots: the computed values that are needed, and where they go; given_up: those of them whose memory the
    results may take over; numbers: the Python numbers that are needed, as (type, index); fresh: compiled, and not run yet;
    met: the thread's evaluation when it was last run; returns: how often it was met again soon, the last times; due: the run it was
    compiled for; likeness: what programs of the same operations at other sizes have in common.
    """

    __slots__ = ("steps", "leaves", "leaf_slots", "given_up", "outputs", "numbers", "runs", "met", "returns", "compiled", "fresh", "size", "due",
                 "likeness", "__weakref__")

    def __init__(self, state, outputs, spent=()):
        needed = set(outputs)
        self.steps, self.outputs, self.runs, self.compiled, self.fresh, size = [], outputs, 0, None, False, 0
        self.met = self.returns = self.due = 0
        leaves, specs = {}, {}
        for at in reversed(state.path()):
            slots = range(at.parent.slots, at.slots)
            if at.kernel is None:
                if at.parent.slots in needed:
                    leaves[at.parent.leaves] = at.parent.slots
                    specs[at.parent.slots] = at.inputs
                    size += at.inputs.size
            elif not needed.isdisjoint(slots):
                self.steps.append(_step(at, slots))
                needed.update(source for source in at.inputs if source.__class__ is int)
                size += sum(spec.size for spec in at.kernel.outs)
                specs.update(zip(slots, at.kernel.outs))
        self.steps.reverse()
        wanted = Counter(specs[slot] for slot in outputs)
        self.given_up = tuple(leaf for leaf in spent if leaf in leaves and _take(wanted, specs[leaves[leaf]]))
        self.leaves = self.given_up + tuple(leaf for leaf in reversed(leaves) if leaf not in self.given_up)
        self.leaf_slots = tuple(leaves[leaf] for leaf in self.leaves)
        self.size = size
        self.likeness = hash(tuple(_origin(kernel.operator) for kernel, _, _ in self.steps))
        self.numbers = [source for _, sources, _ in self.steps for source in sources if source[0] is not None]

    def replay(self, arrays, number):
        """The outputs, from the arrays of the leaves and `number(kind, index)`: under a trace, a piece of that trace."""
        slots = dict(zip(self.leaf_slots, arrays))
        for kernel, sources, targets in self.steps:
            results = kernel.call(*(slots[where] if kind is None else number(kind, where) for kind, where in sources))
            slots.update(zip(targets, results))
        return [slots[slot] for slot in self.outputs]

    def on_host(self, epoch):
        """Run through NumPy."""
        slots = {slot: np.asarray(epoch.leaves[leaf].array) for leaf, slot in zip(self.leaves, self.leaf_slots)}
        numbers = epoch.numbers
        with np.errstate(all="ignore"):
            for kernel, sources, targets in self.steps:
                results = kernel.host.run([slots[where] if kind is None else number_array(numbers[where], kind) for kind, where in sources])
                slots.update(zip(targets, results))
        return [slots[slot] for slot in self.outputs]

    def in_trace(self, epoch):
        """Go on with the JAX trace that the leaves belong to."""
        with jax.enable_x64(True):
            return self.replay([epoch.leaves[leaf].array for leaf in self.leaves],
                               lambda kind, where: number_array(epoch.numbers[where], kind))

    def compile(self, device):
        """Make one jitted function of (arrays given up, arrays kept and numbers, in order)."""
        totals.programs += 1
        self.fresh = True
        _use_cache(settings.cache)
        count, leaves = len(self.given_up), len(self.leaves)
        place = {number: leaves + index for index, (_, number) in enumerate(self.numbers)}

        def program(*arguments):
            return self.replay(arguments[:leaves], lambda kind, where: arguments[place[where]].astype(SCALARS[kind]))
        options = settings.compiler_options(self.size) if device is None else None
        self.compiled = jax.jit(program, donate_argnums=tuple(range(count)), compiler_options=options)

    def on_device(self, epoch):
        """Run the compiled program."""
        leaves, numbers = epoch.leaves, epoch.numbers
        arguments = []
        for place, leaf in enumerate(self.leaves):
            array = leaves[leaf].array
            if array.__class__ is np.ndarray:
                array = _on_device(leaves[leaf]) if place >= len(self.given_up) else _put(array, may_alias=False)
            elif leaves[leaf].spec.device is not epoch.device:
                array = np.asarray(array)               # a scalar from elsewhere
            arguments.append(array)
        for kind, where in self.numbers:
            arguments.append(_number_on_device(kind, numbers[where]))
        if _has_other_devices():
            with jax.enable_x64(True), jax.default_device(epoch.device or jax.local_devices(backend="cpu")[0]):
                return self.compiled(*arguments)
        with jax.enable_x64(True):
            return self.compiled(*arguments)


@functools.cache
def _use_cache(directory):
    """Have JAX keep what it compiles in this directory, however small."""
    if directory:
        jax.config.update("jax_compilation_cache_dir", os.path.expanduser(directory))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


@functools.cache
def _has_other_devices():
    """Whether JAX may choose another device than the CPU by itself."""
    return jax.default_backend() != "cpu" or jax.local_device_count() > 1


def number_array(number, kind):
    """A Python number as the zero-dimensional array that a kernel takes."""
    return np.array(number, SCALARS[kind])


def _take(wanted, spec):
    """Whether a result of this spec still wants memory; then it has got some."""
    if not wanted[spec]:
        return False
    wanted[spec] -= 1
    return True


def _step(state, targets):
    """(kernel, sources, targets) of one entry; a source is (None, slot) or (a number's type, its index)."""
    sources, number = [], state.parent.numbers
    for source in state.inputs:
        if source.__class__ is int:
            sources.append((None, source))
        elif source is not None:
            sources.append((source, number))
            number += 1
    return state.kernel, sources, targets


def _origin(operator):
    """What an operator is whatever its sizes are: a derivative is that of what it is the derivative of."""
    order = 0
    while (kernel := getattr(operator, "kernel", None)) is not None:
        operator, order = kernel.operator, order + 1
    return id(operator), order


_numbers = {}       # (type, number) -> its array, None for one that went to a program once


def _number_on_device(kind, number):
    """A Python number as a program's argument: a learning rate that comes again and again is on the device already (1.6 us less)."""
    key = kind, number
    found = _numbers.get(key)
    if found is None:
        found = number_array(number, kind)
        if key in _numbers and number and kind is not complex:      # 0.0 and -0.0 are equal, and so in a complex number's parts
            found = _numbers[key] = _put(found)
        else:
            if len(_numbers) >= settings.numbers:
                _numbers.clear()
            _numbers[key] = None
    return found


def _on_device(value):
    """The array of a value made by NumPy: put on the device when it is large, or used again and again."""
    value.uses = value.uses + 1
    if value.array.nbytes > settings.inline_bytes or value.uses > settings.inline_uses:
        value.array = _put(value.array)
    return value.array


def _put(array, may_alias=None):
    """NumPy's array on the device; may_alias: False for a copy."""
    with jax.enable_x64(True):          # else 64-bit numbers arrive as 32-bit ones
        return jax.device_put(array, may_alias=may_alias)
