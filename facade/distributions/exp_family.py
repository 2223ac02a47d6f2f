"""Exponential families: densities exp(t(x) . theta - F(theta) + k(x)) (torch.distributions.exp_family)."""

from facade.autograd.functions import grad
from facade.distributions.distribution import Distribution

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    """A distribution with natural parameters theta and a log-normalizer F, whose derivative is the mean of t(x)."""

    @property
    def _natural_params(self):
        raise NotImplementedError

    def _log_normalizer(self, *natural_params):
        raise NotImplementedError

    @property
    def _mean_carrier_measure(self):
        raise NotImplementedError

    def entropy(self):
        """F(theta) - theta . F'(theta) - E[k(x)]."""
        carrier = self._mean_carrier_measure
        natural, normalizer, means = derivatives(self, self._natural_params)
        products = (param * mean for param, mean in zip(natural, means))
        return -carrier + normalizer - sum(each.reshape(self._batch_shape + (-1,)).sum(-1) for each in products)


def derivatives(family, natural_params):
    """(the natural parameters as new variables, the log-normalizer at them, its derivative by each)."""
    natural = [param.detach().requires_grad_() for param in natural_params]
    normalizer = family._log_normalizer(*natural)
    return natural, normalizer, grad(normalizer.sum(), natural, create_graph=True)
