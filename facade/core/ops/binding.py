"""Python arguments to an overload's parameters.

Each row is compiled to a plain Python function (`compile_row`), which costs nothing at a call; where a name has several
overloads, the types of the arguments choose one, and the choice is remembered. What fits none gets torch's TypeError.
"""

import functools
import numpy as np

from facade.core import dtypes
from facade.core.engine import constant

from facade.core.ops.dispatch import apply, apply_inplace, apply_view
from facade.core.ops.documenting import document
from facade.core.ops.fitting import CHECKS, fits, renamed, takes_out
from facade.core.ops.mismatch import kind_name, mismatch, not_a_tensor
from facade.core.ops.outputs import apply_out
from facade.core.ops.overriding import hand_over, overloaded
from facade.core.ops.table import ARRAY, Arrays
from facade.core.tensor.tensor import Tensor

PLAIN = {bool, int, float, complex, Tensor, type(None)}


def operand(value):
    """A tensor or number as the engine takes it: NumPy's scalars become Python's."""
    if isinstance(value, np.ndarray):
        return Tensor._of(constant(value.copy()))
    return value.item() if isinstance(value, np.generic) else value


def as_int(value):
    """An index-like object as an int."""
    return value.__index__() if not isinstance(value, Tensor) else int(value)


def as_ints(value, whose=""):
    """A size or a list of dims as a tuple of ints; None stays. whose: what errors call the argument."""
    if value is None or value.__class__ is tuple and all(each.__class__ is int for each in value):
        return value
    if isinstance(value, (int, np.integer)) or isinstance(value, Tensor) and not value._value.spec.shape:
        return (int(value),)
    if whose:
        check_ints(value, whose)
    return tuple(as_int(each) for each in value)


def check_ints(values, whose):
    """Raise torch's TypeError about the first of these values that is no int."""
    for place, value in enumerate(values, 1):
        if not CHECKS["int"](value) and not isinstance(value, bool):
            raise TypeError(f"{whose} failed to unpack the object at pos {place} with error \"type must be tuple of ints,but got {kind_name(value)}\"")


def as_number(value):
    """A Scalar that is compiled in: a Python number."""
    return value.item() if isinstance(value, (Tensor, np.generic)) else value


def as_dtype(value):
    """A dtype, or the one that a Python type stands for; None stays."""
    return value if value is None or value.__class__ is dtypes.dtype else dtypes.OF_TYPE[value]


def _hashable(value):
    return tuple(value) if isinstance(value, list) else value


# ---------------------------------------------------------------- one overload
@functools.cache
def compile_row(row, inplace=False):
    """The function of a row: parameters as in its line (`self` first), normalised, recorded. Made when first called for."""
    names = {"ARRAY": ARRAY, "Arrays": Arrays, "PLAIN": PLAIN, "operand": operand, "as_int": as_int, "as_ints": as_ints,
             "as_number": as_number, "as_dtype": as_dtype, "hashable": _hashable, "row": row,
             "apply": apply_inplace if inplace else apply_view if row.view else apply}
    head, body, statics, inputs, keyword = [], [], [], [], False
    for param in row.schema.params:
        if param.is_ignored:
            continue
        if param.keyword and not keyword:
            keyword = True
            head.append("*")
        names[f"default_{param.name}"] = param.default
        head.append(param.name if param.required else f"{param.name}=default_{param.name}")
        _bind(param, row, body, statics, inputs)
    name = row.name + "_" * inplace
    arguments = f"{inputs[0]}, ({', '.join(inputs[1:])}{',' * (len(inputs) > 1)})" if row.view and not inplace else f"({', '.join(inputs)},)"
    source = f"def {name}({', '.join(head)}):\n" + "".join(f"    {line}\n" for line in body)
    source += f"    return apply(row, ({', '.join(statics)},), {arguments})\n"
    exec(compile(source, f"<facade {row.schema.line}>", "exec"), names)
    function = names[name]
    function.row = row
    return function


