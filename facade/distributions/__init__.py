"""Probability distributions (torch.distributions)."""

from facade.distributions import (
    bernoulli, beta, binomial, categorical, cauchy, chi2, constraints, continuous_bernoulli, dirichlet, distribution, exp_family, exponential,
    fishersnedecor, gamma, generalized_pareto, geometric, gumbel, half_cauchy, half_normal, independent, inverse_gamma, kl, kumaraswamy, laplace,
    lkj_cholesky, log_normal, logistic_normal, lowrank_multivariate_normal, mixture_same_family, multinomial, multivariate_normal, negative_binomial,
    normal, one_hot_categorical, pareto, poisson, relaxed_bernoulli, relaxed_categorical, studentT, transformed_distribution, transforms, uniform,
    utils, von_mises, weibull, wishart)
from facade.distributions.constraint_registry import biject_to, transform_to
from facade.distributions.kl import kl_divergence, register_kl
from facade.distributions.transforms import *  # noqa: F403

_FILES = (
    bernoulli, beta, binomial, categorical, cauchy, chi2, continuous_bernoulli, dirichlet, distribution, exp_family, exponential, fishersnedecor,
    gamma, generalized_pareto, geometric, gumbel, half_cauchy, half_normal, independent, inverse_gamma, kumaraswamy, laplace, lkj_cholesky,
    log_normal, logistic_normal, lowrank_multivariate_normal, mixture_same_family, multinomial, multivariate_normal, negative_binomial, normal,
    one_hot_categorical, pareto, poisson, relaxed_bernoulli, relaxed_categorical, studentT, transformed_distribution, uniform, von_mises, weibull,
    wishart)
_INSIDE = {"ExpRelaxedCategorical", "LogitRelaxedBernoulli"}       # what torch.distributions itself does not name
_FAMILIES = {name: getattr(file, name) for file in _FILES for name in file.__all__ if name not in _INSIDE}
globals().update(_FAMILIES)
__all__ = sorted([*_FAMILIES, "biject_to", "constraints", "kl_divergence", "register_kl", "transform_to", "utils", *transforms.__all__])
