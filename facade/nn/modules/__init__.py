"""The layers (torch.nn.modules)."""

from facade.nn.modules import (activation, batchnorm, channelshuffle, container, conv, distance, dropout, flatten, fold, instancenorm, linear, loss,
                               normalization, padding, pixelshuffle, pooling, sparse, upsampling)
from facade.nn.modules.module import Module

_FILES = (activation, batchnorm, channelshuffle, container, conv, distance, dropout, flatten, fold, instancenorm, linear, loss, normalization,
          padding, pixelshuffle, pooling, sparse, upsampling)
_LAYERS = {name: getattr(file, name) for file in _FILES for name in file.__all__}
globals().update(_LAYERS)
__all__ = ["Module", *_LAYERS]
