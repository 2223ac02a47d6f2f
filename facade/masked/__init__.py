"""Reductions and normalizations of the elements that a mask chooses (torch.masked); tensors that carry their mask are not here."""

from facade.masked._ops import FUNCTIONS

__all__ = list(FUNCTIONS)
globals().update(FUNCTIONS)


def masked_tensor(data, mask, requires_grad=False):
    """Not supported."""
    raise NotImplementedError("torch.masked.masked_tensor: tensors that carry a mask are not supported; pass the mask to the functions of "
                              "torch.masked, as in torch.masked.sum(data, mask=mask)")


as_masked_tensor = MaskedTensor = masked_tensor


def is_masked_tensor(obj):
    """False: there are no tensors that carry a mask."""
    return False
