"""Written by `python -m facade.core.ops.stubs`."""
# mypy: disable-error-code="overload-cannot-match, overload-overlap, no-redef"

from builtins import bool as _bool, complex as _complex, float as _float, int as _int, str as _str
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, overload

from facade.core.dtypes import dtype as _dtype
from facade.core.tensor.tensor import Tensor
from facade.distributions.bernoulli import Bernoulli as Bernoulli
from facade.distributions.beta import Beta as Beta
from facade.distributions.binomial import Binomial as Binomial
from facade.distributions.categorical import Categorical as Categorical
from facade.distributions.cauchy import Cauchy as Cauchy
from facade.distributions.chi2 import Chi2 as Chi2
from facade.distributions.continuous_bernoulli import ContinuousBernoulli as ContinuousBernoulli
from facade.distributions.dirichlet import Dirichlet as Dirichlet
from facade.distributions.distribution import Distribution as Distribution
from facade.distributions.exponential import Exponential as Exponential
from facade.distributions.exp_family import ExponentialFamily as ExponentialFamily
from facade.distributions.fishersnedecor import FisherSnedecor as FisherSnedecor
from facade.distributions.gamma import Gamma as Gamma
from facade.distributions.generalized_pareto import GeneralizedPareto as GeneralizedPareto
from facade.distributions.geometric import Geometric as Geometric
from facade.distributions.gumbel import Gumbel as Gumbel
from facade.distributions.half_cauchy import HalfCauchy as HalfCauchy
from facade.distributions.half_normal import HalfNormal as HalfNormal
from facade.distributions.independent import Independent as Independent
from facade.distributions.inverse_gamma import InverseGamma as InverseGamma
from facade.distributions.kumaraswamy import Kumaraswamy as Kumaraswamy
from facade.distributions.lkj_cholesky import LKJCholesky as LKJCholesky
from facade.distributions.laplace import Laplace as Laplace
from facade.distributions.log_normal import LogNormal as LogNormal
from facade.distributions.logistic_normal import LogisticNormal as LogisticNormal
from facade.distributions.lowrank_multivariate_normal import LowRankMultivariateNormal as LowRankMultivariateNormal
from facade.distributions.mixture_same_family import MixtureSameFamily as MixtureSameFamily
from facade.distributions.multinomial import Multinomial as Multinomial
from facade.distributions.multivariate_normal import MultivariateNormal as MultivariateNormal
from facade.distributions.negative_binomial import NegativeBinomial as NegativeBinomial
from facade.distributions.normal import Normal as Normal
from facade.distributions.one_hot_categorical import OneHotCategorical as OneHotCategorical
from facade.distributions.one_hot_categorical import OneHotCategoricalStraightThrough as OneHotCategoricalStraightThrough
from facade.distributions.pareto import Pareto as Pareto
from facade.distributions.poisson import Poisson as Poisson
from facade.distributions.relaxed_bernoulli import RelaxedBernoulli as RelaxedBernoulli
from facade.distributions.relaxed_categorical import RelaxedOneHotCategorical as RelaxedOneHotCategorical
from facade.distributions.studentT import StudentT as StudentT
from facade.distributions.transformed_distribution import TransformedDistribution as TransformedDistribution
from facade.distributions.uniform import Uniform as Uniform
from facade.distributions.von_mises import VonMises as VonMises
from facade.distributions.weibull import Weibull as Weibull
from facade.distributions.wishart import Wishart as Wishart
from facade.distributions import bernoulli as bernoulli
from facade.distributions import beta as beta
from facade.distributions import binomial as binomial
from facade.distributions import categorical as categorical
from facade.distributions import cauchy as cauchy
from facade.distributions import chi2 as chi2
from facade.distributions import constraint_registry as constraint_registry
from facade.distributions import constraints as constraints
from facade.distributions import continuous_bernoulli as continuous_bernoulli
from facade.distributions import dirichlet as dirichlet
from facade.distributions import distribution as distribution
from facade.distributions import exp_family as exp_family
from facade.distributions import exponential as exponential
from facade.distributions import fishersnedecor as fishersnedecor
from facade.distributions import gamma as gamma
from facade.distributions import generalized_pareto as generalized_pareto
from facade.distributions import geometric as geometric
from facade.distributions import gumbel as gumbel
from facade.distributions import half_cauchy as half_cauchy
from facade.distributions import half_normal as half_normal
from facade.distributions import independent as independent
from facade.distributions import inverse_gamma as inverse_gamma
from facade.distributions import kl as kl
from facade.distributions import kumaraswamy as kumaraswamy
from facade.distributions import laplace as laplace
from facade.distributions import lkj_cholesky as lkj_cholesky
from facade.distributions import log_normal as log_normal
from facade.distributions import logistic_normal as logistic_normal
from facade.distributions import lowrank_multivariate_normal as lowrank_multivariate_normal
from facade.distributions import mixture_same_family as mixture_same_family
from facade.distributions import multinomial as multinomial
from facade.distributions import multivariate_normal as multivariate_normal
from facade.distributions import negative_binomial as negative_binomial
from facade.distributions import normal as normal
from facade.distributions import one_hot_categorical as one_hot_categorical
from facade.distributions import pareto as pareto
from facade.distributions import poisson as poisson
from facade.distributions import relaxed_bernoulli as relaxed_bernoulli
from facade.distributions import relaxed_categorical as relaxed_categorical
from facade.distributions import studentT as studentT
from facade.distributions import transformed_distribution as transformed_distribution
from facade.distributions import transforms as transforms
from facade.distributions import uniform as uniform
from facade.distributions import utils as utils
from facade.distributions import von_mises as von_mises
from facade.distributions import weibull as weibull
from facade.distributions import wishart as wishart


AbsTransform: Any
AffineTransform: Any
CatTransform: Any
ComposeTransform: Any
CorrCholeskyTransform: Any
CumulativeDistributionTransform: Any
ExpTransform: Any
IndependentTransform: Any
LowerCholeskyTransform: Any
PositiveDefiniteTransform: Any
PowerTransform: Any
ReshapeTransform: Any
SigmoidTransform: Any
SoftmaxTransform: Any
SoftplusTransform: Any
StackTransform: Any
StickBreakingTransform: Any
TanhTransform: Any
Transform: Any
def biject_to(constraint) -> Any: ...
def identity_transform(x) -> Any: ...
def kl_divergence(p, q) -> Any: ...
def register_kl(type_p, type_q) -> Any: ...
def transform_to(constraint) -> Any: ...