def _bind(param, row, body, statics, inputs):
    """Add the lines that normalise one parameter, its place among the statics, and its inputs."""
    name = param.name
    if param in row.array_params and param.is_list:
        statics.append(f"Arrays(len({name}))")
        inputs.append(f"*{name}")
    elif param in row.array_params:
        body.append(f"if {name}.__class__ not in PLAIN: {name} = operand({name})")
        if param.type == "Scalar" and not param.required and param.default is not None:
            statics.append(f"ARRAY if {name} is not default_{name} else {name}")
            inputs.append(f"*(({name},) if {name} is not default_{name} else ())")
        else:
            statics.append("ARRAY")
            inputs.append(name)
    else:
        convert = {"int": "as_ints" if param.is_list else "as_int", "SymInt": "as_ints" if param.is_list else "as_int",
                   "Scalar": "as_number", "float": "as_number", "ScalarType": "as_dtype"}.get(param.type, "hashable")
        guard = f"if {name} is not None and {name}.__class__ is not int: " if convert == "as_int" else ""
        whose = f', "{row.name}(): argument \'{name}\'"' if convert == "as_ints" else ""
        body.append(f"{guard}{name} = {convert}({name}{whose})")
        statics.append(name)


# ---------------------------------------------------------------- several overloads
def match(row, args, kwargs, method):
    """(args, kwargs) for the compiled function of this overload, or None when they do not fit."""
    params = row.schema.params
    positional = [param for param in params if not param.keyword]
    named = {}
    for key, value in kwargs.items():
        param = renamed(key, params)
        if param is None or param.name in named:
            return None
        named[param.name] = value
    packs = len(positional) > 1 and positional[1].is_list and positional[1].type in ("int", "SymInt") and not positional[1].length
    if packs and len(args) >= 2 and all(CHECKS["int"](each) for each in args[1:]) and positional[1].name not in named:
        args = (args[0], tuple(args[1:]))
    if len(args) > len(positional):
        return None
    given = dict(zip((param.name for param in positional), args))
    if given.keys() & named.keys():
        return None
    given |= named
    for param in params:
        if param.name not in given:
            if param.required:
                return None
        elif not fits(param, given[param.name], row):
            return None
    return args, {param.name: named[param.name] for param in params if param.name in named and not param.is_ignored}


def key_of(args, kwargs):
    """What the choice of an overload depends on: types, the first element's for a sequence."""
    kinds = [each.__class__ if each.__class__ not in (list, tuple) else (len(args), each[0].__class__ if each else None) for each in args]
    for name, value in kwargs.items():
        kinds += name, value.__class__ if value.__class__ not in (list, tuple) else ("sequence", value[0].__class__ if value else None)
    return tuple(kinds)


def make_function(name, rows, method=False, inplace=False):
    """The function called `name` with these overloads; as a method its first argument is `self`."""
    direct, chosen = {}, {}      # by the types of the arguments alone; by what sequences hold too

    def function(*args, **kwargs):
        types = tuple(map(type, args)) if not kwargs else (*map(type, args), *kwargs, *map(type, kwargs.values()))
        call = direct.get(types)
        if call is None:
            call = chosen.get(key_of(args, kwargs))
        if call is not None:
            return call(*args, **kwargs)
        return choose(args, kwargs, types)

    def choose(args, kwargs, types):
        is_overloaded, asked = overloaded(args, kwargs)
        if asked:
            return hand_over(function, title, asked, args, kwargs)
        if method and args and not isinstance(args[0], Tensor):
            raise TypeError(not_a_tensor(name, args[0]))
        key = key_of(args, kwargs)
        given = {name: value for name, value in kwargs.items() if name != "out"}
        for row in rows:
            found = match(row, args, given, method)
            if found is None:
                continue
            if "out" in kwargs:
                if writing or not takes_out(row, kwargs["out"]):
                    continue
                if kwargs["out"] is not None:
                    return apply_out(name, lambda **more: function(*args, **more, **given), kwargs["out"], args, row.differentiable)
            call = compile_row(row, inplace)
            if found[0] is args and found[1] == kwargs and key_of(args, kwargs) == key and not is_overloaded \
                    and not _stands_for_number(row, args):
                by_types = list not in types and tuple not in types
                (direct if by_types else chosen)[types if by_types else key] = call
            return call(*found[0], **found[1])
        raise TypeError(mismatch(name, rows, args, kwargs, method))
    writing, title = method or inplace, "Tensor." * method + name
    function.__name__ = function.__qualname__ = name
    document(function, name, rows, method, inplace)
    function.rows = rows
    return function


def _stands_for_number(row, args):
    """Whether a tensor among the arguments is given for a number, which its type alone does not tell."""
    return any(isinstance(each, Tensor) and param.type != "Tensor" for each, param in zip(args, row.schema.params))
