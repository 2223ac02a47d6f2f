"""Losses as layers (torch.nn.modules.loss).

Every loss has `reduction`: 'mean' and 'sum' give a scalar, 'none' the loss of each element; the older flags `size_average`
and `reduce` set the same.
"""

import math

from facade.core.ops.reductions import legacy_name
from facade.core.warn import warn
from facade.nn import functional as F
from facade.nn.modules.distance import PairwiseDistance
from facade.nn.modules.layer import layer
from facade.nn.modules.linear import Linear
from facade.nn.modules.module import Module

__all__ = ["BCELoss", "BCEWithLogitsLoss", "CTCLoss", "CosineEmbeddingLoss", "CrossEntropyLoss", "GaussianNLLLoss", "HingeEmbeddingLoss", "HuberLoss",
           "KLDivLoss", "L1Loss", "LinearCrossEntropyLoss", "MSELoss", "MarginRankingLoss", "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss",
           "MultiMarginLoss", "NLLLoss", "NLLLoss2d", "PoissonNLLLoss", "SmoothL1Loss", "SoftMarginLoss", "TripletMarginLoss",
           "TripletMarginWithDistanceLoss"]

_REDUCTION = "size_average=None, reduce=None, reduction='mean'"
_PAIR, _TRIPLE = "input, target", "anchor, positive, negative"


class _Loss(Module):
    def __init__(self, size_average=None, reduce=None, reduction="mean"):
        super().__init__()
        self.reduction = legacy_name(size_average, reduce) or reduction


