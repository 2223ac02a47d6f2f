"""The Kullback-Leibler divergence E_p[log p - log q], pair by pair (torch.distributions.kl).

Pairs of one family have a formula each. Different families on the line share one: minus the entropy of p minus the mean of log q
under p, which takes a few moments of p, and is infinite where p reaches beyond q.
"""

import functools
import math
from typing import NamedTuple

from facade import linalg
from facade.core import dtypes
from facade.core.ops.functions import ops
from facade.core.warn import warn
from facade.distributions.bernoulli import Bernoulli
from facade.distributions.beta import Beta
from facade.distributions.binomial import Binomial
from facade.distributions.categorical import Categorical
from facade.distributions.cauchy import Cauchy
from facade.distributions.continuous_bernoulli import ContinuousBernoulli
from facade.distributions.dirichlet import Dirichlet
from facade.distributions.exp_family import ExponentialFamily, derivatives
from facade.distributions.exponential import Exponential
from facade.distributions.gamma import Gamma
from facade.distributions.geometric import Geometric
from facade.distributions.gumbel import Gumbel
from facade.distributions.half_normal import HalfNormal
from facade.distributions.independent import Independent
from facade.distributions.laplace import Laplace
from facade.distributions.lowrank_multivariate_normal import LowRankMultivariateNormal
from facade.distributions.multivariate_normal import MultivariateNormal, batch_mahalanobis, half_log_det
from facade.distributions.normal import Normal
from facade.distributions.one_hot_categorical import OneHotCategorical
from facade.distributions.pareto import Pareto
from facade.distributions.poisson import Poisson
from facade.distributions.transformed_distribution import TransformedDistribution
from facade.distributions.uniform import Uniform
from facade.distributions.utils import euler_constant, sum_rightmost
from facade.nn import functional as F

__all__ = ["kl_divergence", "register_kl"]

_KL_REGISTRY = {}       # (class of p, class of q) -> function
_INFINITE = float("inf")


def register_kl(type_p, type_q):
    """A decorator: the function below computes the divergence for these classes and what is derived from them."""
    if not isinstance(type_p, type) or not isinstance(type_q, type):
        raise TypeError("issubclass() arg 1 must be a class")

    def decorator(fun):
        _KL_REGISTRY[type_p, type_q] = fun
        _dispatch_kl.cache_clear()
        return fun
    return decorator


@functools.cache
def _dispatch_kl(type_p, type_q):
    """The function for the nearest classes, those of p first; a warning where looking at q first finds another."""
    lines = type_p.__mro__, type_q.__mro__
    fitting = [pair for pair in _KL_REGISTRY if pair[0] in lines[0] and pair[1] in lines[1]]
    if not fitting:
        return NotImplemented
    left = min(fitting, key=lambda pair: (lines[0].index(pair[0]), lines[1].index(pair[1])))
    right = min(fitting, key=lambda pair: (lines[1].index(pair[1]), lines[0].index(pair[0])))
    if _KL_REGISTRY[left] is not _KL_REGISTRY[right]:
        warn(f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). Please register_kl({left[0].__name__}, {right[1].__name__})",
             RuntimeWarning)
    return _KL_REGISTRY[left]


def kl_divergence(p, q):
    """KL(p || q), of the batch shape; NotImplementedError for classes that nothing is registered for."""
    function = _dispatch_kl(type(p), type(q))
    if function is NotImplemented:
        raise NotImplementedError(f"No KL(p || q) is implemented for p type {p.__class__.__name__} and q type {q.__class__.__name__}")
    return function(p, q)


def _where_infinite(mask, value):
    return ops.where(mask, _INFINITE, value)


# ---------------------------------------------------------------- one family
@register_kl(Bernoulli, Bernoulli)
def _kl_bernoulli(p, q):
    failed, succeeded = F.softplus(q.logits) - F.softplus(p.logits), F.softplus(-q.logits) - F.softplus(-p.logits)
    return _where_infinite((q.probs == 0) & (p.probs != 0) | (q.probs == 1) & (p.probs != 1), p.probs * succeeded + (1 - p.probs) * failed)


@register_kl(Binomial, Binomial)
def _kl_binomial(p, q):
    if (p.total_count < q.total_count).any():
        raise NotImplementedError("KL between Binomials where q.total_count > p.total_count is not implemented")
    one_trial = p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    return _where_infinite(p.total_count > q.total_count, p.total_count * one_trial)


@register_kl(Categorical, Categorical)
def _kl_categorical(p, q):
    terms = _where_infinite(q.probs == 0, p.probs * (p.logits - q.logits))
    return ops.where(p.probs == 0, 0.0, terms).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _kl_one_hot(p, q):
    return _kl_categorical(p._categorical, q._categorical)


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _kl_continuous_bernoulli(p, q):
    constants = p._log_norm() + (-p.probs).log1p() - q._log_norm() - (-q.probs).log1p()
    return p.mean * (p.logits - q.logits) + constants


