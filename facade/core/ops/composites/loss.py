"""The losses of nn.functional: their reductions by name, their checks, and the rows that compute them."""


from facade.core import dtypes
from facade.core.errors import broadcast_shapes
from facade.core.ops.composites import composite
from facade.core.ops.composites.distance import pairwise_distance
from facade.core.ops.composites.normalization import linear
from facade.core.ops.dispatch import apply
from facade.core.ops.index_checks import check_index, check_none
from facade.core.ops.reductions import REDUCTIONS
from facade.core.ops.reductions import number as _reduction
from facade.core.ops.rows import arithmetic
from facade.core.ops.rows import loss as table
from facade.core.ops.table import ARRAY
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn

def _reduced(values, reduction):
    return values if reduction == 0 else values.mean() if reduction == 1 else values.sum()


def _constant(name, **arguments):
    """Raise when an argument that a derivative leaves out requires one."""
    for argument, each in arguments.items():
        if each is not None and modes.grad and each.requires_grad:
            raise RuntimeError(f"The function '{name}' is not differentiable with respect to argument '{argument}'. "
                               "This input cannot have requires_grad True.")


def _alike(input, target):
    """Whether these are tensors of one shape, asked without making sizes of it."""
    return isinstance(input, Tensor) and isinstance(target, Tensor) and input._value.spec.shape == target._value.spec.shape


def _warn_of_broadcast(input, target):
    if not _alike(input, target) and target.size() != input.size():
        warn(f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). "
             "This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.")
        broadcast_shapes(input.shape, target.shape)


def _weighted(values, weight, reduction, input):
    """The loss of weighted elements; their mean is over the weights."""
    if weight.shape != input.shape:
        raise ValueError("Weights and input must have the same size.")
    weighted = values * weight
    return weighted if reduction == 0 else weighted.sum() if reduction == 2 else weighted.sum() / weight.sum()


# ---------------------------------------------------------------- regression
@composite(at="nn.functional")
def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """The squared distance between input and target."""
    _warn_of_broadcast(input, target)
    number = _reduction(reduction, size_average, reduce)
    if weight is not None:
        return _weighted(apply(table.MSE, (ARRAY, ARRAY, 0), (input, target)), weight, number, input)
    return apply(table.MSE, (ARRAY, ARRAY, number), (input, target))


@composite(at="nn.functional")
def l1_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """The distance between input and target."""
    _warn_of_broadcast(input, target)
    number = _reduction(reduction, size_average, reduce)
    values = (input - target).abs()
    return _reduced(values, number) if weight is None else _weighted(values, weight, number, input)


@composite(at="nn.functional")
def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """The distance, squared over 2 beta where it is below beta."""
    _warn_of_broadcast(input, target)
    number = _reduction(reduction, size_average, reduce)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    return apply(table.SMOOTH_L1, (ARRAY, ARRAY, number, float(beta)), (input, target))


@composite(at="nn.functional")
def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    """Half the squared distance up to delta, linear beyond."""
    _warn_of_broadcast(input, target)
    number = _reduction(reduction)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    if weight is None:
        return apply(table.HUBER, (ARRAY, ARRAY, number, float(delta)), (input, target))
    if weight.shape != input.shape:
        raise ValueError("Weights and input must have the same size.")
    return _reduced(apply(table.HUBER, (ARRAY, ARRAY, 0, float(delta)), (input, target)) * weight, number)


@composite(at="nn.functional")
def poisson_nll_loss(input, target, log_input=True, full=False, size_average=None, eps=1e-08, reduce=None, reduction="mean"):
    """Minus the log likelihood of counts whose rate is input, or exp(input) with log_input; full: with Stirling's term."""
    number = _reduction(reduction, size_average, reduce)
    return _reduced(apply(table.POISSON_NLL, (ARRAY, ARRAY, bool(log_input), bool(full), float(eps)), (input, target)), number)


def _is_negative(array):
    return array < 0


def _no_probability(array):
    return (array < 0) | (array > 1)


@composite(at="nn.functional")
def gaussian_nll_loss(input, target, var, full=False, eps=1e-06, reduction="mean"):
    """Minus the log likelihood of target under normal distributions of mean input and variance var, which is at least eps."""
    if not isinstance(var, Tensor):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = input.new_full(input.shape, var)
    else:
        check_none([var], _is_negative, ValueError("var has negative entry/entries"))
    if var.shape != input.shape:
        var = _fitted(var, input.shape)
    if reduction not in REDUCTIONS:
        raise ValueError(reduction + " is not valid")
    return _reduced(apply(table.GAUSSIAN_NLL, (ARRAY, ARRAY, ARRAY, bool(full), float(eps)), (input, target, var)), REDUCTIONS[reduction])


