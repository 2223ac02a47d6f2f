"""Written by `python -m facade.core.ops.stubs`."""
# mypy: disable-error-code="overload-cannot-match, overload-overlap, no-redef"

from builtins import bool as _bool, complex as _complex, float as _float, int as _int, str as _str
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, overload

from facade.core.dtypes import dtype as _dtype
from facade.core.tensor.tensor import Tensor
from facade.nn.modules.pooling import AdaptiveAvgPool1d as AdaptiveAvgPool1d
from facade.nn.modules.pooling import AdaptiveAvgPool2d as AdaptiveAvgPool2d
from facade.nn.modules.pooling import AdaptiveAvgPool3d as AdaptiveAvgPool3d
from facade.nn.modules.adaptive import AdaptiveLogSoftmaxWithLoss as AdaptiveLogSoftmaxWithLoss
from facade.nn.modules.pooling import AdaptiveMaxPool1d as AdaptiveMaxPool1d
from facade.nn.modules.pooling import AdaptiveMaxPool2d as AdaptiveMaxPool2d
from facade.nn.modules.pooling import AdaptiveMaxPool3d as AdaptiveMaxPool3d
from facade.nn.modules.dropout import AlphaDropout as AlphaDropout
from facade.nn.modules.pooling import AvgPool1d as AvgPool1d
from facade.nn.modules.pooling import AvgPool2d as AvgPool2d
from facade.nn.modules.pooling import AvgPool3d as AvgPool3d
from facade.nn.modules.loss import BCELoss as _BCELoss
from facade.nn.modules.loss import BCEWithLogitsLoss as BCEWithLogitsLoss
from facade.nn.modules.batchnorm import BatchNorm1d as BatchNorm1d
from facade.nn.modules.batchnorm import BatchNorm2d as BatchNorm2d
from facade.nn.modules.batchnorm import BatchNorm3d as BatchNorm3d
from facade.nn.modules.linear import Bilinear as Bilinear
from facade.nn.modules.activation import CELU as _CELU
from facade.nn.modules.loss import CTCLoss as _CTCLoss
from facade.nn.modules.channelshuffle import ChannelShuffle as _ChannelShuffle
from facade.nn.modules.container import Container as Container
from facade.nn.modules.loss import CosineEmbeddingLoss as _CosineEmbeddingLoss
from facade.nn.modules.distance import CosineSimilarity as _CosineSimilarity
from facade.nn.modules.loss import CrossEntropyLoss as _CrossEntropyLoss
from facade.nn.modules.normalization import CrossMapLRN2d as CrossMapLRN2d
from facade.nn.modules.dropout import Dropout as _Dropout
from facade.nn.modules.dropout import Dropout1d as _Dropout1d
from facade.nn.modules.dropout import Dropout2d as _Dropout2d
from facade.nn.modules.dropout import Dropout3d as _Dropout3d
from facade.nn.modules.activation import ELU as _ELU
from facade.nn.modules.sparse import Embedding as Embedding
from facade.nn.modules.sparse import EmbeddingBag as EmbeddingBag
from facade.nn.modules.dropout import FeatureAlphaDropout as FeatureAlphaDropout
from facade.nn.modules.flatten import Flatten as _Flatten
from facade.nn.modules.fold import Fold as _Fold
from facade.nn.modules.pooling import FractionalMaxPool2d as FractionalMaxPool2d
from facade.nn.modules.pooling import FractionalMaxPool3d as FractionalMaxPool3d
from facade.nn.modules.activation import GELU as _GELU
from facade.nn.modules.activation import GLU as _GLU
from facade.nn.modules.rnn import GRU as GRU
from facade.nn.modules.rnn import GRUCell as GRUCell
from facade.nn.modules.loss import GaussianNLLLoss as _GaussianNLLLoss
from facade.nn.modules.normalization import GroupNorm as GroupNorm
from facade.nn.modules.activation import Hardshrink as _Hardshrink
from facade.nn.modules.activation import Hardsigmoid as _Hardsigmoid
from facade.nn.modules.activation import Hardswish as _Hardswish
from facade.nn.modules.activation import Hardtanh as Hardtanh
from facade.nn.modules.loss import HingeEmbeddingLoss as _HingeEmbeddingLoss
from facade.nn.modules.loss import HuberLoss as HuberLoss
from facade.nn.modules.linear import Identity as Identity
from facade.nn.modules.instancenorm import InstanceNorm1d as InstanceNorm1d
from facade.nn.modules.instancenorm import InstanceNorm2d as InstanceNorm2d
from facade.nn.modules.instancenorm import InstanceNorm3d as InstanceNorm3d
from facade.nn.modules.loss import KLDivLoss as _KLDivLoss
from facade.nn.modules.loss import L1Loss as _L1Loss
from facade.nn.modules.pooling import LPPool1d as LPPool1d
from facade.nn.modules.pooling import LPPool2d as LPPool2d
from facade.nn.modules.pooling import LPPool3d as LPPool3d
from facade.nn.modules.rnn import LSTM as LSTM
from facade.nn.modules.rnn import LSTMCell as LSTMCell
from facade.nn.modules.normalization import LayerNorm as LayerNorm
from facade.nn.modules.batchnorm import LazyBatchNorm1d as LazyBatchNorm1d
from facade.nn.modules.batchnorm import LazyBatchNorm2d as LazyBatchNorm2d
from facade.nn.modules.batchnorm import LazyBatchNorm3d as LazyBatchNorm3d
from facade.nn.modules.instancenorm import LazyInstanceNorm1d as LazyInstanceNorm1d
from facade.nn.modules.instancenorm import LazyInstanceNorm2d as LazyInstanceNorm2d
from facade.nn.modules.instancenorm import LazyInstanceNorm3d as LazyInstanceNorm3d
from facade.nn.modules.linear import LazyLinear as LazyLinear
from facade.nn.modules.activation import LeakyReLU as _LeakyReLU
from facade.nn.modules.linear import Linear as Linear
from facade.nn.modules.loss import LinearCrossEntropyLoss as LinearCrossEntropyLoss
from facade.nn.modules.linear_cross_entropy_options import LinearCrossEntropyOptions as LinearCrossEntropyOptions
from facade.nn.modules.normalization import LocalResponseNorm as _LocalResponseNorm
from facade.nn.modules.activation import LogSigmoid as LogSigmoid
from facade.nn.modules.activation import LogSoftmax as _LogSoftmax
from facade.nn.modules.loss import MSELoss as _MSELoss
from facade.nn.modules.loss import MarginRankingLoss as _MarginRankingLoss
from facade.nn.modules.pooling import MaxPool1d as MaxPool1d
from facade.nn.modules.pooling import MaxPool2d as MaxPool2d
from facade.nn.modules.pooling import MaxPool3d as MaxPool3d
from facade.nn.modules.pooling import MaxUnpool1d as MaxUnpool1d
from facade.nn.modules.pooling import MaxUnpool2d as MaxUnpool2d
from facade.nn.modules.pooling import MaxUnpool3d as MaxUnpool3d
from facade.nn.modules.activation import Mish as _Mish
from facade.nn.modules.module import Module as Module
from facade.nn.modules.container import ModuleDict as ModuleDict
from facade.nn.modules.container import ModuleList as ModuleList
from facade.nn.modules.loss import MultiLabelMarginLoss as _MultiLabelMarginLoss
from facade.nn.modules.loss import MultiLabelSoftMarginLoss as _MultiLabelSoftMarginLoss
from facade.nn.modules.loss import MultiMarginLoss as MultiMarginLoss
from facade.nn.modules.activation import MultiheadAttention as MultiheadAttention
from facade.nn.modules.loss import NLLLoss as _NLLLoss
from facade.nn.modules.loss import NLLLoss2d as NLLLoss2d
from facade.nn.modules.activation import PReLU as PReLU
from facade.nn.modules.distance import PairwiseDistance as PairwiseDistance
from facade.nn.modules.container import ParameterDict as ParameterDict
from facade.nn.modules.container import ParameterList as ParameterList
from facade.nn.modules.pixelshuffle import PixelShuffle as _PixelShuffle
from facade.nn.modules.pixelshuffle import PixelUnshuffle as _PixelUnshuffle
from facade.nn.modules.loss import PoissonNLLLoss as _PoissonNLLLoss
from facade.nn.modules.normalization import RMSNorm as RMSNorm
from facade.nn.modules.rnn import RNN as RNN
from facade.nn.modules.rnn import RNNBase as RNNBase
from facade.nn.modules.rnn import RNNCell as RNNCell
from facade.nn.modules.rnn import RNNCellBase as RNNCellBase
from facade.nn.modules.activation import RReLU as _RReLU
from facade.nn.modules.activation import ReLU as _ReLU
from facade.nn.modules.activation import ReLU6 as ReLU6
from facade.nn.modules.activation import SELU as _SELU
from facade.nn.modules.container import Sequential as Sequential
from facade.nn.modules.activation import SiLU as _SiLU
from facade.nn.modules.activation import Sigmoid as Sigmoid
from facade.nn.modules.loss import SmoothL1Loss as _SmoothL1Loss
from facade.nn.modules.loss import SoftMarginLoss as _SoftMarginLoss
from facade.nn.modules.activation import Softmax as _Softmax
from facade.nn.modules.activation import Softmax2d as Softmax2d
from facade.nn.modules.activation import Softmin as _Softmin
from facade.nn.modules.activation import Softplus as _Softplus
from facade.nn.modules.activation import Softshrink as _Softshrink
from facade.nn.modules.activation import Softsign as Softsign
from facade.nn.modules.batchnorm import SyncBatchNorm as SyncBatchNorm
from facade.nn.modules.activation import Tanh as Tanh
from facade.nn.modules.activation import Tanhshrink as Tanhshrink
from facade.nn.modules.activation import Threshold as _Threshold
from facade.nn.modules.transformer import Transformer as Transformer
from facade.nn.modules.transformer import TransformerDecoder as TransformerDecoder
from facade.nn.modules.transformer import TransformerDecoderLayer as TransformerDecoderLayer
from facade.nn.modules.transformer import TransformerEncoder as TransformerEncoder
from facade.nn.modules.transformer import TransformerEncoderLayer as TransformerEncoderLayer
from facade.nn.modules.loss import TripletMarginLoss as TripletMarginLoss
from facade.nn.modules.loss import TripletMarginWithDistanceLoss as TripletMarginWithDistanceLoss
from facade.nn.modules.flatten import Unflatten as Unflatten
from facade.nn.modules.fold import Unfold as _Unfold
from facade.nn.modules.upsampling import Upsample as Upsample
from facade.nn.modules.upsampling import UpsamplingBilinear2d as UpsamplingBilinear2d
from facade.nn.modules.upsampling import UpsamplingNearest2d as UpsamplingNearest2d
from facade.nn.modules import activation as activation
from facade.nn.modules import adaptive as adaptive
from facade.nn.modules import batchnorm as batchnorm
from facade.nn.modules import channelshuffle as channelshuffle
from facade.nn.modules import container as container
from facade.nn.modules import conv as conv
from facade.nn.modules import distance as distance
from facade.nn.modules import dropout as dropout
from facade.nn.modules import flatten as flatten
from facade.nn.modules import fold as fold
from facade.nn.modules import hooks as hooks
from facade.nn.modules import instancenorm as instancenorm
from facade.nn.modules import layer as layer
from facade.nn.modules import lazy as lazy
from facade.nn.modules import linear as linear
from facade.nn.modules import linear_cross_entropy_options as linear_cross_entropy_options
from facade.nn.modules import loss as loss
from facade.nn.modules import module as module
from facade.nn.modules import normalization as normalization
from facade.nn.modules import padding as padding
from facade.nn.modules import pixelshuffle as pixelshuffle
from facade.nn.modules import pooling as pooling
from facade.nn.modules import rnn as rnn
from facade.nn.modules import sparse as sparse
from facade.nn.modules import state as state
from facade.nn.modules import transformer as transformer
from facade.nn.modules import traversal as traversal
from facade.nn.modules import upsampling as upsampling
from facade.nn.modules import utils as utils


