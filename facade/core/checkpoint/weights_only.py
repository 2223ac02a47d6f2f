"""Reading a pickle from anybody: a machine that makes tensors and plain containers, and nothing that is not on its list.

A pickle is a program whose GLOBAL may name any function and whose REDUCE calls it. This machine knows the operations that
PyTorch's own machine knows, refuses all others, and looks functions and classes up in a list of names, to which the user
may add (`add_safe_globals`). It imports nothing: a name that is not on the list is never resolved.
"""

import pickle
import struct
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import Counter, OrderedDict

from facade.core import dtypes
from facade.core.checkpoint import names
from facade.core.checkpoint.pickles import StorageType
from facade.core.ops import legacy
from facade.core.ops.composites.storages import NAMED, TypedStorage, UntypedStorage
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn

UnpicklingError = pickle.UnpicklingError
_BLOCKED = ("sys", "os", "posix", "nt")         # never allowed, whatever the user says
_SETTABLE = (dict, OrderedDict, Counter)


# ---------------------------------------------------------------- what is allowed
def _encode(text, encoding):
    """The bytes that protocol 2 writes as text."""
    if encoding not in ("latin1", "latin-1"):
        raise UnpicklingError(f"bytes are encoded in latin1, not in {encoding}")
    return text.encode(encoding)


def _byte_array(data=b"", *encoding):
    """A bytearray of given bytes; one of a given size could be of any."""
    return bytearray(_encode(data, *encoding) if isinstance(data, str) else bytes(memoryview(data)))


def _named_in_torch(path):
    module, _, name = path.rpartition(".")
    return names.find(module, name, None)


_PLAIN = {"collections.OrderedDict": OrderedDict, "collections.Counter": Counter, "_codecs.encode": _encode, "builtins.bytearray": _byte_array,
          "builtins.set": set, "builtins.complex": complex, "torch.Tensor": Tensor,
          **{f"torch.{name}": StorageType(name) for name in NAMED}, **{f"torch.{name}": kind for name, kind in legacy.TYPES.items()},
          **{str(each): each for each in dtypes.ALL}}
_BY_NAME = ("torch.nn.parameter.Parameter", "torch.serialization._get_layout", "torch.Size", "torch.device", "torch.storage.UntypedStorage",
            "torch.storage.TypedStorage", "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
            "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3",
            "torch._tensor._rebuild_from_type_v2")
_UNSIZED = (Tensor, UntypedStorage, TypedStorage, *legacy.TYPES.values())       # called with a number they take that much memory
_users = {}         # what users allow: as they gave it, and the order in which they did


def allowed_by_default():
    """path in torch -> what it stands for, of everything that needs no permission."""
    return _PLAIN | {path: _named_in_torch(path) for path in _BY_NAME}


def allowed_by_user():
    """path -> function or class, of what `add_safe_globals` was given."""
    found = {}
    for each in _users:
        if isinstance(each, tuple):
            if len(each) != 2:
                raise ValueError(f"Expected tuple of length 2 (global, str of callable full path), but got tuple of length: {len(each)}")
            if type(each[1]) is not str:
                raise TypeError(f"Expected second item in tuple to be str of callable full path, but got: {type(each[1])}")
            found[each[1]] = each[0]
        else:
            found[names.full_name(each)] = each
    return found


def allow(things):
    """Add functions and classes, or pairs of one and its path, to what is allowed."""
    _users.update(dict.fromkeys(things))


def disallow(things):
    """Take them off the list again."""
    for each in things:
        _users.pop(each, None)


def users_list():
    """What the user allowed."""
    return list(_users)


def _refused(path):
    shown = path.removeprefix("builtins.")
    return UnpicklingError(f"Unsupported global: GLOBAL {shown} was not an allowed global by default. Please use "
                           f"`torch.serialization.add_safe_globals([{shown}])` or the `torch.serialization.safe_globals([{shown}])` context manager "
                           "to allowlist this global if you trust this class/function.")


def _path(module, name):
    """A path as Python 3 has it: files say __builtin__."""
    module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
    return module, f"{module}.{name}"


