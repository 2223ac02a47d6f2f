"""A jaxpr without what its results do not need.

JAX's own pass looks into calls and cuts them to what is used of them. An idiom is called as it stands, so it stays whole here: what is
not used of its results is not looked at.
"""

from jax.extend.core import Literal
from jax.interpreters.partial_eval import dce_rules

from facade.workbench.emitting.known import is_idiom


def trimmed(jaxpr):
    """(a jaxpr that gives all its results, whether each input is needed)."""
    needed, kept = _names(jaxpr.outvars), []
    for equation in reversed(jaxpr.eqns):
        used = [each in needed for each in equation.outvars]
        if any(used):
            kept.append(_within(equation, used))
            needed |= _names(kept[-1].invars)
    is_used = [each in needed for each in jaxpr.invars]
    inputs = [each for each, stays in zip(jaxpr.invars, is_used) if stays]
    names = jaxpr.debug_info._replace(arg_names=None)
    return jaxpr.replace(invars=inputs, eqns=kept[::-1], debug_info=names), is_used


def _names(atoms):
    return {each for each in atoms if not isinstance(each, Literal)}


def _within(equation, used):
    """An equation without what is not used inside it."""
    rule = dce_rules.get(equation.primitive)
    if rule is None or is_idiom(equation.params.get("name", "")):
        return equation
    return rule(used, equation)[1]
