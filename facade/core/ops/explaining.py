"""torch's TypeErrors for functions written in Python.

Where torch's function is from C++, its signatures are known, and arguments are held against them before it is called: once for each
combination of types. Of the others they are looked for only when a call has failed. What a parameter takes is then told by its
name; names that say nothing are not judged, and the error stays as it was.
"""

import functools
import inspect

from facade.core.engine import tapes
from facade.core.ops.binding import check_ints, match
from facade.core.ops.dispatch import complain_first
from facade.core.ops.fitting import CHECKS, own_name, takes_out
from facade.core.ops.mismatch import kind_name, mismatch, missing_reason
from facade.core.ops.overriding import NEVER_ASK, forgetting, hand_over, in_lists, overloaded
from facade.core.ops.signatures import signatures
from facade.core.tensor.tensor import Tensor

_INTEGERS = {"dim", "dim0", "dim1", "dim2", "start_dim", "end_dim", "chunks", "offset", "dimension", "step", "n", "diagonal", "num_samples"}
# In torch too these are made of other functions, or look at their arguments in their own order.
CHECKING_FIRST = {"apply_", "chunk", "conv1d", "conv2d", "conv3d", "detach_", "flatten", "map_", "map2_", "narrow", "requires_grad_", "resize_", "resize_as_",
                  "set_", "share_memory_", "unflatten"}
_SHAPES = {"size", "shape", "dims", "sizes"}


def explained(name, function, method=False, listed=True):
    """The function, whose errors about arguments are torch's, and which leaves no deferred check behind when it fails.

    listed: whether `name` is what signatures.txt calls it.
    """
    suiting, known = set(), {}      # types of arguments that fit; where types do not tell, the kinds -> the signature, if it wants integers
    forgetting.append(suiting.clear)
    title, own_title = "Tensor." * method + name, inspect.unwrap(function).__qualname__
    options = functools.cache(lambda: signatures(name, method) if listed else ())

    def suit(args, names, types, forgets):
        """The arguments as the function takes them; torch's TypeError where they fit no signature."""
        kinds = (*map(_kind, args), *names, *map(_kind, names.values()))
        option = known.get(kinds)
        if option is None:
            option = _suiting(name, options(), args, names, method) if options() else False
            if forgets:
                return args
            if (not option or _told_by_types(option, args, names)) and not (in_lists and (list in types or tuple in types)):
                suiting.add(types)
            known[kinds] = option = option and _wants_integers(option) and option
        return _with_ints(option, args) if option else args

    def recover(error, args, names):
        """What to do after an error: torch's own way with these arguments, or torch's error."""
        if isinstance(error, (IndexError, RuntimeError)) and name not in CHECKING_FIRST:
            complain_first(args, writes=name.endswith("_"))
        _, asked = overloaded(args, names)
        if asked and isinstance(error, TypeError):      # one that a list of tensors begins without
            return hand_over(call, title, asked, args, names)
        if options():
            own = _own_names(function, names) if isinstance(error, TypeError) else names
            if own != names:
                return function(*args, **own)
            if isinstance(error, _ABOUT_ARGUMENTS):
                _check_lists(name, _suiting(name, options(), args, names, method), args)
            raise error
        if isinstance(error, TypeError) and str(error).startswith(f"{own_title}() "):
            raise TypeError(str(error).replace(own_title, title, 1)) from None      # Python's words, of a function that is Python's in torch too
        reason = _reason(name, function, args, names, method) if isinstance(error, _ABOUT_ARGUMENTS) and not _told(name, error) else None
        if reason is None:
            raise error
        raise TypeError(reason).with_traceback(error.__traceback__) from None

    @functools.wraps(function)
    def call(*args, **names):
        types = tuple(map(type, args)) if not names or not listed else (*map(type, args), *names, *map(type, names.values()))
        if types not in suiting:
            is_overloaded, asked = overloaded(args, names)
            if asked and name not in NEVER_ASK:
                return hand_over(call, title, asked, args, names)
            args = suit(args, names, types, is_overloaded)
        checks = tapes.epoch.checks
        pending = len(checks)
        try:
            return function(*args, **names)
        except Exception as error:
            del checks[pending:]        # else an index of this call would be complained of by a read that has nothing to do with it
            return recover(error, args, names)
    return call


_ABOUT_ARGUMENTS = TypeError, AttributeError, ValueError, KeyError


def _own_names(function, names):
    """The keywords with NumPy's names for torch's replaced: `axis` is `dim`, where the function has that parameter and not the other."""
    params = inspect.signature(function).parameters
    return {own_name(name, params): value for name, value in names.items()}


def _told(name, error):
    """Whether an error speaks of arguments in torch's words already."""
    return "received an invalid combination" in str(error) or str(error).startswith(f"{name}(): ")


def _suiting(name, options, args, names, method):
    """The first of these signatures that the arguments fit; torch's TypeError where they fit none."""
    given = args
    if len(args) > method and any(_takes_sizes(option, method) for option in options) and all(map(CHECKS["int"], args[method:])):
        given = (*args[:method], args[method:])      # sizes one by one
    found = next((option for option in options if _fits(option, given, names, method)), None)
    if found is None:
        raise TypeError(mismatch(name, options, given, names, method))
    return found


def _check_lists(name, option, args):
    """Raise torch's TypeError where a list of ints holds something else, which its first element does not tell."""
    for param, value in zip(option.schema.params, args):
        if param.is_list and param.type == "int" and isinstance(value, (list, tuple)):
            check_ints(value, f"{name}(): argument '{param.name}'")
        elif param.is_list and param.type == "Tensor" and isinstance(value, (list, tuple)):
            _check_tensors(value)


