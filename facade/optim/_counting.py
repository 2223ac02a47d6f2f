"""The `step` of a parameter's state: a tensor whose number is kept on the host.

torch keeps one tensor for each parameter and adds one to each of them in every step. Here the parameters that take their steps
together share one `Count`, and their tensors look it up when somebody looks at them. So counting costs one addition a group, and the
number is known without reading anything. What somebody else wrote to such a tensor, or loaded, goes its own way until the next step.
"""

import sys

import numpy as np

from facade.core import dtypes, engine
from facade.core.tensor.storage import Storage
from facade.core.tensor.tensor import Tensor, to_numpy_scalar
from facade.core.tensor.write import write

CHANGED = "API has changed, `state_steps` argument must contain a list of singleton tensors"


class Count:
    """How many steps some tensors have taken together, and how many tensors these are."""

    __slots__ = ("number", "followers")

    def __init__(self, number, followers):
        self.number, self.followers = number, followers


def _following(slot):
    """A slot of a storage that rises with the count; to write to it is to go one's own way."""
    def read(self):
        count = self.count
        return slot.__get__(self) if count is None else slot.__get__(self) + int(count.number - self.since)

    def change(self, value):
        self.leave()
        slot.__set__(self, value)
    return property(read, change)


class Counting(Storage):
    """Memory for one number, that of `count` unless this is None.

    since: the number when it began to follow; shown: the number that `value` was made from.
    """

    __slots__ = ("count", "since", "shown")
    _value = Storage.value

    def __init__(self, value, version, clock):
        self.count = None
        super().__init__(value)
        self.version, self.clock = version, clock

    def follow(self, count, before):
        """Show `count` from now on, where it was `before` until now."""
        self.leave()
        self.count, self.since, self.shown = count, before, before
        self.count.followers += 1

    def leave(self):
        """Keep the present number, whatever becomes of the count."""
        count = self.count
        if count is not None:
            value, version, clock = self.value, self.version, self.clock
            self.count = None
            count.followers -= 1
            self.value, self.version, self.clock = value, version, clock

    @property
    def value(self):
        """The engine's value of the number."""
        count = self.count
        if count is not None and count.number != self.shown:
            spec = self._value.spec
            Counting._value.__set__(self, engine.constant(np.full(spec.shape, count.number, spec.dtype)))
            self.shown = count.number
        return self._value

    @value.setter
    def value(self, value):
        self.leave()
        Counting._value.__set__(self, value)

    version = _following(Storage.version)
    clock = _following(Storage.clock)


def step_dtype(group):
    """The dtype of a group's counters."""
    return dtypes.float64 if dtypes.get_default_dtype() is dtypes.float64 and not group.get("fused") else dtypes.float32


def new_step(dtype, number=0.0):
    """A tensor that counts from `number`."""
    made = Tensor._of(engine.constant(np.full((), number, dtype.numpy)))
    made._storage = Counting(made._value, 0, 0)
    return made


def scalar_for(group, number):
    """A tensor of one number in the dtype of the group's counters."""
    return Tensor._of(engine.constant(np.full((), number, step_dtype(group).numpy)))


def advance(steps):
    """Add one to each of these tensors: [(number, positions of those that are there now)]."""
    try:
        count, cells = steps[0]._storage.count, {each._storage for each in steps}
        if count is not None and len(cells) == count.followers == len(steps):
            for cell in cells:
                if cell.count is not count:
                    break
            else:
                count.number += 1.0
                return [(count.number, None)]
    except AttributeError:          # memory of another kind: loaded, copied or replaced
        pass
    return _advance_apart(steps)


def _advance_apart(steps):
    """As `advance`, for tensors that do not all follow one count; from then on those at the same number do."""
    if not all(isinstance(each, Tensor) for each in steps):
        raise RuntimeError(CHANGED)
    counts, places = {}, {}
    for position, each in enumerate(steps):
        before = float(to_numpy_scalar(each))
        number = before + 1.0
        places.setdefault(number, []).append(position)
        if _adopted(each):
            each._storage.follow(counts.setdefault(number, Count(number, 0)), before)
        else:
            spec = each.value.spec
            write(each, engine.constant(np.full(spec.shape, number, spec.dtype)))
    return list(places.items())


def _adopted(tensor):
    """Whether this tensor's memory can count; memory that nobody else has is exchanged for such."""
    storage = tensor.storage_cell
    if storage.mirror is not None or tensor._chain or tensor._counter is not None or tensor._geometry is not None or tensor._node is not None:
        return False
    if storage.__class__ is Storage and sys.getrefcount(storage) == _ONLY_THE_TENSOR:
        tensor._storage = Counting(tensor.value, storage.version, storage.clock)
    return tensor._storage.__class__ is Counting


_ONLY_THE_TENSOR = 3        # what `getrefcount` says above: the tensor, the local variable and the argument
