"""What is recorded: values, and the kernels that make them.

A `Value` is an immutable array that may not have been computed yet. A `Kernel` is one pure
function at given input shapes, as a jaxpr: it is traced once, and that gives the shapes of the
results, the program for NumPy, the part of a compiled program, and the derivative.
An *operator* is anything with `specialize(specs, statics)`, which answers with the pure function
for inputs of these specs, or raises what the user should see.
"""

import jax
import numpy as np
from jax.extend.core import jaxpr_as_fun

from facade.core.engine import host
from facade.core.engine.families import at_numbers, family_of, forget_families, shape_at, with_sizes
from facade.core.engine.policy import settings
from facade.core.engine.stats import totals


class Spec:
    """A shape, a NumPy dtype and a JAX device (None for the CPU); equal specs are the same object, and compare by identity."""

    __slots__ = ("shape", "dtype", "device", "size")

    def __init__(self, shape, dtype, device):
        self.shape, self.dtype, self.device = shape, dtype, device
        self.size = 1
        for extent in shape:
            self.size *= extent

    def __repr__(self):
        return f"{self.dtype}{list(self.shape)}"

    def __reduce__(self):
        return spec_of, (self.shape, self.dtype)


_specs = {}


def spec_of(shape, dtype, device=None):
    """The interned spec of this shape (a tuple of ints), NumPy dtype and device."""
    key = shape, dtype, device
    found = _specs.get(key)
    if found is None:
        found = _specs.setdefault(key, Spec(shape, dtype, device))
    return found


def device_of(array):
    """The JAX device that holds an array, None for the CPU."""
    if not isinstance(array, jax.Array) or isinstance(array, jax.core.Tracer):
        return None
    device, = array.devices()
    return None if device in jax.local_devices(backend="cpu")[:1] else device


def _common_device(specs):
    """Where a kernel with these inputs runs: where those with dimensions are. Scalars on the CPU go along."""
    found = dict.fromkeys(spec.device for spec in specs if type(spec) is Spec and spec.shape)
    found = found or dict.fromkeys(spec.device for spec in specs if type(spec) is Spec and spec.device is not None)
    if len(found) > 1:
        names = [device_name(device) for device in found][:2]
        raise RuntimeError(f"Expected all tensors to be on the same device, but found at least two devices, {names[0]} and {names[1]}!")
    return next(iter(found), None)


def device_name(device):
    """A device as torch writes it: 'cpu', 'cuda:0', 'tpu:1'."""
    return "cpu" if device is None else f"{'cuda' if device.platform == 'gpu' else device.platform}:{device.id}"


SCALARS = {float: np.dtype(np.float64), int: np.dtype(np.int64), bool: np.dtype(np.bool_), complex: np.dtype(np.complex128)}


_NOTHING = {}


class Value:
    """An immutable array: computed (`array` is NumPy's or JAX's) or pending at `slot` of the tape `epoch`.

    Recording makes these by the million, so there is no `__init__`: `constant` and `record` set the fields.
    What few values have stands behind them: bounds, the (least, greatest) element once somebody asked; uses: how often it
    went to a program from NumPy's memory.
    """

    __slots__ = ("spec", "array", "epoch", "slot", "_rare")

    bounds = property(lambda self: self._rarely("bounds", None), lambda self, pair: self._keep("bounds", pair))
    uses = property(lambda self: self._rarely("uses", 0), lambda self, count: self._keep("uses", count))

    def _rarely(self, name, default):
        return getattr(self, "_rare", _NOTHING).get(name, default)

    def _keep(self, name, value):
        if not hasattr(self, "_rare"):
            self._rare = {}
        self._rare[name] = value

    def __repr__(self):
        return f"Value({self.spec}, {'pending' if self.array is None else 'computed'})"


def constant(array):
    """The value that holds this array, which nobody may write to afterwards."""
    value = Value()
    value.spec, value.array, value.epoch, value.slot = spec_of(array.shape, array.dtype, device_of(array)), array, None, -1
    return value