def _fitted(var, shape):
    """The variance, one for each last dimension where it has one dimension less."""
    if var.shape == shape[:-1]:
        return var.unsqueeze(-1)
    if len(var.shape) == len(shape) and var.shape[:-1] == shape[:-1] and var.shape[-1] == 1:
        return var
    if len(var.shape) <= len(shape) and all(mine in (1, theirs) for mine, theirs in zip(reversed(var.shape), reversed(shape))):
        return var
    raise ValueError("var is of incorrect size")


# ---------------------------------------------------------------- classes
@composite(at="nn.functional")
def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    """Minus the log probability, input, of each target class; a mean is over the classes' weights."""
    _check_target("nll_loss_nd", target)
    return _nll(input, target, weight, _reduction(reduction, size_average, reduce), ignore_index)


def _nll(input, target, weight, reduction, ignore_index):
    ndim = len(input._value.spec.shape)
    if weight is not None:
        _constant("nll_loss_forward" if ndim < 3 else "nll_loss2d_forward", weight=weight)
    loss = apply(table.NLL if ndim < 3 else table.NLL_2D, (ARRAY, ARRAY, ARRAY, reduction, ignore_index), (input, target, weight))
    check_index(target, input._value.spec.shape[ndim > 1], _out_of_bounds, wrap=False, ignore=ignore_index)
    return loss


def _check_target(name, target):
    if not isinstance(target, Tensor):
        raise TypeError(f"{name}(): argument 'target' (position 2) must be Tensor, not {type(target).__name__}")


def _out_of_bounds(value):
    return IndexError(f"Target {value} is out of bounds.")


@composite(at="nn.functional")
def cross_entropy(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", label_smoothing=0.0):
    """The cross entropy between softmax(input) and target, classes or probabilities of the shape of input.

    label_smoothing: how much of the target is spread evenly over all classes.
    """
    number = _reduction(reduction, size_average, reduce)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}")
    _check_target("cross_entropy_loss", target)
    shape = input._value.spec.shape
    dim = 0 if len(shape) == 1 else 1
    if shape == target._value.spec.shape:
        return _probability_loss(input, target, weight, number, ignore_index, label_smoothing, dim)
    logarithms = input.log_softmax(dim)
    if not label_smoothing:
        return _nll(logarithms, target, weight, number, ignore_index)
    return _smoothed(logarithms, target, weight, number, ignore_index, label_smoothing, dim)


def _per_class(weight, ndim):
    return weight if ndim == 1 else weight.reshape(1, -1, *(1,) * (ndim - 2))


