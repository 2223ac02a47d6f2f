"""Derivatives: the pullback of a kernel is one more operator, recorded like any other.

`jax.vjp` of the kernel's function gives it; the forward part that it repeats is shared by XLA with the recorded
forward when both are in one program. As a kernel itself it has a pullback, and so on: higher derivatives need nothing more.

For complex numbers torch hands out the conjugate of JAX's cotangent (the direction of steepest ascent of a real loss).
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.dtypes import float0
from jax.interpreters.partial_eval import dce_jaxpr

from facade.core.engine.graph import Kernel, Spec


class Pullback:
    """The operator (primals that matter, cotangents of `given` outputs) -> cotangents of the `wanted` inputs.

    primals: what a derivative may depend on, the kernel's inputs; needed: those that it does depend on, by index: the others
    need not be kept.
    """

    __slots__ = ("kernel", "wanted", "given", "primals", "needed", "_made")

    def __init__(self, kernel, wanted, given):
        self.kernel, self.wanted, self.given, self.primals, self._made = kernel, wanted, given, self.sources(kernel), None
        known, key = kernel.shared, (type(self), wanted, given)
        if key not in known:        # the same function at other sizes needs the same, and is not traced before a backward pass wants it
            known[key] = tuple(index for index in self._used() if index < len(self.primals))
        self.needed = known[key]

    @property
    def _full(self):
        """The kernel of the same operator on all primals, traced when it is first wanted."""
        if self._made is None:
            specs = self.primals + tuple(self.kernel.outs[index] for index in self.given)
            self._made = Kernel(self.everything(), self.kernel.statics, specs)
        return self._made

    def sources(self, kernel):
        """The specs of the primals."""
        return kernel.specs

    def everything(self):
        """The same operator on all primals."""
        return _Full(self)

    def _used(self):
        """The indices of the inputs on which the results depend."""
        jaxpr = self._full.jaxpr.jaxpr
        _, used = dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))
        present = [index for index, spec in enumerate(self._full.specs) if spec is not None]
        return [index for index, is_used in zip(present, used) if is_used]

    def vanishing(self):
        """The wanted inputs whose gradient is zero whatever the cotangents are: it does not depend on any."""
        jaxpr, primals = self._full.jaxpr.jaxpr, len(self.primals)
        present = [index for index, spec in enumerate(self._full.specs) if spec is not None]
        found = []
        for place, index in enumerate(self.wanted):
            _, used = dce_jaxpr(jaxpr, [place == other for other in range(len(jaxpr.outvars))])
            if not any(is_used and source >= primals for source, is_used in zip(present, used)):
                found.append(index)
        return tuple(found)

    def specialize(self, specs, statics):
        """The function of (needed primals, cotangents); what is not needed is replaced by zeros, and drops out."""
        full, needed, primals = self._full, self.needed, len(self.primals)

        def function(*arguments):
            given = dict(zip((*needed, *range(primals, len(full.specs))), arguments))
            return full.call(*(given.get(index) if index in given else _zeros(spec)
                               for index, spec in enumerate(full.specs) if spec is not None))
        return function


class _Full:
    """The same operator on all primals, needed or not."""

    __slots__ = ("pullback",)

    def __init__(self, pullback):
        self.pullback = pullback

    def specialize(self, specs, statics):
        kernel, wanted, given = self.pullback.kernel, self.pullback.wanted, self.pullback.given
        count = len(kernel.specs)

        def function(*arguments):
            primals, cotangents = arguments[:count], dict(zip(given, arguments[count:]))

            def forward(*varied):
                inputs = dict(enumerate(primals)) | dict(zip(wanted, varied))
                return kernel.call(*(inputs[index] for index in range(count) if inputs[index] is not None))
            results, pull = jax.vjp(forward, *(primals[index] for index in wanted))
            return [_conj(grad) for grad in pull([_conj(cotangents[index]) if index in cotangents else _zero_cotangent(result)
                                                  for index, result in enumerate(results)])]
        return function


class StatedPullback(Pullback):
    """The pullback of an operator that states its derivative itself: its primals are the kernel's inputs and then its outputs.

    So what one loop found is there for the loop back, and no forward part is repeated: XLA shares operations, but not loops.
    """

    __slots__ = ()

    def sources(self, kernel):
        """The specs of inputs and outputs."""
        return kernel.specs + kernel.outs

    def everything(self):
        """What the operator states."""
        return _Stated(self)


class _Stated:
    """The stated derivative on all primals: `derive(inputs, outputs, cotangents, statics)`, with None for a cotangent that is not given."""

    __slots__ = ("pullback",)

    def __init__(self, pullback):
        self.pullback = pullback

    def specialize(self, specs, statics):
        pullback, count = self.pullback, len(self.pullback.kernel.specs)
        kernel, primals = pullback.kernel, len(pullback.primals)

        def function(*arguments):
            cotangents = dict(zip(pullback.given, arguments[primals:]))
            found = kernel.operator.derive(arguments[:count], arguments[count:primals], [cotangents.get(index) for index in range(len(kernel.outs))],
                                           statics)
            return [found[index] for index in pullback.wanted]
        return function


def _conj(array):
    return jnp.conj(array) if jnp.issubdtype(array.dtype, jnp.complexfloating) else array


def _zeros(spec):
    return jnp.zeros(spec.shape, spec.dtype) if type(spec) is Spec else jnp.zeros((), np.float64 if spec is float else np.int64)


def _zero_cotangent(result):
    if jnp.issubdtype(result.dtype, jnp.inexact):
        return jnp.zeros(result.shape, result.dtype)
    return np.zeros(result.shape, float0)


def pullback_of(kernel, wanted, given, kind=Pullback):
    """The pullback of `kernel` to the inputs `wanted` from the outputs `given` (tuples of indices), made once."""
    key = wanted, given, kind
    found = kernel.pullbacks.get(key)
    if found is None:
        found = kernel.pullbacks.setdefault(key, kind(kernel, wanted, given))
    return found