@register_kl(Dirichlet, Dirichlet)
def _kl_dirichlet(p, q):
    total = p.concentration.sum(-1)
    constants = total.lgamma() - q.concentration.sum(-1).lgamma() + (q.concentration.lgamma() - p.concentration.lgamma()).sum(-1)
    slopes = p.concentration.digamma() - total.digamma().unsqueeze(-1)
    return constants + ((p.concentration - q.concentration) * slopes).sum(-1)


@register_kl(Beta, Beta)
def _kl_beta(p, q):
    return _kl_dirichlet(p._dirichlet, q._dirichlet)


@register_kl(Exponential, Exponential)
def _kl_exponential(p, q):
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(Gamma, Gamma)
def _kl_gamma(p, q):
    return (q.concentration * (p.rate / q.rate).log() + q.concentration.lgamma() - p.concentration.lgamma()
            + (p.concentration - q.concentration) * p.concentration.digamma() + (q.rate - p.rate) * (p.concentration / p.rate))


@register_kl(Gumbel, Gumbel)
def _kl_gumbel(p, q):
    ratio, distance = p.scale / q.scale, (p.loc - q.loc) / q.scale
    return -ratio.log() + distance + ratio * euler_constant + ops.exp((1 + ratio).lgamma() - distance) - (1 + euler_constant)


@register_kl(Geometric, Geometric)
def _kl_geometric(p, q):
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Normal, Normal)
def _kl_normal(p, q):
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - ratio.log())


@register_kl(HalfNormal, HalfNormal)
def _kl_half_normal(p, q):
    return _kl_normal(p.base_dist, q.base_dist)


@register_kl(Laplace, Laplace)
def _kl_laplace(p, q):
    ratio, distance = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + distance / q.scale + ratio * ops.exp(-distance / p.scale) - 1


@register_kl(Cauchy, Cauchy)
def _kl_cauchy(p, q):
    return ((p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)).log() - (4 * p.scale * q.scale).log()


@register_kl(Pareto, Pareto)
def _kl_pareto(p, q):
    ratio = q.alpha / p.alpha
    return _where_infinite(p.scale < q.scale, q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1)


@register_kl(Poisson, Poisson)
def _kl_poisson(p, q):
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Uniform, Uniform)
def _kl_uniform(p, q):
    return _where_infinite((q.low > p.low) | (q.high < p.high), ((q.high - q.low) / (p.high - p.low)).log())


@register_kl(MultivariateNormal, MultivariateNormal)
@register_kl(MultivariateNormal, LowRankMultivariateNormal)
@register_kl(LowRankMultivariateNormal, MultivariateNormal)
@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _kl_multivariate_normal(p, q):
    if p.event_shape != q.event_shape:
        low = ("", "(Low Rank) ", "Low Rank ")[isinstance(p, LowRankMultivariateNormal) + isinstance(q, LowRankMultivariateNormal)]
        raise ValueError(f"KL-divergence between two {low}Multivariate Normals with{' ' * 26}different event shapes cannot be computed")
    trace = linalg.solve_triangular(q.scale_tril, p.scale_tril, upper=False).pow(2).sum((-2, -1))
    distance = batch_mahalanobis(q.scale_tril, q.loc - p.loc)
    return half_log_det(q.scale_tril) - half_log_det(p.scale_tril) + 0.5 * (trace + distance - p.event_shape[0])


# ---------------------------------------------------------------- made of other distributions
@register_kl(ExponentialFamily, ExponentialFamily)
def _kl_exponential_family(p, q):
    """The Bregman divergence of the log-normalizers."""
    if type(p) is not type(q):
        raise NotImplementedError("The cross KL-divergence between different exponential families cannot                             be computed using Bregman "
                                  "divergences")
    natural, normalizer, means = derivatives(p, p._natural_params)
    terms = [sum_rightmost((other - own) * mean, len(q.event_shape)) for own, other, mean in zip(natural, q._natural_params, means)]
    return q._log_normalizer(*q._natural_params) - normalizer - sum(terms)


