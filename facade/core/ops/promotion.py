"""Which dtype an operation computes in: torch's rules, over specs of tensors and types of Python numbers.

Tensors with dimensions decide first, then zero-dimensional ones, then numbers; a later group only counts when its
category (bool, integer, float, complex) is higher.
"""

from facade.core import dtypes, engine
from facade.core.engine import Spec

_NUMBERS = {bool: lambda: dtypes.bool, int: lambda: dtypes.int64, float: dtypes.get_default_dtype,
            complex: lambda: dtypes.get_default_dtype().to_complex()}


def result_type(specs):
    """The common dtype of these operands (None ones are passed over)."""
    dimensioned = scalars = numbers = None
    for spec in specs:
        if spec is None:
            continue
        if type(spec) is not Spec:
            numbers = _join(numbers, _NUMBERS[spec]())
        elif spec.shape:
            dimensioned = _join(dimensioned, dtypes.BY_NUMPY[spec.dtype])
        else:
            scalars = _join(scalars, dtypes.BY_NUMPY[spec.dtype])
    return _combine(dimensioned, _combine(scalars, numbers))


def _join(one, other):
    return other if one is None else dtypes.promote_types(one, other)


def _combine(higher, lower):
    if higher is None or lower is None:
        return higher or lower
    if higher.category == dtypes.COMPLEX or higher.category == dtypes.FLOAT and lower.category <= dtypes.FLOAT:
        return higher
    if higher.category == dtypes.FLOAT:
        return higher.to_complex()
    if higher.category == dtypes.BOOL or lower.category >= dtypes.FLOAT:
        return dtypes.promote_types(higher, lower)
    return higher


def set_default_dtype(d):
    """Make `d` the dtype of new floating-point tensors (torch.set_default_dtype)."""
    dtypes.set_default_dtype(d)
    engine.use_context(d)


class Kind:
    """How a row's operands are brought to one dtype.

    compute(specs) -> the dtype that every operand is cast to, or None to leave them; pointwise: whether shapes broadcast and
    memory order is kept, so that an in-place twin exists.
    """

    __slots__ = ("name", "compute", "pointwise")

    def __init__(self, name, compute, pointwise=True):
        self.name, self.compute, self.pointwise = name, compute, pointwise

    def __repr__(self):
        return self.name


def _float(specs):
    common = result_type(specs)
    return common if common.category >= dtypes.FLOAT else dtypes.get_default_dtype()


def _of_self(specs):
    return dtypes.BY_NUMPY[next(spec for spec in specs if type(spec) is Spec).dtype]


PROMOTE = Kind("PROMOTE", result_type)                        # arithmetic: the common dtype
FLOAT = Kind("FLOAT", _float)                                 # the same, integers becoming the default dtype
SELF = Kind("SELF", _of_self)                                 # numbers are cast to the tensor's dtype
PLAIN = Kind("PLAIN", lambda specs: None, pointwise=False)    # every operand as it is
COMMON = Kind("COMMON", result_type, pointwise=False)         # the common dtype, for what is not elementwise (cat, where)
FLOATING = Kind("FLOATING", _float, pointwise=False)          # FLOAT, for what is not elementwise (softmax, norm)
