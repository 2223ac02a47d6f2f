"""Losses on arrays, each unreduced unless its name says otherwise; `reduced` brings them to one number."""

import jax
import jax.numpy as jnp
from jax import lax

NONE, MEAN, SUM = 0, 1, 2


def reduced(values, reduction):
    """The values, their mean or their sum."""
    return values if reduction == NONE else jnp.mean(values) if reduction == MEAN else jnp.sum(values)


def mse(self, target, reduction):
    """(self - target)^2."""
    return reduced(jnp.square(self - target), reduction)


def smooth_l1(self, target, reduction, beta):
    """Half the squared distance over beta where it is below beta, the distance less half of beta elsewhere."""
    distance = jnp.abs(self - target)
    return reduced(jnp.where(distance < beta, 0.5 * jnp.square(self - target) / beta, distance - 0.5 * beta), reduction)


def huber(self, target, reduction, delta):
    """Half the squared distance up to delta, linear beyond."""
    distance = jnp.abs(self - target)
    return reduced(jnp.where(distance <= delta, 0.5 * jnp.square(self - target), delta * (distance - 0.5 * delta)), reduction)


def soft_margin(self, target, reduction):
    """log(1 + exp(-target * self))."""
    return reduced(jnp.log1p(jnp.exp(-target * self)), reduction)


def positive(values):
    """max(values, 0), of which torch's derivative at 0 is 1."""
    return jnp.where(values >= 0, values, 0)


def _above_zero(values):
    """The same where torch's derivative at 0 is 0."""
    return jnp.where(values > 0, values, 0)


# ---------------------------------------------------------------- classes
def nll(self, target, weight, reduction, ignore_index):
    """-self at the target class, times that class's weight.

    self: (batch, classes, ...) or (classes,); target: the same without classes. The class is picked by comparison with every
    class, not by a gather: its transpose is then elementwise, and both fuse into the log_softmax around them.
    """
    if self.size == 0:
        return reduced(jnp.zeros(target.shape, self.dtype), reduction)
    dim = 0 if self.ndim == 1 else 1
    target = target.astype(jnp.int64)
    chosen = jnp.expand_dims(target, dim) == lax.broadcasted_iota(jnp.int64, self.shape, dim)
    counted = target != ignore_index
    if weight is None:
        weights = counted.astype(self.dtype)
    else:
        weights = jnp.where(counted, weight.at[jnp.where(counted, target, 0)].get(mode="promise_in_bounds"), 0)
    picked = jnp.sum(jnp.where(chosen, self, 0), dim)
    values = jnp.where(counted, -picked * weights, 0)
    if reduction == MEAN:
        return jnp.sum(values) / jnp.sum(weights)
    return reduced(values, reduction)


def multi_margin(self, target, p, margin, weight, reduction):
    """The mean over the other classes of max(0, margin - self[target] + self[class])^p; self: (batch, classes) or (classes,)."""
    target = target.reshape(self.shape[:-1])[..., None]
    own = jnp.take_along_axis(self, target, -1, mode="promise_in_bounds")
    lack = _above_zero(margin - own + self)
    lack = lack if p == 1 else lack * lack
    if weight is not None:
        lack = lack * weight.at[target].get(mode="promise_in_bounds")
    others = lax.broadcasted_iota(target.dtype, self.shape, self.ndim - 1) != target
    return reduced(jnp.sum(jnp.where(others, lack, 0), -1) / self.shape[-1], reduction)


def multilabel_margin(self, target, reduction):
    """The mean over pairs of a target class and another of max(0, 1 - self[target] + self[other]); targets end at the first -1."""
    classes = self.shape[-1]
    listed = jnp.cumprod(target >= 0, -1).astype(bool)
    places = jnp.where(listed, target, classes)
    is_target = (places[..., None] == jnp.arange(classes)).any(-2)
    own = jnp.take_along_axis(self, jnp.where(listed, target, 0), -1, mode="promise_in_bounds")
    lack = _above_zero(1 - own[..., :, None] + self[..., None, :])
    pairs = listed[..., :, None] & ~is_target[..., None, :]
    return reduced(jnp.sum(jnp.where(pairs, lack, 0), (-1, -2)) / classes, reduction)


def multilabel_soft_margin(self, target):
    """The two-sided logistic loss of each class; target: 0 or 1."""
    return -(target * jax.nn.log_sigmoid(self) + (1 - target) * jax.nn.log_sigmoid(-self))


# ---------------------------------------------------------------- probabilities
@jax.custom_jvp
def _bce(self, target):
    return -(target * jnp.maximum(jnp.log(self), -100) + (1 - target) * jnp.maximum(jnp.log1p(-self), -100))


@_bce.defjvp
def _bce_jvp(primals, tangents):
    self, target = primals
    to_self = (self - target) / jnp.maximum(self * (1 - self), 1e-12)
    to_target = jnp.maximum(jnp.log1p(-self), -100) - jnp.maximum(jnp.log(self), -100)
    return _bce(self, target), to_self * tangents[0] + to_target * tangents[1]