class _WeightedLoss(_Loss):
    def __init__(self, weight=None, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


# ---------------------------------------------------------------- distances
@layer(F.l1_loss, _REDUCTION, _PAIR)
class L1Loss(_Loss):
    """|input - target|."""


@layer(F.mse_loss, _REDUCTION, _PAIR)
class MSELoss(_Loss):
    """(input - target)^2."""


@layer(F.smooth_l1_loss, _REDUCTION + ", beta=1.0", _PAIR)
class SmoothL1Loss(_Loss):
    """Squared where |input - target| is below beta, absolute above it."""


class HuberLoss(_Loss):
    """As SmoothL1Loss, times delta."""

    def __init__(self, reduction="mean", delta=1.0):
        super().__init__(reduction=reduction)
        if not isinstance(delta, (float, int)):
            raise TypeError(f"delta must be a float or int, got: {type(delta)}")
        self.delta = delta

    def forward(self, input, target):
        """input, target: of the same shape."""
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


# ---------------------------------------------------------------- probabilities
@layer(F.nll_loss, "weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean'", _PAIR)
class NLLLoss(_WeightedLoss):
    """Minus the log-probability of the target class; weight: of each class."""


class NLLLoss2d(NLLLoss):
    """The former name of NLLLoss for images."""

    def __init__(self, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
        warn("`NLLLoss2d` has been deprecated. Please use `NLLLoss` instead as a drop-in replacement and see "
             "https://pytorch.org/docs/main/nn.html#torch.nn.NLLLoss for more details.", FutureWarning)
        super().__init__(weight, size_average, ignore_index, reduce, reduction)


@layer(F.cross_entropy, "weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean', label_smoothing=0.0", _PAIR)
class CrossEntropyLoss(_WeightedLoss):
    """NLLLoss of the log-softmax over the classes, which are the second dimension; target: classes, or probabilities of them."""


class LinearCrossEntropyLoss(_WeightedLoss):
    """CrossEntropyLoss of what a linear layer of its own makes of the input; out_features: of further dimensions that each have a loss."""

    def __init__(self, in_features, num_classes, *, out_features=(), bias=False, device=None, dtype=None, reduction="mean", weight=None,
                 ignore_index=None, label_smoothing=0.0, options=None):
        if weight is not None and weight.shape != (num_classes,):
            raise RuntimeError(f"expected weight shape to be {(num_classes,)}, got {tuple(weight.shape)}")
        if not 0 <= label_smoothing <= 1:
            raise RuntimeError(f"expected label_smoothing to be in range [0, 1], got {label_smoothing}")
        super().__init__(weight, reduction=reduction)
        self.num_classes, self.out_features, self.ignore_index = num_classes, out_features, ignore_index
        self.label_smoothing, self.options = label_smoothing, options
        self.linear = Linear(in_features, math.prod(out_features, start=num_classes), bias=bias, device=device, dtype=dtype)

    def forward(self, input, target):
        """input: (batch, in_features); target: (batch, out_features...), or probabilities with the classes after the batch."""
        shape, linear = (self.num_classes, *self.out_features), self.linear
        bias = None if linear.bias is None else linear.bias.reshape(shape)
        return F.linear_cross_entropy(input, linear.weight.reshape((*shape, linear.in_features)), target, linear_bias=bias, weight=self.weight,
                                      reduction=self.reduction, ignore_index=self.ignore_index, label_smoothing=self.label_smoothing,
                                      options=self.options)

    def extra_repr(self):
        return (f"in_features={self.linear.in_features}, num_classes={self.num_classes}, out_features={self.out_features}, "
                f"bias={self.linear.bias is not None}, reduction={self.reduction}, ignore_index={self.ignore_index}, "
                f"label_smoothing={self.label_smoothing}, options={self.options}")


@layer(F.binary_cross_entropy, "weight=None, " + _REDUCTION, _PAIR)
class BCELoss(_WeightedLoss):
    """The cross entropy of probabilities, each of its own."""


class BCEWithLogitsLoss(_Loss):
    """BCELoss of the sigmoid, without its overflow; pos_weight: of the positive examples."""

    def __init__(self, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None):
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input, target):
        """input, target: of the same shape."""
        return F.binary_cross_entropy_with_logits(input, target, self.weight, pos_weight=self.pos_weight, reduction=self.reduction)


@layer(F.kl_div, _REDUCTION + ", log_target=False", _PAIR)
class KLDivLoss(_Loss):
    """target * (log(target) - input), where the input is a log-probability."""


@layer(F.poisson_nll_loss, "log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction='mean'", "log_input, target")
class PoissonNLLLoss(_Loss):
    """Minus the log-probability of counts under Poisson rates."""


@layer(F.gaussian_nll_loss, "*, full=False, eps=1e-6, reduction='mean'", "input, target, var")
class GaussianNLLLoss(_Loss):
    """Minus the log-probability of the targets under normal distributions."""


@layer(F.ctc_loss, "blank=0, reduction='mean', zero_infinity=False", "log_probs, targets, input_lengths, target_lengths")
class CTCLoss(_Loss):
    """Minus the log-probability of label sequences under all their alignments; log_probs: (time, batch, classes)."""


# ---------------------------------------------------------------- margins
@layer(F.margin_ranking_loss, "margin=0.0, " + _REDUCTION, "input1, input2, target")
class MarginRankingLoss(_Loss):
    """max(0, -target * (input1 - input2) + margin)."""


@layer(F.hinge_embedding_loss, "margin=1.0, " + _REDUCTION, _PAIR)
class HingeEmbeddingLoss(_Loss):
    """The input where the target is 1, max(0, margin - input) where it is -1."""


@layer(F.soft_margin_loss, _REDUCTION, _PAIR)
class SoftMarginLoss(_Loss):
    """log(1 + exp(-target * input))."""


@layer(F.cosine_embedding_loss, "margin=0.0, " + _REDUCTION, "input1, input2, target")
class CosineEmbeddingLoss(_Loss):
    """1 - cos(input1, input2) where the target is 1, max(0, cos - margin) where it is -1."""


@layer(F.multilabel_margin_loss, _REDUCTION, _PAIR)
class MultiLabelMarginLoss(_Loss):
    """The hinge loss between every target class and every other class."""


@layer(F.multilabel_soft_margin_loss, "weight=None, " + _REDUCTION, _PAIR)
class MultiLabelSoftMarginLoss(_WeightedLoss):
    """The cross entropy of every class's logit, averaged over the classes."""


class MultiMarginLoss(_WeightedLoss):
    """max(0, margin - input[target] + input[other])^p, over the other classes."""

    def __init__(self, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError("only p == 1 and p == 2 supported")
        if weight is not None and weight.dim() != 1:
            raise ValueError(f"MultiMarginLoss: expected weight to be None or 1D tensor, got {weight.dim()}D instead")
        self.p, self.margin = p, margin

    def forward(self, input, target):
        """input: (batch, classes); target: (batch,)."""
        return F.multi_margin_loss(input, target, p=self.p, margin=self.margin, weight=self.weight, reduction=self.reduction)


class TripletMarginLoss(_Loss):
    """max(0, distance(anchor, positive) - distance(anchor, negative) + margin), distances of order p."""

    def __init__(self, margin=1.0, p=2.0, eps=1e-6, swap=False, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        _check_margin("TripletMarginLoss", margin)
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap

    def forward(self, anchor, positive, negative):
        """anchor, positive, negative: (batch, features)."""
        return F.triplet_margin_loss(anchor, positive, negative, margin=self.margin, p=self.p, eps=self.eps, swap=self.swap, reduction=self.reduction)


class TripletMarginWithDistanceLoss(_Loss):
    """TripletMarginLoss with a distance of one's own."""

    def __init__(self, *, distance_function=None, margin=1.0, swap=False, reduction="mean"):
        super().__init__(reduction=reduction)
        _check_margin("TripletMarginWithDistanceLoss", margin)
        self.distance_function = PairwiseDistance() if distance_function is None else distance_function
        self.margin, self.swap = margin, swap

    def forward(self, anchor, positive, negative):
        """anchor, positive, negative: what the distance takes."""
        return F.triplet_margin_with_distance_loss(anchor, positive, negative, distance_function=self.distance_function, margin=self.margin,
                                                   swap=self.swap, reduction=self.reduction)


def _check_margin(name, margin):
    if margin <= 0:
        raise ValueError(f"{name}: expected margin to be greater than 0, got {margin} instead")
