"""torch's TypeErrors for arguments that fit no signature.

A name with one signature says which argument is wrong. One with several lists them, and says of those that take as many
arguments what did not match; where only one takes as many, it is treated as the only one.
"""

import re
from dataclasses import replace

from facade.core.devices import device
from facade.core.dtypes import dtype
from facade.core.layouts import layout, memory_format
from facade.core.ops.fitting import CHECKS, fits, renamed, shown_name
from facade.core.ops.schema import Param
from facade.core.ops.signatures import signatures

_OURS = dtype, device, layout, memory_format
_SHOWN = {"ScalarType": "torch.dtype", "Scalar": "Number", "SymInt": "int", "Layout": "torch.layout", "Device": "torch.device",
          "Generator": "torch.Generator", "MemoryFormat": "torch.memory_format", "Storage": "torch.Storage"}
# Names with an older signature that torch does not show, but which makes it treat them as names with several.
_OLDER = {"add", "addbmm", "addcdiv", "addcmul", "addmm", "addmv", "addr", "baddbmm", "sub"}


def mismatch(name, rows, args, kwargs, method):
    """torch's sentence for arguments that fit none of these overloads of `name`."""
    if method and not hasattr(args[0], "requires_grad"):
        return not_a_tensor(name, args[0])
    options = [(row, row.schema.params) for row in signatures(name, method) or rows]
    unpacked = _unpacked(name, [params[method:] for _, params in options], args[method:])
    if unpacked is not None:
        return unpacked
    if len(options) == 1 and name.removesuffix("_") not in _OLDER:
        return _single(name, *options[0], args, kwargs, method)
    given = len(args) - method + len(kwargs)
    plausible = [option for option in options if _fewest(option[1][method:]) <= given <= len(option[1]) - method + bool(_takes_out(option[0], method))]
    if len(plausible) == 1:
        return _single(name, *plausible[0], args, kwargs, method)
    texts = [(signature_text(row, params, method), _slots(params[method:], _takes_out(row, method))) for row, params in options]
    return signature_mismatch(name, texts, args[method:], kwargs)


def _unpacked(name, options, sizes):
    """What torch says of integers given one by one, of which a later one is none; None where that is not the case."""
    for params in options:
        positional = [param for param in params if not param.keyword]
        if len(positional) == 1 and positional[0].is_list and not positional[0].length > 1 and positional[0].type in ("int", "SymInt"):
            wrong = next((place for place, value in enumerate(sizes) if not CHECKS["int"](value)), 0)
            if wrong:
                return (f"{name}(): argument '{positional[0].name}' failed to unpack the object at pos {wrong + 1} with error "
                        f"\"type must be tuple of ints,but got {kind_name(sizes[wrong])}\"")
    return None


def not_a_tensor(name, value):
    """torch's sentence for a method of Tensor that is called with something else for `self`."""
    kind = "torch." * (type(value) in _OURS) + type(value).__name__
    return f"descriptor '{name}' for 'torch._C.TensorBase' objects doesn't apply to a '{kind}' object"


def _fewest(params):
    return sum(param.required for param in params)


def _takes_out(row, method):
    """0 where no `out=` is taken, 1 for one tensor, 2 for a tuple of them."""
    return (not method and bool(row.out)) * (2 if len(row.schema.results) > 1 else 1)


def signature_mismatch(name, options, args, kwargs):
    """torch's sentence for arguments that fit none of these options.

    options: texts of signatures such as "(Tensor input, int dim = 0)", or pairs of such a text and its slots (see `_slots`).
    """
    options = [(each, _slots(_read(each))) if isinstance(each, str) else each for each in options]
    start = f"{name}() received an invalid combination of arguments - got "
    if len(options) > 1:
        return start + _described(args, kwargs) + ", but expected one of:\n" + "".join(
            f" * {text}\n{_reason(slots, args, kwargs)}" for text, slots in options)
    text, slots = options[0]
    strange = _strange(slots, kwargs)
    if strange:
        return start + f"unrecognized keyword arguments: {strange}"
    return start + _described(args, kwargs, _wrong(slots, args, kwargs) if _as_many(slots, args, kwargs) else None) + f", but expected {text}"


