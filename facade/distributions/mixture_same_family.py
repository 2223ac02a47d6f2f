"""Mixtures of components of one family (torch.distributions.mixture_same_family)."""

from facade.autograd.grad_mode import no_grad
from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.categorical import Categorical
from facade.distributions.distribution import Distribution, checked

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """A component, chosen by a Categorical; the components are the last batch dim of one distribution."""

    arg_constraints = {}

    def __init__(self, mixture_distribution, component_distribution, validate_args=None):
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(" The Mixture distribution needs to be an  instance of torch.distributions.Categorical")
        if not isinstance(component_distribution, Distribution):
            raise ValueError("The Component distribution needs to be an instance of torch.distributions.Distribution")
        self._mixture_distribution, self._component_distribution = mixture_distribution, component_distribution
        self._check_shapes()
        self._num_component = mixture_distribution.logits.shape[-1]
        self._event_ndims = len(component_distribution.event_shape)
        super().__init__(component_distribution.batch_shape[:-1], component_distribution.event_shape, validate_args=validate_args)

    def _check_shapes(self):
        mixture, components = self._mixture_distribution.batch_shape, self._component_distribution.batch_shape
        if any(one != 1 and other != 1 and one != other for one, other in zip(reversed(mixture), reversed(components[:-1]))):
            raise ValueError(f"`mixture_distribution.batch_shape` ({mixture}) is not compatible with "
                             f"`component_distribution.batch_shape`({components[:-1]})")
        weights = self._mixture_distribution.logits.shape[-1]
        if weights != components[-1]:
            raise ValueError(f"`mixture_distribution component` ({weights}) does not equal `component_distribution.batch_shape[-1]` ({components[-1]})")

    mixture_distribution = property(lambda self: self._mixture_distribution)
    component_distribution = property(lambda self: self._component_distribution)

    @constraints.dependent_property
    def support(self):
        """Where all components are."""
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    def _weights(self):
        """The probabilities of the components, shaped like their means."""
        probs, rank = self.mixture_distribution.probs, len(self.mixture_distribution.batch_shape)
        missing = 0 if rank == 1 else len(self.batch_shape) - rank
        return probs.reshape(probs.shape[:-1] + (1,) * missing + probs.shape[-1:] + (1,) * self._event_ndims)

    def _pad(self, value):
        return value.unsqueeze(-1 - self._event_ndims)

    def _averaged(self, value):
        return (self._weights() * value).sum(-1 - self._event_ndims)

    mean = property(lambda self: self._averaged(self.component_distribution.mean))

    @property
    def variance(self):
        """The mean of the variances plus the variance of the means."""
        within = self._averaged(self.component_distribution.variance)
        return within + self._averaged((self.component_distribution.mean - self._pad(self.mean)).pow(2.0))

    def cdf(self, x):
        """The components', averaged."""
        return (self.component_distribution.cdf(self._pad(x)) * self.mixture_distribution.probs).sum(-1)

    @checked
    def log_prob(self, x):
        """log of the average of the components' densities."""
        log_weights = ops.log_softmax(self.mixture_distribution.logits, dim=-1)
        return ops.logsumexp(self.component_distribution.log_prob(self._pad(x)) + log_weights, dim=-1)

    def sample(self, sample_shape=Size()):
        """Draws of all components, of which the chosen ones stay."""
        with no_grad():
            chosen = self.mixture_distribution.sample(sample_shape)
            drawn = self.component_distribution.sample(sample_shape)
            dim = len(sample_shape) + len(self.batch_shape)
            index = chosen.reshape(chosen.shape + (1,) * (self._event_ndims + 1)).expand(chosen.shape + (1,) + self.event_shape)
            return ops.gather(drawn, dim, index).squeeze(dim)

    def __repr__(self):
        return f"MixtureSameFamily(\n  {self.mixture_distribution},\n  {self.component_distribution})"
