"""The tensor: a handle on a storage, with a shape, a view of the storage, and a history.

A fresh result owns its value alone, and gets a storage when something first aliases or changes it. A view keeps the
chain of pure reads that leads from the storage's value to its own, and remembers the last value that it read. Most of
the methods are attached by the modules that own their subject; what stands here is what every one of them needs.
"""


from facade.core import dtypes, engine
from facade.core.shapes import Size, contiguous_strides, is_contiguous
from facade.core.tensor.storage import Storage

_make = object.__new__


def method(function):
    """Attach a function or property to Tensor under its own name."""
    target = function.fget if isinstance(function, property) else function
    setattr(Tensor, target.__name__, function)
    return function


class Tensor:
    """A multi-dimensional array of one dtype that can record how it was computed (torch.Tensor)."""

    # _value: the value last seen; _clock: of the storage at that time; _storage: None while nobody shares;
    # _node, _index: which output of which node of the graph this is; _leaf: a leaf that requires grad.
    __slots__ = ("_value", "_clock", "_storage", "_node", "_index", "_leaf", "__dict__", "__weakref__")

    # What most tensors do not have stands here once and is shadowed in an instance's __dict__.
    _chain = ()             # reads from the storage's value to this one: (row, statics, numbers) each
    _base = None            # the tensor whose history a write to this view changes
    _untracked_view = False # made while history was off, from a tensor that has one
    _base_version = 0       # the version when this view's history was taken from it
    _geometry = None        # (strides, offset), None for contiguous from the start
    _counter = None         # a version counter of its own (`.data`), else the storage's
    _grad = None
    _accumulate = None      # the node that adds to .grad
    _hooks = None
    _retains_grad = False
    _inference = False
    _is_param = False
    _multi_view = None      # (operator, place, perhaps the reason) of a view that may not be written to with history
    _backward_hooks = None
    _post_accumulate = None
    __array_priority__ = 1000
    __module__ = "facade"       # where users find it, and what its repr says

    @classmethod
    def _of(cls, value, node=None, index=0):
        """A tensor that alone owns `value`."""
        tensor = _make(cls)
        tensor._value, tensor._clock, tensor._storage = value, 0, None
        tensor._node, tensor._index, tensor._leaf = node, index, False
        return tensor

    # ------------------------------------------------------------ value
    @property
    def value(self):
        """The engine's value, now."""
        storage = self._storage
        if storage is None or storage.clock == self._clock:
            return self._value
        return self._refresh()

    def _refresh(self):
        """Read this view of the storage again, after somebody wrote to it."""
        whole, clock = self._storage.current(self._chain[0] if self._chain else None)
        if clock != self._clock:
            for row, statics, numbers in self._chain:
                (whole,), _ = engine.record(row, statics, [whole, *numbers])
            self._value, self._clock = whole, clock
        return self._value

    def seen_by(self, step):
        """The engine's value, now, for one who reads it by `step` (row, statics, numbers) alone."""
        storage = self._storage
        return self.value if storage is None or storage.mirror is None or self._chain else storage.current(step)[0]

    @property
    def storage_cell(self):
        """The storage, made when first asked for."""
        if self._storage is None:
            self._storage = Storage(self._value, self._geometry and self._geometry[0])
        return self._storage

    def _alias(self, cls=None, value=None):
        """Another handle on the same memory, with no history; value: what it sees, if it is not what this one sees."""
        storage = self.storage_cell
        alias = _make(cls or Tensor)
        alias._value = self.value if value is None else value
        alias._storage, alias._clock = storage, self._clock if value is None or storage.mirror is None else storage.mirror.clock
        alias._node, alias._index, alias._leaf = None, 0, False
        if self._chain:
            alias._chain = self._chain
        if self._geometry is not None:
            alias._geometry = self._geometry
        if self._counter is not None:
            alias._counter = self._counter
        if self._inference:
            alias._inference = True
        return alias

    # ------------------------------------------------------------ shape and type
    @property
    def shape(self):
        """The sizes of the dimensions, as a Size."""
        return tuple.__new__(Size, self._value.spec.shape)      # known to be ints: 0.2 us instead of 0.9

    @property
    def dtype(self):
        """The type of the elements."""
        return dtypes.BY_NUMPY[self._value.spec.dtype]

    @property
    def ndim(self):
        """The number of dimensions."""
        return len(self._value.spec.shape)

    @property
    def _writes(self):
        """How many in-place writes this memory has seen."""
        counter = self._counter or self._storage
        return 0 if counter is None else counter.version

    @property
    def _version(self):
        if self._inference and self._counter is None:
            raise RuntimeError("Inference tensors do not track version counter.")
        return self._writes

    @property
    def version_counter(self):
        """What counts the in-place writes to this memory."""
        return self._counter or self.storage_cell

    @property
    def strides(self):
        """The step in memory along each dimension, in elements."""
        return contiguous_strides(self._value.spec.shape) if self._geometry is None else self._geometry[0]

    def _is_contiguous(self):
        return self._geometry is None or is_contiguous(self._value.spec.shape, self._geometry[0])

    def numpy_value(self):
        """The elements as a NumPy array that is not to be written to."""
        return engine.read(self.value)


def close(*names):
    """Have writing to these properties of tensors refused in torch's words."""
    def refusing(name):
        def refuse(self, value):
            raise AttributeError(f"attribute '{name}' of 'torch._C.TensorBase' objects is not writable")
        return refuse
    for name in names:
        setattr(Tensor, name, getattr(Tensor, name).setter(refusing(name)))


def to_numpy_scalar(tensor):
    """The one element as a Python number."""
    return tensor.numpy_value().reshape(()).item()


def is_floating(tensor):
    """Whether gradients can flow through this tensor's dtype."""
    return tensor._value.spec.dtype.kind in "fcV" or dtypes.BY_NUMPY[tensor._value.spec.dtype].category >= dtypes.FLOAT


def typename(tensor):
    """torch's old name of the type, such as torch.FloatTensor."""
    return f"torch.{dtypes.BY_NUMPY[tensor._value.spec.dtype].legacy}Tensor"


def type_text(dtype):
    """The name of a tensor's type as torch's C++ says it in a few messages."""
    name = dtype.legacy
    return f"torch.{name}Tensor" if name in ("Float", "Double", "Half", "Byte", "Char", "Short", "Int", "Long") else f"CPU{name}Type"