def _slots(params, out=False):
    """What torch counts as the arguments of a signature: the star before the keywords (None) is one of them, and so is `out`."""
    keywords = [param for param in params if param.keyword]
    made = any(param.type == "Layout" for param in keywords)     # of what makes tensors, `out` stands before their options
    place = next((place for place, param in enumerate(keywords) if made and param.type == "ScalarType"), len(keywords))
    keywords[place:place] = [(_OUT, _OUTS)[out - 1]] if out else []
    return [*(param for param in params if not param.keyword), *([None] if keywords else []), *keywords]


_OUT = Param("out", "Tensor", keyword=True, required=False)
_OUTS = replace(_OUT, is_list=True)
_TYPES = {"torch.dtype": "ScalarType", "Number": "Scalar"}


def _read(text):
    """The parameters that a signature in torch's messages lists."""
    params, keyword = [], False
    for piece in text.strip("()").split(", "):
        kind, _, name = piece.partition(" = ")[0].rpartition(" ")
        is_list = kind.startswith("tuple of ")
        kind = kind.removeprefix("tuple of ").removesuffix("s") if is_list else kind
        keyword |= piece == "*"
        if piece != "*":
            params.append(Param(name, _TYPES.get(kind, kind), is_list, keyword=keyword, required="=" not in piece))
    return params


def _as_many(slots, args, kwargs):
    return len(args) + len(kwargs) == max(len(slots), 1)     # torch reads () as one argument without a name


def _strange(slots, kwargs):
    """The keywords that a signature does not have, with commas between."""
    return ", ".join(key for key in kwargs if renamed(key, filter(None, slots)) is None)


def _wrong(slots, args, kwargs):
    """For each argument whether its type does not match."""
    params = list(filter(None, slots))
    star = slots.index(None) if None in slots else len(slots)
    return [place >= star or not _named_so(slots[place], value) for place, value in enumerate(args)] + [
        not fits(renamed(key, params), value, None) for key, value in kwargs.items()]


def _named_so(slot, value):
    """Whether torch finds that a positional argument matches: it knows neither "Number" nor a type with a default, nor lists."""
    return slot.required and slot.type != "Scalar" and not slot.is_list and fits(slot, value, None)


def _reason(slots, args, kwargs):
    """Why a signature that takes as many arguments did not match; nothing for one that does not."""
    if not _as_many(slots, args, kwargs):
        return ""
    strange = _strange(slots, kwargs)
    if strange:
        return f"      didn't match because some of the keywords were incorrect: {strange}\n"
    return f"      didn't match because some of the arguments have invalid types: {_described(args, kwargs, _wrong(slots, args, kwargs))}\n"


def _described(args, kwargs, wrong=None):
    """The types of arguments in brackets; with `wrong` in full, those that are wrong between exclamation marks."""
    values = [*args, *kwargs.values()]
    kinds = [kind_name(each) for each in values] if wrong is None else [
        f"!{type_name(each)}!" if bad else type_name(each) for each, bad in zip(values, wrong)]
    named = [f"{key}={kind}" for key, kind in zip(kwargs, kinds[len(args):])]
    if wrong is not None:
        named = [f"!{key}={kind.strip('!')}!" if bad else f"{key}={kind}"
                 for key, kind, bad in zip(kwargs, kinds[len(args):], wrong[len(args):])]
    return "(" + ", ".join([*kinds[:len(args)], *named]) + ", " * (bool(named) and not args) + ")"


def type_name(value):
    """A value's type as torch's messages write it, with those of the elements of a list or tuple."""
    if type(value) in (list, tuple):
        inner = ", ".join(map(type_name, value))
        return f"list of [{inner}]" if isinstance(value, list) else f"tuple of ({inner}{',' * (len(value) == 1)})"
    return kind_name(value)