def binary_cross_entropy(self, target, weight, reduction):
    """The cross entropy of probabilities; logarithms end at -100, so that the loss is finite."""
    values = _bce(self, target)
    return reduced(values if weight is None else values * weight, reduction)


def binary_cross_entropy_with_logits(self, target, weight, pos_weight, reduction):
    """The cross entropy of sigmoid(self), without overflow; pos_weight: the weight of positive targets."""
    log_weight = 1 if pos_weight is None else (pos_weight - 1) * target + 1
    values = (1 - target) * self - log_weight * jax.nn.log_sigmoid(self)
    return reduced(values if weight is None else values * weight, reduction)


def poisson_nll(self, target, log_input, full, eps):
    """exp(self) - target * self, or self - target * log(self + eps); full: with Stirling's term for targets over 1."""
    loss = jnp.exp(self) - target * self if log_input else self - target * jnp.log(self + eps)
    if full:
        many = jnp.where(target > 1, target, 1)
        loss = loss + jnp.where(target > 1, many * jnp.log(many) - many + 0.5 * jnp.log(2 * jnp.pi * many), 0)
    return loss


def gaussian_nll(self, target, var, full, eps):
    """(log var + (self - target)^2 / var) / 2; var is at least eps, which its gradient does not see."""
    var = var + lax.stop_gradient(jnp.maximum(var, eps) - var)
    loss = 0.5 * (jnp.log(var) + jnp.square(self - target) / var)
    return loss + 0.5 * jnp.log(2 * jnp.pi).astype(loss.dtype) if full else loss


# ---------------------------------------------------------------- distances
def cosine_embedding(first, second, target, margin):
    """1 - cosine where target is 1, max(0, cosine - margin) where it is -1."""
    eps = 1e-12
    size = jnp.sqrt((jnp.sum(first * first, -1) + eps) * (jnp.sum(second * second, -1) + eps))
    cosine = jnp.sum(first * second, -1) / size
    zero = jnp.zeros_like(cosine)
    return jnp.where(target == 1, 1 - cosine, zero) + jnp.where(target == -1, positive(cosine - margin), zero)


# ---------------------------------------------------------------- connectionist temporal classification
UNLIKELY = -1e30     # stands for log 0: its differences are finite, so gradients are


def ctc(log_probs, targets, input_lengths, target_lengths, blank, zero_infinity):
    """Minus the log probability of each target over all alignments (Graves et al. 2006), by the forward recursion.

    log_probs: (time, batch, classes); targets: (batch, longest); lengths: (batch,). As in torch the gradient is that of
    the activations behind log_softmax: the probabilities less their posterior, hence the last term, which is 0.
    """
    steps, batch, _ = log_probs.shape
    longest = targets.shape[1]
    labels = jnp.full((batch, 2 * longest + 1), blank, targets.dtype).at[:, 1::2].set(targets)
    skips = jnp.pad((labels[:, 2:] != labels[:, :-2]) & (labels[:, 2:] != blank), ((0, 0), (2, 0)))
    clear = jnp.maximum(log_probs, UNLIKELY)
    emitted = jnp.take_along_axis(clear, jnp.broadcast_to(labels, (steps, *labels.shape)), 2, mode="promise_in_bounds")
    place = jnp.arange(2 * longest + 1)
    start = jnp.where(place < 2, emitted[0], UNLIKELY)

    def step(alpha, at):
        time, emission = at
        one = jnp.pad(alpha, ((0, 0), (1, 0)), constant_values=UNLIKELY)[:, :-1]
        two = jnp.where(skips, jnp.pad(alpha, ((0, 0), (2, 0)), constant_values=UNLIKELY)[:, :-2], UNLIKELY)
        moved = jnp.maximum(jax.nn.logsumexp(jnp.stack([alpha, one, two]), 0) + emission, UNLIKELY)
        return jnp.where((time < input_lengths)[:, None], moved, alpha), None
    alpha, _ = lax.scan(step, start, (jnp.arange(1, steps), emitted[1:]))
    ends = (place == 2 * target_lengths[:, None]) | ((place == 2 * target_lengths[:, None] - 1) & (target_lengths[:, None] > 0))
    total = jax.nn.logsumexp(jnp.where(ends, alpha, UNLIKELY), 1)
    empty = input_lengths == 0
    impossible = jnp.where(empty, target_lengths > 0, total < UNLIKELY / 2)
    running = (jnp.arange(steps)[:, None] < input_lengths) & ~impossible
    mass = jnp.sum(jnp.where(running[..., None], jnp.exp(log_probs), 0), (0, 2))
    loss = jnp.where(empty, 0, -total) + mass - lax.stop_gradient(mass)
    return jnp.where(impossible, 0 if zero_infinity else jnp.inf, loss).astype(log_probs.dtype)
