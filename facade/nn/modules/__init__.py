"""The layers (torch.nn.modules)."""

from facade.nn.modules import (activation, adaptive, batchnorm, channelshuffle, container, conv, distance, dropout, flatten, fold, instancenorm,
                               linear, linear_cross_entropy_options, loss, normalization, padding, pixelshuffle, pooling, rnn, sparse, transformer,
                               upsampling)
from facade.nn.modules import utils  # noqa: F401  (found here in torch)
from facade.nn.modules.module import Module

_FILES = (activation, adaptive, batchnorm, channelshuffle, container, conv, distance, dropout, flatten, fold, instancenorm, linear,
          linear_cross_entropy_options, loss, normalization, padding, pixelshuffle, pooling, rnn, sparse, transformer, upsampling)
_LAYERS = {name: getattr(file, name) for file in _FILES for name in file.__all__}
globals().update(_LAYERS)
__all__ = ["Module", *_LAYERS]
