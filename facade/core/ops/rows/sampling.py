"""The derivatives of samples by the parameters that they were drawn with; the samples themselves are drawn outside and enter as arrays."""

from facade.core.dtypes import FLOAT
from facade.core.ops.kernels import sampling as kernels
from facade.core.ops.promotion import PROMOTE
from facade.core.ops.supported import common_dtype
from facade.core.ops.table import op


def _check(name):
    """The check that all are of float32 or float64."""
    def check(*arguments):
        common = common_dtype(arguments)
        if common.category != FLOAT or common.itemsize == 2:
            raise NotImplementedError(f"\"{name}\" not implemented for '{common.legacy}'")
    return check


GAMMA_GRAD = op("_standard_gamma_grad(Tensor self, Tensor output) -> Tensor", kernels.standard_gamma_grad, PROMOTE,
                at="", inplace=False, numbers=False,
   check=_check("_standard_gamma_grad_cpu"), differentiable=False, doc="The derivative of standard gamma samples by their concentration")
DIRICHLET_GRAD = op("_dirichlet_grad(Tensor x, Tensor alpha, Tensor total) -> Tensor", kernels.dirichlet_grad, PROMOTE,
                    at="", inplace=False, numbers=False,
   check=_check("_dirichlet_grad_cpu"), differentiable=False,
   doc="The derivative of Dirichlet samples by their own concentration, over 1 - x")

GAMMA = op("_standard_gamma_sampled(Tensor self, Tensor output) -> Tensor", kernels.moving_with_concentration, PROMOTE, at="", inplace=False,
           node="StandardGammaBackward0", numbers=False, doc="output, as a function of the concentration it was drawn with")


def _unmoved(line, node):
    return op(line, kernels.unmoved, at="", node=node, doc="output, which has gradient zero by all that it was drawn with")


BERNOULLI = _unmoved("bernoulli_sampled(Tensor self, Tensor output) -> Tensor", "BernoulliBackward0")
POISSON = _unmoved("poisson_sampled(Tensor self, Tensor output) -> Tensor", "PoissonBackward0")
# what torch has no derivative of
BERNOULLI_P = _unmoved("bernoulli(Tensor self, Tensor output) -> Tensor", "NotImplemented")
BINOMIAL = _unmoved("binomial(Tensor count, Tensor prob, Tensor output) -> Tensor", "NotImplemented")
DIRICHLET = _unmoved("_sample_dirichlet(Tensor self, Tensor output) -> Tensor", "NotImplemented")
# by which of mean and std are tensors
NORMAL = {(True, False): _unmoved("normal_sampled(Tensor mean, Tensor output) -> Tensor", "NormalBackward1"),
          (False, True): _unmoved("normal_sampled(Tensor std, Tensor output) -> Tensor", "NormalBackward2"),
          (True, True): _unmoved("normal_sampled(Tensor mean, Tensor std, Tensor output) -> Tensor", "NormalBackward3")}
