"""Dropout as layers (torch.nn.modules.dropout): what is dropped is drawn at each call in training, nothing in evaluation."""

from facade.nn import functional as F
from facade.nn.modules.layer import layer
from facade.nn.modules.module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _DropoutNd(Module):
    def __init__(self, p=0.5, inplace=False):
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def extra_repr(self):
        return f"p={self.p}, inplace={self.inplace}"


_dropout = dict(options="p=0.5, inplace=False", passed=["training"])


@layer(F.dropout, **_dropout)
class Dropout(_DropoutNd):
    """Each element is 0 with probability p, the others are divided by 1 - p."""


@layer(F.dropout1d, **_dropout)
class Dropout1d(_DropoutNd):
    """Each channel of (batch, channels, length) is 0 with probability p."""


@layer(F.dropout2d, **_dropout)
class Dropout2d(_DropoutNd):
    """Each channel of (batch, channels, height, width) is 0 with probability p."""


@layer(F.dropout3d, **_dropout)
class Dropout3d(_DropoutNd):
    """Each channel of (batch, channels, depth, height, width) is 0 with probability p."""


class AlphaDropout(_DropoutNd):
    """Dropout that keeps the mean 0 and the variance 1 of SELU's outputs."""

    def forward(self, input):
        """input: of any shape."""
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_DropoutNd):
    """AlphaDropout of whole channels."""

    def forward(self, input):
        """input: channels in the second dimension."""
        return F.feature_alpha_dropout(input, self.p, self.training)
