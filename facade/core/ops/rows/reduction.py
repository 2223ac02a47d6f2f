"""Reductions: one value from many."""

import math

import jax
import jax.numpy as jnp

from facade.core import dtypes
from facade.core.dtypes import BOOL, COMPLEX
from facade.core.errors import broadcast_shapes, dim_range
from facade.core.ops.kernels import reduction as kernels
from facade.core.ops.promotion import FLOATING, PROMOTE
from facade.core.ops.rows.requirements import axes_of, dtype_of, need_floating, need_some, reject
from facade.core.ops.supported import common_dtype, no_bools
from facade.core.ops.table import op


# ---------------------------------------------------------------- bits
def _hash(array, dim, keepdim, mode):
    """The exclusive or of the bits of the elements, as 64-bit integers or in double precision."""
    wide = array.astype(jnp.float64) if jnp.issubdtype(array.dtype, jnp.floating) else array.astype(jnp.int64)
    bits, axes = jax.lax.bitcast_convert_type(wide, jnp.uint64), axes_of(dim, array)
    if not array.size and not dim:
        raise RuntimeError("hash_tensor: Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' "
                           "argument.")
    mixed = jax.lax.reduce(bits, jnp.uint64(0), jax.lax.bitwise_xor, axes)
    return jnp.expand_dims(mixed, axes) if keepdim else mixed


op("hash_tensor(Tensor self, int[1] dim=[], *, bool keepdim=False, int mode=0) -> Tensor", _hash, differentiable=False,
   doc="The exclusive or of the bits of the elements")


# ---------------------------------------------------------------- sums
def _accumulated(array, dtype):
    """The dtype of a sum: the one asked for, int64 for integers, else the array's."""
    if dtype is not None:
        return dtype.numpy
    return array.dtype if dtype_of(array).category >= dtypes.FLOAT else jnp.int64


def _sum(self, dim=None, keepdim=False, dtype=None):
    target = _accumulated(self, dtype)
    return jnp.sum(self.astype(target), axes_of(dim, self), dtype=target, keepdims=keepdim)


def _mean(self, dim=None, keepdim=False, dtype=None):
    given = dtype or dtype_of(self)
    if given.category < dtypes.FLOAT:
        raise RuntimeError(f"mean(): could not infer output dtype. {'Input' if dtype is None else 'Optional'} dtype must be "
                           f"either a floating point or complex dtype. Got: {given.legacy}")
    return kernels.mean(self.astype(given.numpy), axes_of(dim, self), keepdim)


def _nansum(self, dim, keepdim, dtype):
    if dtype_of(self).category == COMPLEX:
        raise RuntimeError("nansum on CPU does not support complex inputs")
    if dtype is not None and dtype.category == COMPLEX:
        raise NotImplementedError(f"\"nansum_cpu\" not implemented for '{dtype.legacy}'")
    return _sum(jnp.where(jnp.isnan(self), 0, self) if dtype_of(self).category == dtypes.FLOAT else self, dim, keepdim, dtype)


def _nanmean(self, dim, keepdim, dtype):
    need_floating(self, "nanmean(): expected input to have floating point or complex dtype but got {}")
    if dtype is not None and dtype.category < dtypes.FLOAT:
        raise RuntimeError("nanmean(): could not infer output dtype. Optional dtype must be either a floating point or complex dtype. "
                           f"Got: {dtype.legacy}")
    count = jnp.sum(~jnp.isnan(self), axes_of(dim, self), keepdims=keepdim)
    total = _nansum(self, dim, keepdim, dtype)
    return total / count.astype(total.dtype)


def _count_nonzero(self, dim):
    return jnp.sum(self != 0, axes_of(dim, self), dtype=jnp.int64)


op("sum(Tensor self, *, ScalarType? dtype=None) -> Tensor", lambda self, dtype: _sum(self, dtype=dtype), doc="The sum of all elements")
op("sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor", _sum, node="SumBackward1",
   doc="The sum along dims")
op("mean(Tensor self, *, ScalarType? dtype=None) -> Tensor", lambda self, dtype: _mean(self, dtype=dtype), doc="The mean of all elements")
op("mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor", _mean, node="MeanBackward1",
   doc="The mean along dims")
op("nansum(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor", _nansum, doc="The sum, NaN counting as 0")
op("nanmean(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor", _nanmean, node="DivBackward0",
   doc="The mean of what is not NaN")
