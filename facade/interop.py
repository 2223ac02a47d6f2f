"""Between facade and JAX: the pure function behind tensors, as JAX sees it.

What a program on tensors records is a pure JAX function all along. `jaxpr` shows the part of it that leads to some
tensors; `pure` hands a whole Python function over, for `jax.jit`, `jax.grad`, `jax.vmap` and the rest to work on;
`to_jax` and `from_jax` carry single arrays across, without a copy where both can share. `load_safetensors` and
`save_safetensors` exchange tensors with whatever else reads that format; `safetensors_metadata` gives the texts of a file.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from facade.core import dtypes, engine
from facade.core.checkpoint.safetensors import load as load_safetensors
from facade.core.checkpoint.safetensors import metadata as safetensors_metadata
from facade.core.checkpoint.safetensors import save as save_safetensors
from facade.core.ops.creation import array_of, from_array
from facade.core.tensor.tensor import Tensor

__all__ = ["from_jax", "jaxpr", "load_safetensors", "pure", "safetensors_metadata", "save_safetensors", "to_jax"]


def jaxpr(tensors):
    """The recorded history of a tensor, or of several in a list or tuple, as a `jax.extend.core.ClosedJaxpr`.

    Its arguments are the computed values that go in, its results the tensors; Python numbers stand in it as literals. It
    holds what this thread has recorded and not yet evaluated: a read (`print`, `item`) or `backward()` evaluates, and what
    is computed has no history left to show, so its jaxpr returns its argument. Looking does not evaluate the tensors.

        >>> x = torch.ones(3)
        >>> print(interop.jaxpr(x * x + 2))
        { lambda ; a:f32[3]. let
            b:f32[3] = mul a a
            c:f32[3] = add b 2.0:f32[]
          in (c,) }
    """
    values = [each.value for each in ([tensors] if isinstance(tensors, Tensor) else tensors)]
    closed, _ = engine.jaxpr_of(values)
    return closed


def pure(function):
    """`function`, which takes and returns tensors, as a pure function of JAX arrays.

    Arguments and results may be nested in lists, tuples and dicts; what is no array is passed on as it is. The function runs
    once for each trace, at the shapes of that trace: `jax.jit(pure(function))` compiles it whole, `jax.vmap` adds a
    dimension that it does not know of. It may write in place to its arguments, and call `backward()` on what they lead to
    (`x.requires_grad_()` first). As under JAX everywhere,

    - it cannot read a number that depends on its arguments (`item`, `if`): JAX raises its TracerArrayConversionError;
    - it must not leave such a value in a tensor from outside: write to it, or accumulate into its `.grad`;
    - random numbers are drawn when it is traced, and an index out of range is found only where JAX is not tracing.

    `jax.grad` differentiates the arithmetic: `detach()` and `no_grad` concern `backward()`, and JAX does not see them.

        >>> slope = jax.grad(interop.pure(lambda x: (x ** 2).sum()))
        >>> print(slope(jax.numpy.arange(3.0)))
        [0. 2. 4.]
    """
    @functools.wraps(function)
    def on_arrays(*arguments, **options):
        with engine.recording_in_trace():
            arguments, options = jax.tree.map(_entering, (arguments, options))
            return jax.tree.map(_leaving, function(*arguments, **options))
    return on_arrays


def _entering(leaf):
    return from_jax(leaf) if isinstance(leaf, (jax.Array, np.ndarray)) else leaf


def _leaving(leaf):
    return to_jax(leaf) if isinstance(leaf, Tensor) else leaf


def to_jax(tensor):
    """The elements as a JAX array, of the tensor's own dtype also where it has 64 bits; later writes do not change it."""
    array = engine.computed(tensor.value).array
    with jax.enable_x64(True):
        return array if isinstance(array, jax.Array) else jnp.asarray(array)


def from_jax(array):
    """A tensor with the elements of a JAX array, which it shares until it is written to; a NumPy array is copied."""
    if isinstance(array, np.ndarray):
        return from_array(array_of(array))
    if array.dtype not in dtypes.BY_NUMPY:
        raise TypeError(f"a tensor cannot hold a JAX array of dtype {array.dtype}")
    return from_array(array)
