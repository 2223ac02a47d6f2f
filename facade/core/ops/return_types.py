"""The named tuples that operators with several results return (torch.return_types)."""


class _ResultTuple(tuple):
    """A tuple whose elements have names; printed as torch prints it."""

    __slots__ = ()
    names = ()

    def __new__(cls, sequence):
        made = tuple.__new__(cls, sequence)
        if len(made) != len(cls.names):
            raise TypeError(f"torch.return_types.{cls.__name__}() takes a {len(cls.names)}-sequence ({len(made)}-sequence given)")
        return made

    def __getattr__(self, name):
        raise AttributeError(f"'torch.return_types.{type(self).__name__}' object has no attribute '{name}'")

    def __repr__(self):
        inner = ",\n".join(f"{name}={value!r}" for name, value in zip(self.names, self))
        return f"{type(self).__module__}.{type(self).__name__}(\n{inner})"

    def __reduce__(self):
        return result_tuple, (type(self).__name__, self.names, tuple(self))


_types = {}


def result_tuple(name, names, values):
    """The results of operator `name`: a plain tuple where they have no names."""
    if not names or not names[0]:
        return tuple(values)
    return tuple.__new__(_types.get((name, names)) or result_kind(name, names), values)


def result_kind(name, names):
    """The type of the results of operator `name`."""
    kind = _types.get((name, names))
    if kind is None:
        fields = {field: property(lambda self, place=place: self[place], _read_only) for place, field in enumerate(names)}
        counts = {"n_fields": len(names), "n_sequence_fields": len(names), "n_unnamed_fields": 0}
        kind = type(name, (_ResultTuple,), {"__slots__": (), "names": names, "__module__": "torch.return_types", **counts, **fields})
        _types[name, names] = kind
    return kind


def _read_only(self, value):
    raise AttributeError("readonly attribute")


def given_tuple(made, out):
    """`out` as torch returns it: named where the results are, by a type of its own."""
    return result_tuple(f"{type(made).__name__}_out", made.names, out) if isinstance(made, _ResultTuple) else out