def _check_tensors(values):
    wrong = next((place for place, each in enumerate(values) if not isinstance(each, Tensor)), None)
    if wrong is not None:
        raise TypeError(f"expected Tensor as element {wrong} in argument 0, but got {kind_name(values[wrong])}")


def _kind(value):
    """What decides whether a value fits: its type, what a list begins with, and of a tensor without dimensions what number it can be."""
    if isinstance(value, (list, tuple)):
        return (type(value), _kind(value[0])) if value else (type(value),)
    if isinstance(value, Tensor) and not value._value.spec.shape:
        return type(value), value._value.spec.dtype, value.requires_grad
    return type(value)


def _told_by_types(option, args, names):
    """Whether other arguments of the same types fit too: no tensor stands for a number, and lists are of tensors."""
    params = {param.name: param for param in option.schema.params}
    given = [*zip(args, option.schema.params), *((value, params.get(name)) for name, value in names.items())]
    return all(param is not None and param.type == "Tensor" if isinstance(value, Tensor) else
               not isinstance(value, (list, tuple)) or len(value) and isinstance(value[0], Tensor) for value, param in given)


def _wants_integers(option):
    return any(param.type in ("int", "SymInt") for param in option.schema.params)


def _with_ints(option, args):
    """The arguments with integers for the tensors without dimensions that stand for them."""
    wants = [param.type in ("int", "SymInt") for param in option.schema.params]
    wants += wants[-1:] * (len(args) - len(wants))      # sizes one by one
    return tuple(int(value) if wanted and isinstance(value, Tensor) else value for value, wanted in zip(args, wants))


def _takes_sizes(option, method):
    """Whether all that may be given without a name is one list of sizes."""
    positional = [param for param in option.schema.params if not param.keyword][method:]
    return len(positional) == 1 and positional[0].is_list and positional[0].type == "int"


def _fits(option, args, names, method):
    if "out" in names and not method and takes_out(option, names["out"]):
        names = {name: value for name, value in names.items() if name != "out"}
    return match(option, args, names, method) is not None


def _reason(name, function, args, names, method):
    """What is wrong with the arguments, in torch's words; None where nothing is seen."""
    params = list(inspect.signature(function).parameters.values())
    fixed = [param for param in params if param.kind is param.POSITIONAL_OR_KEYWORD]
    rest = next((param for param in params if param.kind is param.VAR_POSITIONAL), None)
    required = [param.name for param in fixed if param.default is param.empty] + ([rest.name] if rest is not None and rest.name in _SHAPES else [])
    if rest is None and len(args) > len(fixed):
        count, given = len(fixed) - method, len(args) - method
        return f"{name}() takes {count} positional argument{'s' * (count != 1)} but {given} {'was' if given == 1 else 'were'} given"
    for place, (param, value) in enumerate([*zip(fixed, args), *((param, names[param.name]) for param in fixed if param.name in names)]):
        wanted = _wanted(param.name, value, place)
        if wanted is not None:
            return _must_be(name, param.name, place + 1 - method, wanted, value)
    missing = [param for param in required[len(args):] if param not in names]
    if missing:
        return missing_reason(name, missing)
    if rest is not None and rest.name in ("tensors", "matrices"):
        given = args[len(fixed):]
        _check_tensors(given[0] if len(given) == 1 and isinstance(given[0], (list, tuple)) else given)
    return None if rest is None or rest.name not in _SHAPES else shape_reason(name, rest.name, args[len(fixed):], len(fixed) + 1 - method)


def _wanted(name, value, place):
    """What a parameter of this name wants, if `value` is not that."""
    if place == 0 and name in ("input", "self", "tensor"):
        return None if isinstance(value, Tensor) else "Tensor"
    if name in _INTEGERS:
        return None if hasattr(value, "__index__") or value is None or isinstance(value, (tuple, list)) else "int"
    if name in _SHAPES:
        return None if hasattr(value, "__index__") or isinstance(value, (tuple, list)) else "tuple of ints"
    return None


def _must_be(name, parameter, place, wanted, value):
    shown = "input" if parameter == "self" else parameter
    return f"{name}(): argument '{shown}' (position {place}) must be {wanted}, not {kind_name(value)}"


def check_flag(name, parameter, place, value):
    """Raise torch's TypeError unless the value is a bool."""
    if not CHECKS["bool"](value):
        raise TypeError(_must_be(name, parameter, place, "bool", value))


def is_int(value):
    """Whether a value can be a size."""
    return hasattr(value, "__index__") and not isinstance(value, bool)


def shape_reason(name, parameter, sizes, place=1):
    """What is wrong with sizes, given one by one or as one sequence; None where they are right."""
    packed = len(sizes) == 1 and isinstance(sizes[0], (tuple, list))
    if not packed and sizes and not is_int(sizes[0]):
        if len(sizes) > 1 and isinstance(sizes[0], (tuple, list)):
            return f"{name}() takes 1 positional argument but {len(sizes)} were given"
        return _must_be(name, parameter, place, "tuple of ints", sizes[0])
    each = sizes[0] if packed else sizes
    wrong = next((index for index, extent in enumerate(each) if not is_int(extent)), None)
    if wrong is None:
        return None
    kind = kind_name(each[wrong])
    if wrong == 0:
        return f"{name}(): argument '{parameter}' (position {place}) must be tuple of ints, but found element of type {kind} at pos 0"
    return f"{name}(): argument '{parameter}' failed to unpack the object at pos {wrong + 1} with error \"type must be tuple of ints,but got {kind}\""