op("prod(Tensor self, *, ScalarType? dtype=None) -> Tensor",
   lambda self, dtype: kernels.prod(self, axes_of(None, self), _accumulated(self, dtype), False),
   doc="The product of all elements", saves="self result")
op("prod.dim_int(Tensor self, int dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
   lambda self, dim, keepdim, dtype: kernels.prod(self, axes_of(dim, self), _accumulated(self, dtype), keepdim), node="ProdBackward1",
   doc="The product along a dim", saves="self result")
op("count_nonzero(Tensor self, int? dim=None) -> Tensor", _count_nonzero, doc="How many elements are not zero")
op("count_nonzero.dim_IntList(Tensor self, int[] dim) -> Tensor", _count_nonzero, doc="How many elements along dims are not zero")


# ---------------------------------------------------------------- moments
def _moments(finish, sentence):
    """The function of (self, dim, correction, keepdim) that answers `finish(variance, mean)`."""
    def function(self, dim, correction, keepdim):
        need_floating(self, sentence)
        return finish(*kernels.variance(self, axes_of(dim, self), 1 if correction is None else correction, keepdim))
    return function


_ALONE, _PAIR = "std and var only support floating point and complex dtypes", "{} only support floating point and complex dtypes"
_MOMENTS = {
    "var": (_moments(lambda variance, mean: variance, _ALONE), "Tensor", "The variance"),
    "std": (_moments(lambda variance, mean: kernels.root(variance), _ALONE), "Tensor", "The standard deviation"),
    "var_mean": (_moments(lambda variance, mean: (variance, mean), _PAIR.replace("{}", "var_mean")), "(Tensor, Tensor)", "The variance and the mean"),
    "std_mean": (_moments(lambda variance, mean: (kernels.root(variance), mean), _PAIR.replace("{}", "std_mean")), "(Tensor, Tensor)",
                 "The standard deviation and the mean"),
}


def _moment_rows(name, function, returns, doc):
    at = "torch Tensor" if returns == "Tensor" else "torch"
    saves = {"std": "self result", "std_mean": "self result0"}.get(name)
    op(f"{name}(Tensor self, bool unbiased=True) -> {returns}", lambda self, unbiased: function(self, None, int(unbiased), False),
       doc=f"{doc} of all elements", at=at, saves=saves)
    op(f"{name}.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> {returns}",
       lambda self, dim, unbiased, keepdim: function(self, dim, int(unbiased), keepdim), doc=f"{doc} along dims", at=at, saves=saves)
    op(f"{name}.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> {returns}", function,
       static=("correction",), doc=f"{doc} along dims, dividing by the count minus correction", at=at, saves=saves)


for _name, (_function, _returns, _doc) in _MOMENTS.items():
    _moment_rows(_name, _function, _returns, _doc)


# ---------------------------------------------------------------- extremes
def _all_extreme(name, function):
    def extreme(self):
        need_some(self, (), name, f"{name}(): Expected reduction dim to be specified for input.numel() == 0. "
                                  "Specify the reduction dim with the 'dim' argument.")
        reject(self, f"{name}_all", (COMPLEX,))
        return function(self)
    return extreme


def _dim_extreme(name, argument, function):
    def extreme(self, dim, keepdim):
        if dtype_of(self).category == COMPLEX:
            raise RuntimeError(f"{name}(): does not support complex input")
        need_some(self, (dim_range(dim, self.ndim),), f"{name}()", None)
        return kernels.extreme(self, dim, keepdim, argument, function)
    return extreme


def _along(name, kernel, function):
    """amax or amin."""
    def extreme(self, dim, keepdim):
        axes = axes_of(dim, self)
        need_some(self, axes, f"{name}()", f"{name}(): Expected reduction dim to be specified for input.numel() == 0. "
                  "Specify the reduction dim with the 'dim' argument." if dim == () else None)
        reject(self, kernel, (COMPLEX,))
        return function(self, axes, keepdims=keepdim)
    return extreme


def _aminmax(self, dim, keepdim):
    if dim is not None:
        need_some(self, (dim_range(dim, self.ndim),), "aminmax", None)
    need_some(self, (), "aminmax", None if dim is not None else "aminmax(): cannot compute aminmax over an empty dimension as the "
              "operation has no identity.")
    reject(self, "aminmax_cpu", (COMPLEX,))
    axes = axes_of(dim, self)
    return jnp.min(self, axes, keepdims=keepdim), jnp.max(self, axes, keepdims=keepdim)