class BCELoss(_BCELoss):
    def __init__(self, weight=..., size_average=..., reduce=..., reduction=...) -> None: ...
class CELU(_CELU):
    def __init__(self, alpha=..., inplace=...) -> None: ...
class CTCLoss(_CTCLoss):
    def __init__(self, blank=..., reduction=..., zero_infinity=...) -> None: ...
class ChannelShuffle(_ChannelShuffle):
    def __init__(self, groups) -> None: ...
CircularPad1d: Any
CircularPad2d: Any
CircularPad3d: Any
ConstantPad1d: Any
ConstantPad2d: Any
ConstantPad3d: Any
Conv1d: Any
Conv2d: Any
Conv3d: Any
ConvTranspose1d: Any
ConvTranspose2d: Any
ConvTranspose3d: Any
class CosineEmbeddingLoss(_CosineEmbeddingLoss):
    def __init__(self, margin=..., size_average=..., reduce=..., reduction=...) -> None: ...
class CosineSimilarity(_CosineSimilarity):
    def __init__(self, dim=..., eps=...) -> None: ...
class CrossEntropyLoss(_CrossEntropyLoss):
    def __init__(self, weight=..., size_average=..., ignore_index=..., reduce=..., reduction=..., label_smoothing=...) -> None: ...
class Dropout(_Dropout):
    def __init__(self, p=..., inplace=...) -> None: ...
