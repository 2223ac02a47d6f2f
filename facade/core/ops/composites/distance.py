"""Norms and angles between vectors, and vectors of norm one."""

from facade.core import dtypes
from facade.core.errors import broadcast_shapes
from facade.core.ops.binding import as_int
from facade.core.ops.composites import composite
from facade.core.ops.outputs import apply_out


@composite(at="nn.functional")
def normalize(input, p=2.0, dim=1, eps=1e-12, out=None):
    """input divided by its p-norm along dim, or by eps where that is larger"""
    def compute():
        return input / input.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(input)
    return compute() if out is None else apply_out("div", compute, out, (input,))


@composite(at="torch nn.functional")
def cosine_similarity(x1, x2, dim=1, eps=1e-08):
    """The cosine of the angle between vectors along dim; norms below eps count as eps"""
    common = dtypes.promote_types(x1.dtype, x2.dtype)
    if not common.is_floating_point:
        raise RuntimeError(f"expected common dtype to be floating point, yet common dtype is {common.legacy}")
    units, shape = [], broadcast_shapes(x1.shape, x2.shape)
    for vectors in (each if each.shape == shape else each.expand(shape) for each in (x1.to(common), x2.to(common))):
        norm = vectors.norm(2, as_int(dim), keepdim=True)
        units.append(vectors / norm.clamp_min(eps))
    return (units[0] * units[1]).sum(dim)


@composite(at="torch nn.functional")
def pairwise_distance(x1, x2, p=2.0, eps=1e-06, keepdim=False):
    """The p-norm of x1 - x2 + eps along the last dim"""
    return (x1 - x2 + eps).norm(p, -1, keepdim=keepdim)
