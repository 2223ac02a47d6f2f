"""Primitives along axes: what takes elements together, runs over them, or orders them."""

from facade.workbench.emitting.expressions import Reduced, Truth, axis_text, call, dtype_text, dtype_unless_usual, method, tuple_text

REDUCTIONS = {"reduce_sum": "sum", "reduce_max": "max", "reduce_min": "min", "reduce_prod": "prod", "reduce_and": "all", "reduce_or": "any",
              "reduce_mean": "mean"}
CUMULATIVE = {"cumsum": "jnp.cumsum", "cumprod": "jnp.cumprod", "cummax": "lax.cummax", "cummin": "lax.cummin",
              "cumlogsumexp": "lax.cumlogsumexp"}


def reduction(eqn):
    """jnp.sum over axes; of a reduction by the same function, over the axes of both."""
    name, axes = REDUCTIONS[eqn.name], tuple(eqn.params["axes"])
    made = Reduced(name, eqn.operands[0], axes, len(eqn.shapes[0]))
    inner = eqn.operands[0].source
    if isinstance(inner, Truth) and name == "sum" and dtype_unless_usual(eqn.out.dtype, eqn.wide) is None and eqn.out.dtype.kind == "i":
        return made._replace(operand=inner.operand).expression
    if isinstance(inner, Reduced) and inner.name == name and not inner.keepdims:
        left = [axis for axis in range(inner.rank) if axis not in inner.axes]
        together = tuple(sorted((*inner.axes, *(left[axis] for axis in axes))))
        made = Reduced(name, inner.operand, together, inner.rank)
    return made.expression


def arg_reduction(eqn):
    """jnp.argmax."""
    made = call(f"jnp.{eqn.name}", eqn.operands[0], axis=axis_text(eqn.params["axes"]))
    dtype = dtype_text(eqn.params["index_dtype"])
    return made if dtype == ("jnp.int64" if eqn.wide else "jnp.int32") else method(made, "astype", dtype)


def cumulative(eqn):
    """jnp.cumsum along an axis, perhaps from its end."""
    axis, operand = eqn.params["axis"], eqn.operands[0]
    if not eqn.params["reverse"]:
        return call(CUMULATIVE[eqn.name], operand, axis=axis)
    return call(f"lax.{eqn.name}", operand, axis=axis, reverse=True)


def sort(eqn):
    """jnp.sort of one array, lax.sort of several together."""
    params = eqn.params
    if len(eqn.operands) == 1:
        last = params["dimension"] in (-1, len(eqn.shapes[0]) - 1)
        return call("jnp.sort", eqn.operands[0], axis=None if last else params["dimension"])
    return call("lax.sort", tuple_text([each.text for each in eqn.operands]), dimension=params["dimension"], is_stable=params["is_stable"],
                num_keys=params["num_keys"])


def top_k(eqn):
    """lax.top_k."""
    return call("lax.top_k", eqn.operands[0], eqn.params["k"])


ROWS = {**dict.fromkeys(REDUCTIONS, reduction), **dict.fromkeys(CUMULATIVE, cumulative), "argmax": arg_reduction, "argmin": arg_reduction,
        "sort": sort, "top_k": top_k}