@register_kl(TransformedDistribution, TransformedDistribution)
def _kl_transformed(p, q):
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Independent, Independent)
def _kl_independent(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


# ---------------------------------------------------------------- counts
@register_kl(Bernoulli, Poisson)
def _kl_bernoulli_poisson(p, q):
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@register_kl(Poisson, Bernoulli)
@register_kl(Poisson, Binomial)
def _kl_poisson_finite(p, q):
    return ops.full_like(p.rate, _INFINITE)


# ---------------------------------------------------------------- different families on the line
class _Line(NamedTuple):
    """What the shared formula takes of a family; each entry is a function of p.

    reach: (lowest, highest) value; log_mean: the mean of log x; log_left: of log(1 - x); falling: of exp(-x * t) at t.
    """

    reach: object
    log_mean: object = None
    log_left: object = None
    falling: object = None


def _mean_log_of_uniform(low, high):
    """The mean of log x over an interval."""
    return (ops.xlogy(high, high) - ops.xlogy(low, low)) / (high - low) - 1


_UNIT, _POSITIVE, _REAL = ((lambda p, reach=reach: reach) for reach in ((0, 1), (0, _INFINITE), (-_INFINITE, _INFINITE)))
_LINES = {
    Beta: _Line(_UNIT, lambda p: p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma(),
                lambda p: p.concentration0.digamma() - (p.concentration1 + p.concentration0).digamma()),
    ContinuousBernoulli: _Line(_UNIT),
    Exponential: _Line(_POSITIVE, lambda p: -euler_constant - p.rate.log(), falling=lambda p, t: p.rate / (p.rate + t)),
    Gamma: _Line(_POSITIVE, lambda p: p.concentration.digamma() - p.rate.log(), falling=lambda p, t: (p.rate / (p.rate + t)) ** p.concentration),
    Gumbel: _Line(_REAL),
    Laplace: _Line(_REAL),
    Normal: _Line(_REAL, falling=lambda p, t: ops.exp(t * (0.5 * t * p.scale ** 2 - p.loc))),
    Pareto: _Line(lambda p: (p.scale, _INFINITE), lambda p: p.scale.log() + p.alpha.reciprocal()),
    Uniform: _Line(lambda p: (p.low, p.high), lambda p: _mean_log_of_uniform(p.low, p.high), lambda p: _mean_log_of_uniform(1 - p.high, 1 - p.low),
                   lambda p, t: (ops.exp(-t * p.low) - ops.exp(-t * p.high)) / (t * (p.high - p.low))),
}


def _mean_distance(p, point):
    """The mean of |x - point| for a normal x."""
    z = (p.loc - point) / p.scale
    return p.scale * (math.sqrt(2 / math.pi) * ops.exp(-0.5 * z ** 2) + z * ops.erf(z / math.sqrt(2)))


# q's class -> the mean of q.log_prob(x) for x of p, whose entry is `line`
_MEANS = {
    Beta: lambda p, line, q: ((q.concentration1 - 1) * line.log_mean(p) + (q.concentration0 - 1) * line.log_left(p)
                              - q._log_normalizer(q.concentration1, q.concentration0)),
    ContinuousBernoulli: lambda p, line, q: p.mean * q.logits + (-q.probs).log1p() + q._log_norm(),
    Exponential: lambda p, line, q: q.rate.log() - q.rate * p.mean,
    Gamma: lambda p, line, q: (q.concentration * q.rate.log() - q.concentration.lgamma() + (q.concentration - 1) * line.log_mean(p) - q.rate * p.mean),
    Gumbel: lambda p, line, q: -q.scale.log() - (p.mean - q.loc) / q.scale - ops.exp(q.loc / q.scale) * line.falling(p, q.scale.reciprocal()),
    Laplace: lambda p, line, q: -(2 * q.scale).log() - _mean_distance(p, q.loc) / q.scale,
    Normal: lambda p, line, q: (-0.5 * math.log(2 * math.pi) - q.scale.log()
                                - 0.5 * (p.variance + (p.mean - q.loc) ** 2) / q.scale ** 2),
    Pareto: lambda p, line, q: q.alpha.log() + q.alpha * q.scale.log() - (q.alpha + 1) * line.log_mean(p),
    Uniform: lambda p, line, q: -(q.high - q.low).log(),
}

# q's class -> the classes of p that PyTorch has a formula for, and those beyond q's reach
_PAIRS = {
    Beta: ([Uniform], [Exponential, Gamma, Gumbel, Laplace, Normal, Pareto]),
    ContinuousBernoulli: ([Beta, Uniform], [Exponential, Gamma, Gumbel, Laplace, Normal, Pareto]),
    Exponential: ([Beta, ContinuousBernoulli, Gamma, Pareto, Uniform], [Gumbel, Laplace, Normal]),
    Gamma: ([Beta, Exponential, Pareto, Uniform], [Gumbel, Laplace, Normal]),
    Gumbel: ([Exponential, Gamma, Normal, Uniform], []),
    Laplace: ([Normal], []),
    Normal: ([Beta, ContinuousBernoulli, Exponential, Gamma, Gumbel, Laplace, Pareto, Uniform], []),
    Pareto: ([Uniform], [Beta, ContinuousBernoulli, Exponential, Gamma, Gumbel, Laplace, Normal]),
    Uniform: ([Beta, ContinuousBernoulli], [Exponential, Gamma, Gumbel, Laplace, Normal, Pareto]),
}


def _cross(kind_p, kind_q):
    def kl(p, q):
        line = _LINES[kind_p]
        (low, high), (least, most) = line.reach(p), _LINES[kind_q].reach(q)
        found = -p.entropy() - _MEANS[kind_q](p, line, q)
        beyond = ops.full_like(found, False, dtype=dtypes.bool) | (low < least) | (high > most)
        return _where_infinite(beyond, found)
    return kl


def _beyond(p, q):
    return ops.full(p.batch_shape, _INFINITE, dtype=p.mean.dtype)


for _kind, (_within, _outside) in _PAIRS.items():
    for _other in _within:
        register_kl(_other, _kind)(_cross(_other, _kind))
    for _other in _outside:
        register_kl(_other, _kind)(_beyond)
