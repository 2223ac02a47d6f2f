"""Derivatives along directions, carried forward from the inputs (torch.autograd.forward_ad).

A dual tensor is a fresh handle that enters the history; its tangent is kept beside it. What the tangent of a result is, is asked when it is
unpacked: the product of its derivatives with the tangents is the derivative, by the cotangents, of the products with cotangents. So between
`make_dual` and `unpack_dual` there must be a history: under `no_grad` none is recorded, and a result has no tangent.
"""

from typing import NamedTuple, Optional

from facade.autograd.functions import grad
from facade.autograd.grad_mode import enable_grad
from facade.core.tensor.history import edge_of
from facade.core.tensor.modes import modes
from facade.core.tensor.node import AccumulateGrad
from facade.core.tensor.tensor import Tensor

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]

_levels = []        # of each level, the duals that were made in it; torch allows one level


class _Dual(NamedTuple):
    """A place in the history where a tangent came in. handle: stands for it, whatever is written to the dual tensor; is_leaf: made for it."""

    handle: Tensor
    tangent: Tensor
    is_leaf: bool


class UnpackedDualTensor(NamedTuple):
    """What unpack_dual returns: the value, and its tangent or None."""

    primal: Tensor
    tangent: Optional[Tensor]


# ---------------------------------------------------------------- levels
def enter_dual_level():
    """Begin a level, and return its number; RuntimeError inside one."""
    if _levels:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    _levels.append([])
    return len(_levels) - 1


def exit_dual_level(*, level=None):
    """End the level: its tangents are forgotten."""
    if not _levels:
        raise RuntimeError("Dual level must be a positive number.")
    if level not in (None, len(_levels) - 1):
        raise RuntimeError("Trying to exit a forward AD level that was not the last one that was created. This is not supported.")
    _levels.pop()


class dual_level:
    """A block in which tensors may carry tangents (torch.autograd.forward_ad.dual_level)."""

    def __enter__(self):
        self.level = enter_dual_level()
        return self.level

    def __exit__(self, *error):
        exit_dual_level(level=self.level)


# ---------------------------------------------------------------- tangents in and out
def make_dual(tensor, tangent, *, level=None):
    """`tensor` with `tangent`, of the same shape, as the direction in which results are differentiated."""
    if not _levels:
        raise RuntimeError("Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first.")
    for name, each in (("primal", tensor), ("tangent", tangent)):
        if not (each.is_floating_point() or each.is_complex()):
            raise ValueError(f"Expected {name} to be floating point or complex, but got: {each.dtype}")
    if tensor.shape != tangent.shape:
        raise RuntimeError("Trying to set a forward gradient that has a different size than that of the original Tensor, this is not supported. "
                           f"Tensor is of size {list(tensor.shape)} while the given forward gradient is of size {list(tangent.shape)}.")
    if any(_stands_for(each, tensor) for each in _levels[-1]):
        raise RuntimeError("Making a dual Tensor based on a Tensor that already has a forward gradient at the same level 0 is not supported.")
    if any(_stands_for(each, tangent) for each in _levels[-1]):
        raise RuntimeError("Setting a forward grad that itself has a forward gradient at the same level0 is not supported.")
    if tangent.strides != tensor.strides:       # it is kept in the memory order of the tensor
        tangent = tensor.detach().clone().copy_(tangent)
    with enable_grad():
        made = tensor.view(tensor.shape) if tensor.requires_grad else tensor.detach().requires_grad_()
    _levels[-1].append(_Dual(Tensor._of(made.value, *edge_of(made)), tangent, not tensor.requires_grad))
    return made


def _stands_for(dual, tensor):
    return tensor.requires_grad and edge_of(tensor) == edge_of(dual.handle)


def unpack_dual(tensor, *, level=None):
    """(the value, the tangent that the duals of this level give it); the tangent is None where it depends on none of them."""
    duals = _levels[-1] if _levels else []
    if not tensor.requires_grad or not duals:
        return UnpackedDualTensor(tensor, None)
    wanted = modes.grad and _leads_out(tensor, duals)
    given = next((each.tangent for each in duals if each.tangent.dtype is tensor.dtype and _stands_for(each, tensor)), None)
    tangent = _tangent(tensor, duals, wanted) if given is None else given
    return UnpackedDualTensor(tensor if wanted else tensor.detach(), tangent)


def _tangent(tensor, duals, wanted):
    with enable_grad():
        cotangent = tensor.detach().new_zeros(tensor.shape).requires_grad_()
        products = grad(tensor, [each.handle for each in duals], cotangent, create_graph=True, allow_unused=True)
        reached = [(product, dual.tangent.to(product.dtype)) for product, dual in zip(products, duals) if product is not None]
        if not reached:
            return None
        products, tangents = zip(*reached)
        wanted = wanted or any(each.requires_grad for each in tangents)
        return grad(products, cotangent, tangents, create_graph=wanted, retain_graph=True, materialize_grads=True)[0]


def _leads_out(tensor, duals):
    """Whether the history reaches a leaf that no dual was made for."""
    own = {edge_of(each.handle)[0] for each in duals if each.is_leaf}
    seen, stack = set(own), [edge_of(tensor)[0]]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, AccumulateGrad):
            return True
        stack += [edge[0] for edge in node.edges if edge is not None]
    return False
