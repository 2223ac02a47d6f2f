"""A function on tensors as the pure program that it records: its jaxpr, its StableHLO, its source.

    >>> program = facade.trace_program(model, x)
    >>> print(program.to_source())      # JAX that a person would have written
    >>> program.check()                 # which computes what the model does
"""

import html
import sys

import jax
import numpy as np
from jax.extend.core import jaxpr_as_fun

from facade.core import engine
from facade.core.tensor.tensor import Tensor
from facade.workbench.expressions import tuple_text
from facade.workbench.flat import flatten, has_wide
from facade.workbench.folding import folded
from facade.workbench.helpers import Helpers
from facade.workbench.naming import Namer
from facade.workbench.recording import Recording, path_to, pending_entries
from facade.workbench.source import Names, Writer, is_range, wrapped, written_out

WIDE = 'jax.config.update("jax_enable_x64", True)       # PyTorch has numbers of 64 bits; JAX has them with this\n'
_INLINE_SIZE = 4        # constants of so many elements stand in the source, as do those whose elements are all the same


def stands_in_source(each, array):
    """Whether an input is a constant that is as short as its name."""
    return each.group == "constants" and (array.size <= _INLINE_SIZE or array.size and ((array == array.flat[0]).all() or is_range(array)))


class Source(str):
    """The text of a JAX program; it shows itself as a program, not as a quoted string."""

    def __repr__(self):
        return str(self)

    def _repr_html_(self):
        return f"<pre>{html.escape(self)}</pre>"


def assembled(wide, body, more=()):
    """A whole program from its functions. more: imports beside those of JAX."""
    body = "\n".join(part for line in body.split("\n") for part in wrapped(line))
    lines = [*more, "import jax", "import jax.numpy as jnp"]
    lines += ["import optax"] * ("optax." in body) + ["from jax import lax"] * ("lax." in body)
    return Source("\n".join(lines) + "\n\n" + (WIDE + "\n\n" if wide else "\n") + body)


def narrowed(flats, body, more=()):
    """A whole program whose integers are of 32 bits, as a person would have them, where it has no floating point numbers of 64."""
    wide = has_wide(flats, "fc")
    return assembled(wide, body if wide else body.replace("jnp.int64", "jnp.int32").replace("jnp.uint64", "jnp.uint32"), more)


def as_written(text):
    """A context in which JAX has 64-bit numbers as far as a program switches them on; JAX's own switch is not touched."""
    return jax.enable_x64(WIDE in text)


def executed(text):
    """The names that a program defines, run in a namespace of its own."""
    names = {"__name__": "emitted"}
    with as_written(text):
        exec(compile(text.replace(WIDE, ""), "<emitted>", "exec"), names)
    return names


def arrays_of(values):
    """The NumPy arrays of computed values."""
    return [np.asarray(engine.computed(value).array) for value in values]