class Dropout1d(_Dropout1d):
    def __init__(self, p=..., inplace=...) -> None: ...
class Dropout2d(_Dropout2d):
    def __init__(self, p=..., inplace=...) -> None: ...
class Dropout3d(_Dropout3d):
    def __init__(self, p=..., inplace=...) -> None: ...
class ELU(_ELU):
    def __init__(self, alpha=..., inplace=...) -> None: ...
class Flatten(_Flatten):
    def __init__(self, start_dim=..., end_dim=...) -> None: ...
class Fold(_Fold):
    def __init__(self, output_size, kernel_size, dilation=..., padding=..., stride=...) -> None: ...
class GELU(_GELU):
    def __init__(self, approximate=...) -> None: ...
class GLU(_GLU):
    def __init__(self, dim=...) -> None: ...
class GaussianNLLLoss(_GaussianNLLLoss):
    def __init__(self, *, full=..., eps=..., reduction=...) -> None: ...
class Hardshrink(_Hardshrink):
    def __init__(self, lambd=...) -> None: ...
class Hardsigmoid(_Hardsigmoid):
    def __init__(self, inplace=...) -> None: ...
class Hardswish(_Hardswish):
    def __init__(self, inplace=...) -> None: ...
class HingeEmbeddingLoss(_HingeEmbeddingLoss):
    def __init__(self, margin=..., size_average=..., reduce=..., reduction=...) -> None: ...