def _argument(name, function):
    """argmax or argmin."""
    def argument(self, dim, keepdim):
        for category, shown in ((BOOL, "bool"), (COMPLEX, "complex")):
            if dtype_of(self).category == category:
                raise RuntimeError(f"{name}(): does not support {shown} input")
        if dim is None and 0 in self.shape:
            raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
        if dim is not None:
            dim = dim_range(dim, self.ndim)
            need_some(self, (dim,), f"{name}()", None)
        return function(self, dim if self.ndim else None, keepdims=keepdim).astype(jnp.int64)
    return argument


for _name, _shown, _function, _index, _pair in (("max", "largest", jnp.max, jnp.argmax, jnp.maximum),
                                                ("min", "smallest", jnp.min, jnp.argmin, jnp.minimum)):
    _title = _name.capitalize()
    op(f"{_name}(Tensor self) -> Tensor", _all_extreme(_name, _function), doc=f"The {_shown} of all elements", node=f"{_title}Backward1",
       saves="self result")
    op(f"{_name}.other(Tensor self, Tensor other) -> Tensor", _pair, PROMOTE, doc=f"The {_shown} of each pair", node=f"{_title}imumBackward0",
       numbers=False, inplace=False)
    op(f"{_name}.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)", _dim_extreme(_name, _index, _function),
       saves="indices", doc=f"The {_shown} elements along a dim, and where they stand")
    op(f"a{_name}(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor", _along(f"a{_name}", f"{_name}_values_cpu", _function),
       doc=f"The {_shown} element along dims, its gradient shared evenly among equals", saves="self result")
    op(f"arg{_name}(Tensor self, int? dim=None, bool keepdim=False) -> Tensor", _argument(f"arg{_name}", _index), differentiable=False,
       doc=f"Where the {_shown} element stands, the first of equals")
op("aminmax(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor min, Tensor max)", _aminmax, saves="self min max",
   doc="The smallest and the largest element")


# ---------------------------------------------------------------- all and any
def _truth(function):
    def truth(self, dim=None, keepdim=False):
        result = function(self != 0, axes_of(dim, self), keepdims=keepdim)
        return result.astype(jnp.uint8) if self.dtype == jnp.uint8 else result
    return truth


for _name, _function, _shown in (("all", _truth(jnp.all), "all elements are"), ("any", _truth(jnp.any), "any element is")):
    op(f"{_name}(Tensor self) -> Tensor", _function, doc=f"Whether {_shown} true", differentiable=False)
    op(f"{_name}.dim(Tensor self, int dim, bool keepdim=False) -> Tensor", _function, doc=f"Whether {_shown} true along a dim", differentiable=False)
    op(f"{_name}.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor",
       lambda self, dim, keepdim, function=_function: (self != 0).astype(jnp.uint8 if self.dtype == jnp.uint8 else bool) if dim == ()
       else function(self, dim, keepdim), doc=f"Whether {_shown} true along dims", differentiable=False)


# ---------------------------------------------------------------- norms and log-sums
def _vector_norm(self, order, dim, keepdim, dtype):
    need_floating(self, "linalg.vector_norm: Expected a floating point or complex tensor as input. Got {}")
    if dtype is not None:
        _check_norm_dtype(dtype_of(self), dtype)
    axes = axes_of(dim, self)
    if (order < 0 or order == math.inf) and any(self.shape[axis] == 0 for axis in axes):
        shown = f"{order:g}" if math.isinf(order) else order
        raise RuntimeError(f"linalg.vector_norm cannot compute the {shown} norm on an empty "
                           + (f"dimension {next(axis for axis in axes if self.shape[axis] == 0)} because the operation does not have an identity"
                              if dim else "tensor because the operation does not have an identity"))
    return kernels.vector_norm(self if dtype is None else self.astype(dtype.numpy), order, axes, keepdim)


def _check_norm_dtype(own, wanted):
    """A norm is computed in a dtype of the same kind that is no narrower."""
    if wanted.category < dtypes.FLOAT:
        raise RuntimeError(f"linalg.vector_norm: dtype should be floating point or complex, but got {wanted.legacy}")
    if own.category != wanted.category:
        kind = "complex" if own.is_complex else "real"
        raise RuntimeError(f"linalg.vector_norm: dtype should be {kind} for {kind} inputs, but got {wanted.legacy}")
    if dtypes.promote_types(own, wanted) is not wanted:
        raise RuntimeError(f"linalg.vector_norm: the dtype of the input ({own.legacy}) should be convertible without narrowing to the "
                           f"specified dtype ({wanted.legacy})")