def difference(actual, expected):
    """The largest difference between two arrays, as a share of the largest element expected."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    if actual.shape != expected.shape or actual.dtype != expected.dtype:
        return f"{actual.dtype}{list(actual.shape)} instead of {expected.dtype}{list(expected.shape)}"
    if not actual.size:
        return 0.0
    apart = np.abs(actual.astype(np.complex128) - expected.astype(np.complex128))
    apart = np.where((actual == expected) | (np.isnan(actual) & np.isnan(expected) if actual.dtype.kind in "fc" else False), 0, apart)
    scale = np.abs(expected[np.isfinite(expected)]).max(initial=0) if expected.dtype.kind in "fc" else 1
    return float(apart.max() / (scale or 1))


def compare(what, actual, expected, tolerance):
    """Raise AssertionError where a result of the emitted program is not what was recorded."""
    apart = difference(actual, expected)
    if isinstance(apart, str) or not apart <= tolerance:
        raise AssertionError(f"the emitted program computes another {what}: {apart if isinstance(apart, str) else f'{apart:.2g} apart'}")
    return apart


def as_arguments(handed):
    """(arguments by name, groups by name): how (input, array) pairs go into an emitted function."""
    alone, groups = {}, {}
    for each, array in handed:
        if each.group:
            groups.setdefault(each.group, {})[each.name] = array
        else:
            alone[each.name] = array
    return alone, groups


def as_list(arrays):
    """A list of arrays, from place -> array, as an argument: one array where they can be stacked."""
    if list(arrays) == list(range(len(arrays))) and len({(array.shape, array.dtype) for array in arrays.values()}) == 1:
        return np.stack(list(arrays.values()))
    return arrays


class Program:
    """A recorded program. name: of the function; inputs: `Input(group, name)` for each argument of the jaxpr; jaxpr: closed;
    arguments: what goes in, by name, with the groups (params, buffers, constants) as dicts.
    """

    def __init__(self, name, cut, namer, results):
        self.name, self.jaxpr, self.results = name, cut.jaxpr, results
        self.inputs = namer.all(cut.inputs)
        self._arrays = arrays_of(cut.inputs)
        handed = [(each, array) for each, array in zip(self.inputs, self._arrays) if not stands_in_source(each, array)]
        alone, groups = as_arguments(sorted(handed, key=lambda pair: namer.rank(pair[0])))
        self.arguments = {group: groups[group] for group in ("params", "buffers", "constants") if group in groups} | alone

    def stablehlo(self):
        """The program as XLA gets it, as text (https://openxla.org/stablehlo)."""
        with jax.enable_x64(True):
            return jax.jit(jaxpr_as_fun(self.jaxpr)).lower(*self._arrays).as_text()

    def to_source(self):
        """The program as JAX source: imports, and one function with the name of what was traced."""
        helpers = Helpers([self.jaxpr], [self.name, *self.arguments])
        flat = flatten(self.jaxpr, helpers)
        self._taken = [self.name, *self.arguments, *helpers.named.values()]
        parts = [*helpers.lines, self._function(flat)]
        return assembled(has_wide([flat, *helpers.flats]), "\n\n\n".join("\n".join(part) for part in parts) + "\n")

    def _function(self, flat):
        writer = Writer(Names(self._taken))
        inputs = []
        for each, array in zip(self.inputs, self._arrays):
            inputs.append(written_out(array) if stands_in_source(each, array) else each.expression)
        outputs = [each.text for each in writer.body(flat, inputs, self.results if len(self.results) == len(flat.outputs) else ())]
        result = outputs[0] if len(outputs) == 1 else tuple_text(outputs)
        body = folded([*writer.lines, f"    return {result}"], [*self.arguments, *writer.names.taken])
        return [f"def {self.name}({', '.join(self.arguments)}):", *body]

    def check(self, tolerance=1e-5):
        """Run the emitted source and hold its results against the recorded program's; AssertionError where they differ."""
        with jax.enable_x64(True):
            made = jax.jit(executed(self.to_source())[self.name])(**self.arguments)
            made = made if isinstance(made, tuple) else (made,)
            expected = jax.jit(jaxpr_as_fun(self.jaxpr))(*self._arrays)
        for place, (actual, wanted) in enumerate(zip(made, expected, strict=True)):
            compare(f"result {place}", actual, wanted, tolerance)

    def __repr__(self):
        return f"<{self.name}({', '.join(self.arguments)}): {len(self.jaxpr.eqns)} operations of JAX; .to_source(), .jaxpr, .stablehlo()>"

    def _repr_html_(self):
        return self.to_source()._repr_html_()


def tensors_in(result):
    """The tensors in what a function returned."""
    if isinstance(result, Tensor):
        return [result]
    parts = result.values() if isinstance(result, dict) else result if isinstance(result, (list, tuple)) else ()
    return [tensor for each in parts for tensor in tensors_in(each)]


def trace_program(function, *args, **kwargs):
    """The program that `function(*args, **kwargs)` records, a `Program`; or that a tensor, or several in a list or tuple, wait for.

    A function is called once. Its parameters and buffers are known by the names that their module has for them. A tensor that is computed
    already has no program left: trace the function that makes it.
    """
    namer = Namer()
    if isinstance(function, (Tensor, list, tuple)):
        return _of_pending(tensors_in(function), namer, sys._getframe(1))
    namer.add_function(function, args, kwargs)
    with Recording() as recorded:
        tensors = tensors_in(function(*args, **kwargs))
        values = [each.value for each in tensors]
    if not tensors:
        raise TypeError(f"what is traced has to return tensors, and {getattr(function, '__name__', function)!r} returned none")
    return Program(_name_of(function), path_to(recorded.entries, values).jaxpr(), namer, ())


def _name_of(function):
    name = getattr(function, "__name__", type(function).__name__).lower()
    return name if name.isidentifier() else "program"


def _of_pending(tensors, namer, frame):
    """The program behind pending tensors, with the names of the variables in a frame."""
    values = [each.value for each in tensors]
    if all(value.array is not None for value in values):
        raise ValueError("this tensor is computed already, and what was recorded for it is gone: trace the function that makes it, "
                         "facade.trace_program(function, *args), or ask before its value is read")
    entries = pending_entries()
    wanted = {id(each) for each in tensors}
    for name, thing in {**frame.f_globals, **frame.f_locals}.items():
        if not name.startswith("_") and id(thing) not in wanted:
            namer.add(name, thing)
    return Program("program", path_to(entries, values).jaxpr(), namer, _variable_names(frame, tensors))


def _variable_names(frame, tensors):
    """The variables that hold these tensors, where each has one."""
    names = [next((name for name, thing in {**frame.f_globals, **frame.f_locals}.items() if thing is each and not name.startswith("_")), None)
             for each in tensors]
    return tuple(names) if all(names) and len(set(names)) == len(names) else ()