def kind_name(value):
    """The same without what a list or tuple holds; a name of torch's that is left out says so itself."""
    if hasattr(type(value), "refuse"):
        value.refuse()
    if getattr(value, "_is_param", False):
        return "Parameter"
    kind = type(value)
    shown = "numpy" if kind.__module__ == "numpy" else "torch" if kind in _OURS else None
    return kind.__name__ if shown is None else f"{shown}.{kind.__name__}"


def _kind(param):
    kind = param.type if param.is_list and param.type == "Scalar" else _SHOWN.get(param.type, param.type)
    return f"tuple of {kind}s" if param.is_list else kind


def signature_text(row, params, method):
    """An overload as torch prints it in its TypeErrors: (Tensor input, int dim = None, *, torch.dtype dtype = None)."""
    pieces = ["*" if slot is None else _piece(slot) for slot in _slots(params[method:], _takes_out(row, method))]
    return f"({', '.join(pieces)})"


def _piece(param):
    default = f'"{param.default}"' if isinstance(param.default, str) else param.default
    return f"{_kind(param)} {shown_name(param)}" + ("" if param.required else f" = {default}")


# ---------------------------------------------------------------- one signature
def _single(name, row, params, args, kwargs, method):
    """What torch says when it takes one parameter after the other: the first that is wrong or missing, then keywords that nothing took."""
    positional = [param for param in params if not param.keyword]
    if method and len(params) == 1:
        given = len(args) - 1
        return f"{type(args[0]).__name__}.{name}() takes no " + ("keyword arguments" if kwargs else f"arguments ({given} given)")
    if len(args) > len(positional):
        return too_many(name, _fewest(params) - method, len(positional) - method, len(args) - method)
    slots, taken = list(filter(None, _slots(params, _takes_out(row, method)))), set()
    for place, param in enumerate(slots):
        key = None if place < len(args) else next((key for key in kwargs if renamed(key, [param]) is not None), None)
        if place >= len(args) and key is None:
            if param.required:
                return missing_reason(name, [shown_name(each) for each in slots[place:] if each.required])
            continue
        taken.add(key)
        if not fits(param, args[place] if key is None else kwargs[key], row):
            return _wrong_argument(name, param, args[place] if key is None else kwargs[key], "" if key else f"(position {place + 1 - method}) ")
    strange = next((key for key in kwargs if key not in taken), None)
    if strange is None:
        return f"{name}() received an invalid combination of arguments"
    given = strange in map(shown_name, slots[method:len(args)])
    return f"{name}() got " + (f"multiple values for argument '{strange}'" if given else f"an unexpected keyword argument '{strange}'")


def too_many(name, fewest, most, given):
    """torch's sentence for more positional arguments than a function takes: at least `fewest`, `most` at most."""
    if fewest != most:
        return f"{name}() takes from {fewest} to {most} positional arguments but {given} were given"
    return f"{name}() takes {most} positional argument{'s' * (most != 1)} but {given} {'was' if given == 1 else 'were'} given"


def missing_reason(name, missing):
    """torch's sentence for arguments that are missing; its plural is the other way round."""
    missing = list(missing)
    shown = ", ".join(f'"{each}"' for each in missing)
    return f"{name}() missing {len(missing)} required positional argument{'s' * (len(missing) == 1)}: {shown}"


def _wrong_argument(name, param, value, place):
    if param.is_list and isinstance(value, (list, tuple)):
        element = replace(param, is_list=False, optional=False)
        wrong = next(index for index, each in enumerate(value) if not fits(element, each, None))
        if param.type == "Tensor":
            return f"expected Tensor as element {wrong} in argument {int(re.search('[0-9]+', place)[0]) - 1 if place else 0}, but got {type_name(value[wrong])}"
        return (f"{name}(): argument '{shown_name(param)}' {place}must be {_kind(param)}, but found element of type "
                f"{kind_name(value[wrong])} at pos {wrong}")
    return f"{name}(): argument '{shown_name(param)}' {place}must be {_kind(param)}, not {kind_name(value)}"