def _check_dist(self, other, order):
    broadcast_shapes(self.shape, other.shape)
    no_bools(self, other)
    common = common_dtype((self, other))
    if common.category < dtypes.FLOAT:
        raise RuntimeError(f"norm(): input dtype should be either floating point or complex. Got {common.legacy} instead.")


def _dist(self, other, order):
    return kernels.vector_norm(self - other, order, tuple(range(max(self.ndim, other.ndim))), False)


def _renorm(self, order, dim, maxnorm):
    if order <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if self.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {self.ndim} dimensions")
    kept = dim_range(dim, self.ndim)
    need_floating(self, "linalg.vector_norm: Expected a floating point or complex tensor as input. Got {}")
    return kernels.renorm(self, order, tuple(axis for axis in range(self.ndim) if axis != kept), maxnorm)


VECTOR_NORM = op("vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor", _vector_norm,
                 static=("ord",), at="linalg", node="LinalgVectorNormBackward0", saves="self result",
                 doc="The norm of vectors: (sum |x|^ord)^(1/ord)")
op("dist(Tensor self, Tensor other, Scalar p=2) -> Tensor", _dist, FLOATING, static=("p",), saves="self other result", check=_check_dist,
   out=False, doc="The p-norm of self - other")
op("renorm(Tensor self, Scalar p, int dim, Scalar maxnorm) -> Tensor", _renorm, static=("p", "maxnorm"), inplace=True,
   doc="Each slice along a dim scaled down to a p-norm of maxnorm where it has a larger one")
op("logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor",
   lambda self, dim, keepdim: kernels.logsumexp(self, axes_of(dim, self), keepdim), FLOATING, saves="self result", at="torch Tensor special",
   doc="The logarithm of the sum of exponentials along dims, without overflow")


# ---------------------------------------------------------------- order statistics
def _axis_last(function):
    """A function of (array, axis) with the axis kept as 1, made one of (self, dim, keepdim)."""
    def statistic(self, dim, keepdim):
        if self.ndim == 0:
            return self, jnp.zeros((), jnp.int64)
        axis = dim_range(dim, self.ndim)
        values, indices = function(self, axis)
        return (values, indices) if keepdim else (jnp.squeeze(values, axis), jnp.squeeze(indices, axis))
    return statistic


def _median_along(name, ignore_nan):
    def statistic(array, axis):
        need_some(array, (axis,), f"{name}()", None)
        reject(array, "median_out", (BOOL, COMPLEX))
        return kernels.median(array, axis, ignore_nan)
    return _axis_last(statistic)


def _median_of_all(ignore_nan):
    def statistic(self):
        reject(self, "median_cpu", (BOOL, COMPLEX))
        return kernels.median_all(self, ignore_nan)
    return statistic


def _mode(array, axis):
    need_some(array, (axis,), "mode()", None)
    reject(array, "mode_cpu", (COMPLEX,))
    return kernels.mode(array, axis)


for _name, _ignore, _shown in (("median", False, "The lower median"), ("nanmedian", True, "The lower median, leaving out NaN,")):
    op(f"{_name}(Tensor self) -> Tensor", _median_of_all(_ignore), doc=f"{_shown} of all elements", saves="self result")
    op(f"{_name}.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)", _median_along(_name, _ignore),
       saves="indices", doc=f"{_shown} along a dim, and where it stands", node=f"{_name.capitalize()}Backward1")
op("mode(Tensor self, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)", _axis_last(_mode),
   saves="indices", doc="The most frequent element along a dim, the smallest of several, and where it stands")


def _quantile(ignore_nan):
    def quantile(self, q, dim, keepdim, interpolation):
        return kernels.quantile(self, q, dim, keepdim, interpolation, ignore_nan)
    return quantile


QUANTILE, NANQUANTILE = (
    op(f"{_name}(Tensor self, Tensor q, int? dim=None, bool keepdim=False, *, str interpolation=\"linear\") -> Tensor", _quantile(_ignore),
       at="", node="SqueezeBackward4", doc=f"The q-quantiles along a dim{_shown}")
    for _name, _ignore, _shown in (("quantile", False, ""), ("nanquantile", True, ", leaving out NaN")))