def _probability_loss(input, target, weight, reduction, ignore_index, smoothing, dim):
    if not target.dtype.is_floating_point:
        raise RuntimeError(f"Expected floating point type for target with class probabilities, got {target.dtype.legacy}")
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    if weight is not None and weight.shape != (input.shape[dim],):
        raise RuntimeError("cross_entropy: weight tensor should be defined either for all "
                           f"{input.shape[dim]} classes or no classes but got weight tensor of shape: {list(weight.shape)}")
    if smoothing:
        target = target * (1 - smoothing) + smoothing / input.shape[dim]
    terms = input.log_softmax(dim) * target
    if weight is not None:
        terms = terms * _per_class(weight, input.ndim)
    if reduction == 0:
        return -terms.sum(dim)
    total = -terms.sum()
    return total if reduction == 2 else apply(arithmetic.DIV_BY_COUNT, (ARRAY, ARRAY), (total, input.numel() // input.shape[dim]))


def _smoothed(logarithms, target, weight, reduction, ignore_index, smoothing, dim):
    plain = _nll(logarithms, target, weight, reduction, ignore_index)
    spread = -(logarithms if weight is None else logarithms * _per_class(weight, logarithms.ndim)).sum(dim)
    ignored = target == ignore_index
    spread = spread.masked_fill(ignored, 0.0)
    if reduction == 2:
        spread = spread.sum()
    elif reduction == 1 and weight is None:
        spread = spread.sum() / ignored.logical_not().sum()
    elif reduction == 1:
        used = weight.index_select(0, target.masked_fill(ignored, 0).flatten())
        spread = spread.sum() / used.masked_fill(ignored.flatten(), 0.0).sum()
    return plain * (1 - smoothing) + spread * (smoothing / logarithms.shape[dim])


@composite(at="nn.functional")
def linear_cross_entropy(input, linear_weight, target, *, linear_bias=None, weight=None, reduction="mean", ignore_index=None,
                         label_smoothing=0.0, options=None):
    """cross_entropy of the logits that a linear layer makes of input; options only say how torch would cut the work up."""
    if input.ndim not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.ndim}")
    if linear_weight.ndim < 2:
        raise RuntimeError(f"expected linear_weight with dimensionality at least 2, got {linear_weight.ndim}")
    if linear_weight.ndim > 2 and input.ndim == 1:
        shown = f"({', '.join(map(str, linear_weight.shape))})"
        raise RuntimeError(f"K-dimensional loss defined by linear_weight shape {shown} requires batched input, (N, {linear_weight.shape[-1]}), "
                           f"got unbatched input with shape {tuple(input.shape)}")
    _check_linear(input, linear_weight, target, linear_bias, ignore_index)
    bias = None if linear_bias is None else linear_bias.flatten()
    logits = linear(input, linear_weight.flatten(0, -2), bias).unflatten(-1, linear_weight.shape[:-1])
    return cross_entropy(logits, target, weight, ignore_index=-100 if ignore_index is None else ignore_index, reduction=reduction,
                         label_smoothing=label_smoothing)


def _check_linear(input, weight, target, bias, ignore_index):
    if input.shape[-1] != weight.shape[-1]:
        raise RuntimeError("expected equal input and linear_weight last dimensions (in_features), "
                           f"got {input.shape[-1]} and {weight.shape[-1]}, respectively")
    if bias is not None and bias.shape != weight.shape[:-1]:
        raise RuntimeError(f"expected linear_bias shape {tuple(weight.shape[:-1])}, got {tuple(bias.shape)}")
    if target.dtype.is_floating_point and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")


@composite(at="nn.functional")
def multi_margin_loss(input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
    """How far the other classes come up to the target: the mean over classes of max(0, margin - input[target] + input[class])^p."""
    number = _reduction(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.ndim != 1:
        raise ValueError("weight must be one-dimensional")
    _check_matrix(input)
    rows = input.shape[0] if input.ndim == 2 else 1
    if input.ndim == 2 and tuple(target.shape) != (rows,) or target.numel() != rows:
        raise RuntimeError("multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch size). "
                           f"Expected target size [{rows}], but got {list(target.shape)}. Input has shape {list(input.shape)}.")
    _need_long(target)
    check_index(target, input.shape[-1] if input.ndim else 1, lambda value: RuntimeError("target out of range"), wrap=False)
    _constant("multi_margin_loss", weight=weight)
    if input.ndim == 0:
        input, target = input.reshape(1), target.reshape(())
    return apply(table.MULTI_MARGIN, (ARRAY, ARRAY, p, margin, ARRAY, number), (input, target, weight))


def _check_matrix(input):
    if input.ndim > 2 or 0 in input.shape[-1:]:
        raise RuntimeError(f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(input.shape)}")


def _need_long(target):
    if target.dtype is not dtypes.int64:
        raise RuntimeError(f"expected scalar type Long but found {target.dtype.legacy}")


@composite(at="nn.functional")
def multilabel_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """How far the other classes come up to each target; the targets of a row end at its first -1."""
    number = _reduction(reduction, size_average, reduce)
    _check_matrix(input)
    if target.shape != input.shape:
        raise RuntimeError(f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}")
    _need_long(target)
    if input.ndim == 0:
        input, target = input.reshape(1), target.reshape(1)
    check_index(target, input.shape[-1], lambda value: RuntimeError("target out of range"), wrap=False, ignore=-1)
    return apply(table.MULTILABEL_MARGIN, (ARRAY, ARRAY, number), (input, target))


@composite(at="nn.functional")
def multilabel_soft_margin_loss(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """The logistic loss of each class, its mean over the classes."""
    number = _reduction(reduction, size_average, reduce)
    values = apply(table.MULTILABEL_SOFT_MARGIN, (ARRAY, ARRAY), (input, target))
    if weight is not None:
        values = values * weight
    return _reduced(values.sum(input.ndim - 1) / input.shape[-1], number)


# ---------------------------------------------------------------- probabilities
@composite(at="nn.functional")
def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """The cross entropy between probabilities, input, and targets from 0 to 1."""
    number = _reduction(reduction, size_average, reduce)
    if target.shape != input.shape:
        raise ValueError(f"Using a target size ({target.size()}) that is different to the input size ({input.size()}) is deprecated. "
                         "Please ensure they have the same size.")
    if target.dtype is not input.dtype:
        raise RuntimeError(f"Found dtype {target.dtype.legacy} but expected {input.dtype.legacy}")
    check_none([input], _no_probability, RuntimeError("all elements of input should be between 0 and 1"))
    check_none([target], _no_probability, RuntimeError("all elements of target should be between 0 and 1"))
    _constant("binary_cross_entropy", weight=weight)
    if weight is not None:
        weight = weight.expand(broadcast_shapes(weight.shape, target.shape))
    return apply(table.BCE, (ARRAY, ARRAY, ARRAY, number), (input, target, weight))


@composite(at="nn.functional")
def binary_cross_entropy_with_logits(input, target, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None):
    """The cross entropy between sigmoid(input) and target; pos_weight: the weight of positive targets."""
    number = _reduction(reduction, size_average, reduce)
    if target.shape != input.shape:
        raise ValueError(f"Target size ({target.size()}) must be the same as input size ({input.size()})")
    _constant("binary_cross_entropy_with_logits", weight=weight, pos_weight=pos_weight)
    common = dtypes.promote_types(input.dtype, target.dtype)
    if target.dtype is dtypes.bool:
        raise RuntimeError("Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` operator instead.")
    if not dtypes.can_cast(common, target.dtype):       # 1 - target is what torch multiplies in place
        raise RuntimeError(f"result type {common.legacy} can't be cast to the desired output type {target.dtype.legacy}")
    loss = apply(table.BCE_WITH_LOGITS, (ARRAY, ARRAY, ARRAY, ARRAY, number), (input, target, weight, pos_weight))
    return loss if common is target.dtype else loss.to(target.dtype)


@composite(at="nn.functional")
def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    """The Kullback-Leibler divergence of target from the log probabilities input; 'batchmean' divides its sum by the batch."""
    if reduction == "mean" and size_average is None and reduce is None:
        warn("reduction: 'mean' divides the total loss by both the batch size and the support size."
             "'batchmean' divides only by the batch size, and aligns with the KL div math definition."
             "'mean' will be changed to behave the same as 'batchmean' in the next major release.")
    by_batch = reduction == "batchmean"
    number = _reduction("sum" if by_batch else reduction, size_average, reduce)
    for kind, categories in (("Complex", (dtypes.COMPLEX,)), ("Integral", (dtypes.BOOL, dtypes.INTEGER))):
        if input.dtype.category in categories or target.dtype.category in categories:
            raise RuntimeError(f"kl_div: {kind} inputs not supported.")
    terms = target.exp() * (target - input) if log_target else target.xlogy(target) - target * input
    divergence = _reduced(terms, number)
    return divergence / input.shape[0] if by_batch and input.ndim else divergence


# ---------------------------------------------------------------- margins
@composite(at="nn.functional")
def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """The logistic loss log(1 + exp(-target * input)) of targets 1 and -1."""
    number = _reduction(reduction, size_average, reduce)
    broadcast_shapes(input.shape, target.shape)
    _constant("soft_margin_loss", target=target)
    return apply(table.SOFT_MARGIN, (ARRAY, ARRAY, number), (input, target))


@composite(at="nn.functional")
def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    """input where target is 1, what it lacks of the margin where it is -1."""
    number = _reduction(reduction, size_average, reduce)
    values = apply(table.HINGE_EMBEDDING, (ARRAY, ARRAY, float(margin)), (input, target.detach().to(input.dtype)))
    return _reduced(values.to(input.dtype) if input.dtype.category == dtypes.INTEGER else values, number)


@composite(at="nn.functional")
def margin_ranking_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    """What input1 lacks of lying over input2 by the margin (target 1), or under it (target -1)."""
    number = _reduction(reduction, size_average, reduce)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError("margin_ranking_loss : All input tensors should have same dimension but got sizes: "
                           f"input1: {input1.size()}, input2: {input2.size()}, target: {target.size()} ")
    return _reduced(apply(table.MARGIN_RANKING, (ARRAY, ARRAY, ARRAY, float(margin)), (input1, input2, target)), number)


@composite(at="nn.functional")
def cosine_embedding_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    """1 - cosine of pairs whose target is 1, the cosine over a margin of those whose target is -1."""
    number = _reduction(reduction, size_average, reduce)
    _check_cosine(input1, input2, target)
    return _reduced(apply(table.COSINE_EMBEDDING, (ARRAY, ARRAY, ARRAY, float(margin)), (input1, input2, target.detach().to(input1.dtype))), number)


def _check_cosine(input1, input2, target):
    if target.ndim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if target.ndim == 1 and not input1.ndim == input2.ndim == 2:
        raise RuntimeError(f"1D target tensor expects 2D input tensors, but found inputs with sizes {list(input1.shape)} and {list(input2.shape)}.")
    if target.ndim == 0 and not input1.ndim == input2.ndim == 1:
        raise RuntimeError(f"0D target tensor expects 1D input tensors, but found inputs with sizes {list(input1.shape)} and {list(input2.shape)}.")
    broadcast_shapes(target.shape, broadcast_shapes(input1.shape, input2.shape)[:-1])


def _triplet(positive, negative, crossed, margin, reduction):
    """The loss of distances; crossed: of positive to negative, where the lesser of both counts."""
    if crossed is not None:
        negative = negative.minimum(crossed)
    return _reduced(apply(table.TRIPLET, (ARRAY, ARRAY, float(margin)), (positive, negative)), reduction)


@composite(at="nn.functional")
def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, size_average=None, reduce=None, reduction="mean"):
    """What the anchor's distance to the positive lacks of being under that to the negative by a margin."""
    number = _reduction(reduction, size_average, reduce)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError("The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
                           f"anchor {anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs")
    crossed = pairwise_distance(positive, negative, p, eps) if swap else None
    return _triplet(pairwise_distance(anchor, positive, p, eps), pairwise_distance(anchor, negative, p, eps), crossed, margin, number)


@composite(at="nn.functional")
def triplet_margin_with_distance_loss(anchor, positive, negative, *, distance_function=None, margin=1.0, swap=False, reduction="mean"):
    """triplet_margin_loss with any distance."""
    number = _reduction(reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    distance = pairwise_distance if distance_function is None else distance_function
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError("The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
                           f"anchor {anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs")
    crossed = distance(positive, negative) if swap else None
    return _triplet(distance(anchor, positive), distance(anchor, negative), crossed, margin, number)


# ---------------------------------------------------------------- sequences
@composite(at="nn.functional")
def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    """Minus the log probability of target sequences over all their alignments with the steps of log_probs (time, batch, classes).

    targets: (batch, longest), or all one behind the other; a mean divides each loss by its target's length first.
    """
    number = _reduction(reduction)
    steps = log_probs if log_probs.ndim == 3 else log_probs.unsqueeze(1)
    if not 0 <= blank < steps.shape[-1]:
        raise RuntimeError("blank must be in label range")
    lengths = [_lengths(each, targets) for each in (input_lengths, target_lengths)]
    for name, each in zip(("input_lengths", "target_lengths"), lengths):
        if each.numel() != steps.shape[1]:
            raise RuntimeError(f"{name} must be of size batch_size")
    most = steps.shape[0]
    check_index(lengths[0], most + 1, lambda value: RuntimeError(f"Expected input_lengths to have value at most {most}, but got value {value} (while "
                                                                 "checking arguments for ctc_loss_allocate_outputs)"), wrap=False)
    losses = apply(table.CTC, (ARRAY, ARRAY, ARRAY, ARRAY, blank, bool(zero_infinity)),
                   (steps, _padded(targets, lengths[1], steps.shape[1]), *lengths))
    if number == 1:
        return (losses / lengths[1].clamp_min(1)).mean()
    return losses.sum() if number == 2 else losses if log_probs.ndim == 3 else losses.squeeze(0)


def _lengths(lengths, targets):
    """Lengths as a vector of int64."""
    return lengths.reshape(-1).long() if isinstance(lengths, Tensor) else targets.new_tensor(lengths, dtype=dtypes.int64).reshape(-1)


def _padded(targets, lengths, batch):
    """Targets as (batch, longest), from that or from all of them one behind the other."""
    if targets.ndim == 2:
        return targets
    counts = lengths.tolist()
    if batch == 1 and len(counts) == 1:
        return targets.reshape(1, -1)
    padded = targets.new_zeros((batch, max(counts, default=0)))
    start = 0
    for row, count in enumerate(counts):
        padded[row, :count] = targets[start:start + count]
        start += count
    return padded