class KLDivLoss(_KLDivLoss):
    def __init__(self, size_average=..., reduce=..., reduction=..., log_target=...) -> None: ...
class L1Loss(_L1Loss):
    def __init__(self, size_average=..., reduce=..., reduction=...) -> None: ...
LazyConv1d: Any
LazyConv2d: Any
LazyConv3d: Any
LazyConvTranspose1d: Any
LazyConvTranspose2d: Any
LazyConvTranspose3d: Any
class LeakyReLU(_LeakyReLU):
    def __init__(self, negative_slope=..., inplace=...) -> None: ...
class LocalResponseNorm(_LocalResponseNorm):
    def __init__(self, size, alpha=..., beta=..., k=...) -> None: ...
class LogSoftmax(_LogSoftmax):
    def __init__(self, dim=...) -> None: ...
class MSELoss(_MSELoss):
    def __init__(self, size_average=..., reduce=..., reduction=...) -> None: ...
class MarginRankingLoss(_MarginRankingLoss):
    def __init__(self, margin=..., size_average=..., reduce=..., reduction=...) -> None: ...
class Mish(_Mish):
    def __init__(self, inplace=...) -> None: ...
class MultiLabelMarginLoss(_MultiLabelMarginLoss):
    def __init__(self, size_average=..., reduce=..., reduction=...) -> None: ...
class MultiLabelSoftMarginLoss(_MultiLabelSoftMarginLoss):
    def __init__(self, weight=..., size_average=..., reduce=..., reduction=...) -> None: ...
class NLLLoss(_NLLLoss):
    def __init__(self, weight=..., size_average=..., ignore_index=..., reduce=..., reduction=...) -> None: ...
class PixelShuffle(_PixelShuffle):
    def __init__(self, upscale_factor) -> None: ...
class PixelUnshuffle(_PixelUnshuffle):
    def __init__(self, downscale_factor) -> None: ...
class PoissonNLLLoss(_PoissonNLLLoss):
    def __init__(self, log_input=..., full=..., size_average=..., eps=..., reduce=..., reduction=...) -> None: ...
class RReLU(_RReLU):
    def __init__(self, lower=..., upper=..., inplace=...) -> None: ...
class ReLU(_ReLU):
    def __init__(self, inplace=...) -> None: ...
ReflectionPad1d: Any
ReflectionPad2d: Any
ReflectionPad3d: Any
ReplicationPad1d: Any
ReplicationPad2d: Any
ReplicationPad3d: Any
class SELU(_SELU):
    def __init__(self, inplace=...) -> None: ...
class SiLU(_SiLU):
    def __init__(self, inplace=...) -> None: ...
class SmoothL1Loss(_SmoothL1Loss):
    def __init__(self, size_average=..., reduce=..., reduction=..., beta=...) -> None: ...
class SoftMarginLoss(_SoftMarginLoss):
    def __init__(self, size_average=..., reduce=..., reduction=...) -> None: ...
class Softmax(_Softmax):
    def __init__(self, dim=...) -> None: ...
class Softmin(_Softmin):
    def __init__(self, dim=...) -> None: ...
class Softplus(_Softplus):
    def __init__(self, beta=..., threshold=...) -> None: ...
class Softshrink(_Softshrink):
    def __init__(self, lambd=...) -> None: ...
class Threshold(_Threshold):
    def __init__(self, threshold, value, inplace=...) -> None: ...
class Unfold(_Unfold):
    def __init__(self, kernel_size, dilation=..., padding=..., stride=...) -> None: ...
ZeroPad1d: Any
ZeroPad2d: Any
ZeroPad3d: Any