class Kernel:
    """One pure function at given input specs.

    jaxpr: traced when it is first wanted, if a kernel of other sizes tells the outputs; specs: of the inputs, a Spec, a Python
    number's type, or None (an absent input); outs: of the outputs;
    facts: whatever the operator wants to remember about this specialisation.
    """

    __slots__ = ("operator", "statics", "specs", "outs", "facts", "pullbacks", "_jaxpr", "_family", "_host", "_call")

    def __init__(self, operator, statics, specs):
        self.operator, self.statics, self.specs = operator, statics, specs
        device = _common_device(specs)
        self._family = self._found_family() if getattr(operator, "sized", False) else None
        if self._family is None:
            self._jaxpr = self._traced(specs, statics)
            avals = self._jaxpr.out_avals
            self.outs = tuple(spec_of(aval.shape, np.dtype(aval.dtype), device) for aval in avals)
        else:
            self._jaxpr, (symbolic, values, _) = None, self._family
            self.outs = tuple(spec_of(shape_at(aval.shape, values), np.dtype(aval.dtype), device) for aval in symbolic.out_avals)
        self.facts, self.pullbacks, self._host, self._call = {}, {}, None, None
        totals.kernels += 1

    def _found_family(self):
        """(symbolic jaxpr, the symbols' values, what is known of its derivatives) of other sizes of this kernel, or None."""
        found = family_of(self.operator, _context[0], self.specs, self.statics)
        if found is None:
            return None
        family, sizes = found

        def trace(symbols):
            specs = tuple(Spec(with_sizes(spec.shape, sizes, symbols), spec.dtype, spec.device) if type(spec) is Spec else spec
                          for spec in self.specs)
            return self._traced(specs, with_sizes(self.statics, sizes, symbols))
        return family.at(sizes, trace)

    def _traced(self, specs, statics):
        with jax.enable_x64(True):
            function = self.operator.specialize(specs, statics)
            present = [_abstract(spec) for spec in specs if spec is not None]
            try:
                return jax.make_jaxpr(_flat(function, specs))(*present)
            except Exception as error:
                error.__dict__.pop("__notes__", None)       # JAX's remark on its own frames, which would end up below torch's sentence
                raise

    @property
    def jaxpr(self):
        """The function as a closed jaxpr."""
        if self._jaxpr is None:
            self._jaxpr = self._traced(self.specs, self.statics)
        return self._jaxpr

    @property
    def shared(self):
        """A dict that kernels which are the same function at other sizes share."""
        return {} if self._family is None else self._family[2]

    @property
    def host(self):
        """The function on lists of NumPy arrays, evaluated without a compiler."""
        if self._host is None:
            self._host = host.prepare(self._jaxpr if self._jaxpr is not None else at_numbers(*self._family[:2]))
        return self._host

    @property
    def call(self):
        """The function on JAX arrays or tracers: arguments in, a list of results out."""
        if self._call is None:
            self._call = jaxpr_as_fun(self.jaxpr)
        return self._call


def _abstract(spec):
    if type(spec) is Spec:
        return jax.ShapeDtypeStruct(spec.shape, spec.dtype)
    return jax.ShapeDtypeStruct((), SCALARS[spec])


def _flat(function, specs):
    """`function` with absent inputs filled in as None and a tuple of results."""
    if None in specs:
        def filled(*present):
            rest = iter(present)
            return function(*(None if spec is None else next(rest) for spec in specs))
    else:
        filled = function

    def flat(*present):
        results = filled(*present)
        return tuple(results) if isinstance(results, (tuple, list)) else (results,)
    return flat


_kernels = {}
_context = [None]       # part of every key: see `use_context` in trace.py


def set_kernel_context(context):
    """Keep the kernels traced from now on apart from those of other contexts."""
    _context[0] = context


def kernel_of(operator, statics, specs):
    """The kernel of this operator at these specs, traced the first time it is asked for."""
    key = operator, statics, specs, _context[0]
    found = _kernels.get(key)
    if found is None:
        if len(_kernels) >= settings.kernels:
            _kernels.clear()
            forget_families()
        found = _kernels.setdefault(key, Kernel(operator, statics, specs))
    return found
