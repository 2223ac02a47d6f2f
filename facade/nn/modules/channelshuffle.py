"""Channels in another order (torch.nn.modules.channelshuffle)."""

from facade.nn import functional as F
from facade.nn.modules.layer import layer
from facade.nn.modules.module import Module

__all__ = ["ChannelShuffle"]


@layer(F.channel_shuffle, "groups", shows="groups={0.groups}")
class ChannelShuffle(Module):
    """The first channel of each group, then the second of each, and so on."""