# ---------------------------------------------------------------- the machine
class Unpickler:
    """Reads one object from a binary file; `persistent_load(id)`, set from outside, gives it storages."""

    def __init__(self, file, *, encoding="bytes"):
        self._read, self._line, self._encoding = file.read, file.readline, encoding
        self._memo, self._marks, self._stack = {}, [], []
        self._allowed = allowed_by_default() | allowed_by_user()
        self._callable = {id(each) for each in self._allowed.values()}

    def load(self):
        """The object; UnpicklingError for what is not allowed or no pickle, EOFError where the file ends early."""
        while True:
            code = self._read(1)
            if not code:
                raise EOFError
            if code == pickle.STOP:
                return self._pop()
            step = _STEPS.get(code)
            if step is None:
                raise UnpicklingError(f"Unsupported operand {code[0]}")
            step(self)

    # ------------------------------------------------------------ stack
    def _pop(self):
        if not self._stack:
            raise UnpicklingError("the pickle is corrupt: it takes more from the stack than it put there")
        return self._stack.pop()

    def _top(self):
        if not self._stack:
            raise UnpicklingError("the pickle is corrupt: it takes more from the stack than it put there")
        return self._stack[-1]

    def _since_mark(self):
        if not self._marks:
            raise UnpicklingError("the pickle is corrupt: it goes back to a mark that it did not set")
        items, self._stack = self._stack, self._marks.pop()
        return items

    def _mark(self):
        self._marks.append(self._stack)
        self._stack = []

    def _push(self, value):
        self._stack.append(value)

    # ------------------------------------------------------------ what the file says
    def _bytes(self, count):
        found = self._read(count)
        if len(found) != count:
            raise EOFError
        return found

    def _number(self, form):
        return struct.unpack(form, self._bytes(struct.calcsize(form)))[0]

    def _text(self, data):
        try:
            return str(data, "utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise UnpicklingError("the pickle is corrupt: a text is not in UTF-8") from None

    def _string(self):
        data = self._bytes(self._number("<B"))
        self._push(data if self._encoding == "bytes" else data.decode(self._encoding, "strict"))

    def _protocol(self):
        protocol = self._number("<B")
        if protocol != 2:
            warn(f"Detected pickle protocol {protocol} in the checkpoint, which was not the default pickle protocol used by `torch.load` "
                 "(2). The weights_only Unpickler might not support all instructions implemented by this protocol, please file an issue for "
                 "adding support if you encounter this.")

    # ------------------------------------------------------------ memo
    def _get(self, form):
        index = self._number(form)
        if index not in self._memo:
            raise UnpicklingError(f"Memo value not found at index {index}")
        self._push(self._memo[index])

    def _put(self, form):
        self._memo[self._number(form)] = self._top()

    # ------------------------------------------------------------ containers
    def _tuple(self, count):
        items = [self._pop() for _ in range(count)]
        self._push(tuple(reversed(items)))

    def _append(self, items, verb):
        target = self._top()
        if type(target) is not list:
            raise UnpicklingError(f"Can only {verb} lists, but got {type(target)}")
        target.extend(items)

    def _set(self, items, code):
        target = self._top()
        if type(target) not in _SETTABLE:
            raise UnpicklingError(f"Can only {code} for dict, collections.OrderedDict, collections.Counter, but got {type(target)}")
        if len(items) % 2:
            raise UnpicklingError("the pickle is corrupt: a key has no value")
        for key, value in zip(items[::2], items[1::2]):
            target[key] = value

    # ------------------------------------------------------------ what could run code
    def _global(self):
        module, path = _path(*(self._text(self._line()[:-1]) for _ in range(2)))
        if module in _BLOCKED:
            raise UnpicklingError(f"Trying to load unsupported GLOBAL {path} whose module {module} is blocked.")
        if path not in self._allowed:
            raise _refused(path)
        self._push(self._allowed[path])

    def _reduce(self):
        arguments, function = self._pop(), self._pop()
        if id(function) not in self._callable:
            owner = f" which belongs to {function.__self__}" if hasattr(function, "__self__") else ""
            raise UnpicklingError(f"Trying to call reduce for unrecognized function {function}{owner}")
        self._push(self._made(function, arguments, function))

    def _new(self):
        arguments, cls = self._pop(), self._pop()
        if not isinstance(cls, type) or id(cls) not in self._callable:
            raise UnpicklingError(f"Can only create new object for nn.Parameter or classes allowlisted via `add_safe_globals` but got {cls}")
        self._push(self._made(cls, arguments, lambda *given: cls.__new__(cls, *given)))

    def _made(self, thing, arguments, make):
        if type(arguments) is not tuple or not callable(thing):
            raise UnpicklingError(f"the pickle is corrupt: it calls {thing} with {type(arguments)}")
        if thing in _UNSIZED and arguments:
            raise UnpicklingError(f"a file may make a {thing.__name__} of saved memory alone")
        try:
            return make(*arguments)
        except (AttributeError, KeyError, IndexError) as failure:
            if any(thing is each for each in allowed_by_user().values()):
                raise
            raise UnpicklingError(f"the pickle is corrupt: {thing} cannot take {arguments!r:.200}") from failure

    def _build(self):
        state, thing = self._pop(), self._top()
        if type(thing) is Tensor and type(state) is tuple:
            thing.set_(*state)
        elif type(thing) is OrderedDict and type(state) is dict:
            thing.__dict__.update(state)
        elif id(type(thing)) in self._callable and not isinstance(thing, (Tensor, type)):
            _set_state(thing, state)
        else:
            raise UnpicklingError("Can only build Tensor, Parameter, OrderedDict or types allowlisted via `add_safe_globals`, "
                                  f"but got {type(thing)}")

    def _persistent(self):
        reference = self._pop()
        if type(reference) is not tuple and type(reference) is not int:
            raise UnpicklingError(f"persistent_load id must be tuple or int, but got {type(reference)}")
        if type(reference) is tuple and reference[:1] not in (("storage",), (b"storage",)):
            raise UnpicklingError(f"Only persistent_load of storage is allowed, but got {reference[0] if reference else ()}")
        self._push(self.persistent_load(reference))

    def persistent_load(self, reference):
        """The storage that a reference stands for."""
        raise UnpicklingError("unsupported persistent id encountered")


def _set_state(thing, state):
    if hasattr(thing, "__setstate__"):
        thing.__setstate__(state)
        return
    slots = None
    if isinstance(state, tuple) and len(state) == 2:
        state, slots = state
    if state:
        thing.__dict__.update(state)
    for name, value in (slots or {}).items():
        setattr(thing, name, value)


def _pushing(value):
    return lambda machine: machine._push(value() if callable(value) else value)


def _reading(form):
    return lambda machine: machine._push(machine._number(form))


_STEPS = {
    pickle.GLOBAL: lambda machine: machine._global(), pickle.REDUCE: lambda machine: machine._reduce(),
    pickle.NEWOBJ: lambda machine: machine._new(), pickle.BUILD: lambda machine: machine._build(),
    pickle.BINPERSID: Unpickler._persistent, pickle.PROTO: Unpickler._protocol, pickle.MARK: Unpickler._mark,
    pickle.NONE: _pushing(None), pickle.NEWFALSE: _pushing(False), pickle.NEWTRUE: _pushing(True), pickle.EMPTY_TUPLE: _pushing(()),
    pickle.EMPTY_LIST: _pushing(list), pickle.EMPTY_DICT: _pushing(dict), pickle.EMPTY_SET: _pushing(set),
    pickle.BININT: _reading("<i"), pickle.BININT1: _reading("<B"), pickle.BININT2: _reading("<H"), pickle.BINFLOAT: _reading(">d"),
    pickle.LONG1: lambda machine: machine._push(int.from_bytes(machine._bytes(machine._number("<B")), "little", signed=True)),
    pickle.BINUNICODE: lambda machine: machine._push(machine._text(machine._bytes(machine._number("<I")))),
    pickle.SHORT_BINSTRING: Unpickler._string,
    pickle.BINGET: lambda machine: machine._get("<B"), pickle.LONG_BINGET: lambda machine: machine._get("<I"),
    pickle.BINPUT: lambda machine: machine._put("<B"), pickle.LONG_BINPUT: lambda machine: machine._put("<I"),
    pickle.TUPLE: lambda machine: machine._push(tuple(machine._since_mark())), pickle.TUPLE1: lambda machine: machine._tuple(1),
    pickle.TUPLE2: lambda machine: machine._tuple(2), pickle.TUPLE3: lambda machine: machine._tuple(3),
    pickle.APPEND: lambda machine: machine._append([machine._pop()], "append to"),
    pickle.APPENDS: lambda machine: machine._append(machine._since_mark(), "extend"),
    pickle.SETITEM: lambda machine: machine._set([machine._pop(), machine._pop()][::-1], "SETITEM"),
    pickle.SETITEMS: lambda machine: machine._set(machine._since_mark(), "SETITEMS"),
}


# ---------------------------------------------------------------- looking without loading
class Inert:
    """Stands for whatever a pickle makes, and does nothing."""

    def __new__(cls, *args, **kwargs):
        return object.__new__(cls)

    def __init__(self, *args, **kwargs):
        pass

    def _nothing(self, *args, **kwargs):
        return None

    __call__ = __setstate__ = __setitem__ = append = extend = add = _nothing


class Survey(Unpickler):
    """The machine with all that it makes inert; `references` are those to storages."""

    def __init__(self, file, *, encoding="bytes"):
        super().__init__(file, encoding=encoding)
        self.references = []

    def _global(self):
        _, path = _path(*(self._text(self._line()[:-1]) for _ in range(2)))
        self._push(inert(*path.rpartition(".")[::2]))

    def _reduce(self):
        self._stack = self._stack[:-2] + [Inert()]

    _new = _reduce

    def _build(self):
        self._pop()

    def _append(self, items, verb):
        """Leave it: what it would go to may be inert."""

    def _set(self, items, code):
        """Leave it too."""

    def persistent_load(self, reference):
        """Note a reference."""
        self.references.append(reference)
        return Inert()


def inert(module, name):
    """What stands for a function or class: the dtype of a class of storages is known, and nothing else."""
    return StorageType(name) if name in NAMED else UntypedStorage if name == "UntypedStorage" else Inert


def load(file, *, encoding="ASCII"):
    """One object from a file, without storages."""
    return Unpickler(file, encoding=encoding).load()


_SKIPPED = {code: struct.calcsize(form) for form, codes in (
    ("<0s", (pickle.NEWOBJ, pickle.REDUCE, pickle.BUILD, pickle.APPEND, pickle.APPENDS, pickle.SETITEM, pickle.SETITEMS, pickle.MARK, pickle.TUPLE,
             pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3, pickle.NONE, pickle.NEWFALSE, pickle.NEWTRUE, pickle.EMPTY_TUPLE, pickle.EMPTY_LIST,
             pickle.EMPTY_DICT, pickle.EMPTY_SET, pickle.BINPERSID)),
    ("<B", (pickle.BININT1, pickle.BINGET, pickle.BINPUT, pickle.PROTO)), ("<H", (pickle.BININT2,)),
    ("<I", (pickle.BININT, pickle.LONG_BINGET, pickle.LONG_BINPUT)), ("<d", (pickle.BINFLOAT,))) for code in codes}
_COUNTED = {pickle.BINUNICODE: "<I", pickle.SHORT_BINSTRING: "<B", pickle.LONG1: "<B"}


def globals_in(file):
    """The paths that a pickle names, found without running it."""
    machine, found = Unpickler(file), set()
    while (code := machine._read(1)) != pickle.STOP:
        if not code:
            raise EOFError
        if code == pickle.GLOBAL:
            found.add(_path(*(machine._text(machine._line()[:-1]) for _ in range(2)))[1])
        elif code in _SKIPPED or code in _COUNTED:
            machine._bytes(machine._number(_COUNTED[code]) if code in _COUNTED else _SKIPPED[code])
        else:
            raise UnpicklingError(f"Unsupported operand {code[0]}")
    return found
