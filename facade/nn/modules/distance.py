"""Distances as layers (torch.nn.modules.distance)."""

from facade.nn import functional as F
from facade.nn.modules.layer import layer
from facade.nn.modules.module import Module

__all__ = ["CosineSimilarity", "PairwiseDistance"]


@layer(F.cosine_similarity, "dim=1, eps=1e-8", "x1, x2")
class CosineSimilarity(Module):
    """The cosine of the angle between vectors along `dim`."""


class PairwiseDistance(Module):
    """The norm of order p of the difference of vectors along the last dimension."""

    def __init__(self, p=2.0, eps=1e-6, keepdim=False):
        super().__init__()
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1, x2):
        """x1, x2: (batch, features) or (features,)."""
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
