"""The named tuples that operators with several results return (torch.return_types)."""


class _ResultTuple(tuple):
    """A tuple whose elements have names; printed as torch prints it."""

    __slots__ = ()
    names = ()

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
    kind = _types.get((name, names))
    if kind is None:
        fields = {field: property(lambda self, place=place: self[place]) for place, field in enumerate(names)}
        kind = type(name, (_ResultTuple,), {"__slots__": (), "names": names, "__module__": "torch.return_types", **fields})
        _types[name, names] = kind
    return kind(values)


def given_tuple(made, out):
    """`out` as torch returns it: named where the results are, by a type of its own."""
    return result_tuple(f"{type(made).__name__}_out", made.names, out) if isinstance(made, _ResultTuple) else out
