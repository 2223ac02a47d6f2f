"""What torch shows of its C++ library beside nn.functional: `torch.kl_div`, `torch.native_layer_norm`, `torch.grid_sampler`.

The arguments are numbers where nn.functional has words (a reduction is 0, 1 or 2), and normalizations also return the statistics they used.
"""

from facade.core.ops.composites import composite, dropout, loss, normalization, pooling
from facade.core.ops.reductions import REDUCTIONS

_WORDS = {number: word for word, number in REDUCTIONS.items()}
_MODES, _PADDINGS, _BAGS = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection"), ("sum", "mean", "max")


# ---------------------------------------------------------------- losses
@composite(at="torch")
def kl_div(input, target, reduction=0, *, log_target=False):
    """nn.functional.kl_div with the reduction as a number"""
    return loss.kl_div(input, target, reduction=_WORDS[reduction], log_target=log_target)


@composite(at="torch")
def binary_cross_entropy_with_logits(input, target, weight=None, pos_weight=None, reduction=0):
    """nn.functional.binary_cross_entropy_with_logits with the reduction as a number"""
    return loss.binary_cross_entropy_with_logits(input, target, weight, reduction=_WORDS[reduction], pos_weight=pos_weight)


@composite(at="torch")
def poisson_nll_loss(input, target, log_input, full, eps, reduction):
    """nn.functional.poisson_nll_loss with the reduction as a number"""
    return loss.poisson_nll_loss(input, target, log_input, full, eps=eps, reduction=_WORDS[reduction])


@composite(at="torch")
def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction=0, zero_infinity=False):
    """nn.functional.ctc_loss with the reduction as a number"""
    return loss.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, _WORDS[reduction], zero_infinity)


@composite(at="torch")
def hinge_embedding_loss(input, target, margin=1.0, reduction=0):
    """nn.functional.hinge_embedding_loss with the reduction as a number"""
    return loss.hinge_embedding_loss(input, target, margin, reduction=_WORDS[reduction])


@composite(at="torch")
def margin_ranking_loss(input1, input2, target, margin=0.0, reduction=0):
    """nn.functional.margin_ranking_loss with the reduction as a number"""
    return loss.margin_ranking_loss(input1, input2, target, margin, reduction=_WORDS[reduction])


@composite(at="torch")
def cosine_embedding_loss(input1, input2, target, margin=0.0, reduction=0):
    """nn.functional.cosine_embedding_loss with the reduction as a number"""
    return loss.cosine_embedding_loss(input1, input2, target, margin, reduction=_WORDS[reduction])


@composite(at="torch")
def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2.0, eps=1e-06, swap=False, reduction=0):
    """nn.functional.triplet_margin_loss with the reduction as a number"""
    return loss.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, reduction=_WORDS[reduction])


# ---------------------------------------------------------------- sampling an image
def _grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners):
    return pooling.grid_sample(input, grid, _MODES[interpolation_mode], _PADDINGS[padding_mode], align_corners)


for _name in ("grid_sampler", "grid_sampler_2d", "grid_sampler_3d"):
    composite(at="torch", name=_name)(_grid_sampler)


@composite(at="torch")
def affine_grid_generator(theta, size, align_corners):
    """nn.functional.affine_grid with every argument given"""
    return pooling.affine_grid(theta, size, align_corners)


# ---------------------------------------------------------------- normalizations and their statistics
@composite(at="torch")
def instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, cudnn_enabled):
    """nn.functional.instance_norm with every argument given"""
    return normalization.instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)


@composite(at="torch")
def native_layer_norm(input, normalized_shape, weight, bias, eps):
    """(layer_norm, the mean, one over the standard deviation)"""
    dims = tuple(range(input.ndim - len(normalized_shape), input.ndim))
    return (normalization.layer_norm(input, normalized_shape, weight, bias, eps), *_statistics(input, dims, eps))


@composite(at="torch")
def native_group_norm(input, weight, bias, N, C, HxW, group, eps):
    """(group_norm, the mean, one over the standard deviation), both of shape (N, group)"""
    mean, scale = _statistics(input.reshape(N, group, -1), (2,), eps)
    return normalization.group_norm(input, group, weight, bias, eps), mean.squeeze(2), scale.squeeze(2)


@composite(at="torch")
def native_batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps):
    """(batch_norm, the mean, one over the standard deviation of each channel); without training the statistics are empty"""
    dims = (0, *range(2, input.ndim))
    mean, scale = (each.flatten() for each in _statistics(input, dims, eps)) if training else (input.new_empty(0), input.new_empty(0))
    return normalization.batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, False), mean, scale


def _statistics(input, dims, eps):
    detached = input.detach()
    return detached.mean(dims, True), (detached.var(dims, correction=0, keepdim=True) + eps).rsqrt()


# ---------------------------------------------------------------- the rest
@composite(at="torch")
def native_dropout(input, p, train):
    """(dropout, the mask of what was kept)"""
    return dropout.dropout_and_mask(input, p, train is not False)
