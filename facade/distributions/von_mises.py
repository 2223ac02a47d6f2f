"""The von Mises distribution (torch.distributions.von_mises)."""

import math

from facade import special
from facade.autograd.grad_mode import no_grad
from facade.core import dtypes
from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.distributions import constraints
from facade.distributions.distribution import Distribution, checked
from facade.distributions.utils import lazy_property

__all__ = ["VonMises"]


class VonMises(Distribution):
    """An angle from -pi to pi: density proportional to exp(concentration * cos(angle - loc))."""

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real

    def __init__(self, loc, concentration, validate_args=None):
        self._keep(validate_args, loc=loc, concentration=concentration)

    mean = mode = property(lambda self: self.loc)

    @lazy_property
    def variance(self):
        """1 - I1(concentration) / I0(concentration), on the circle."""
        return 1 - special.i1e(self.concentration) / special.i0e(self.concentration)

    @checked
    def log_prob(self, value):
        """concentration * cos(value - loc) - log(2 pi I0(concentration))."""
        log_bessel = special.i0e(self.concentration).log() + self.concentration
        return self.concentration * ops.cos(value - self.loc) - math.log(2 * math.pi) - log_bessel

    @lazy_property
    def _proposal_r(self):
        """The parameter of the wrapped Cauchy distribution that is drawn from; its limit where nearly uniform."""
        kappa = self.concentration.to(dtypes.float64)
        tau = 1 + (1 + 4 * kappa ** 2).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * kappa)
        return ops.where(kappa < 1e-5, 1 / kappa + kappa, (1 + rho ** 2) / (2 * rho))

    def sample(self, sample_shape=Size()):
        """Angles by rejection (Best and Fisher 1979, https://doi.org/10.2307/2346732), in double precision."""
        with no_grad():
            angle = ops.empty(self._extended_shape(sample_shape), dtype=dtypes.float64)
            turned = self._rejection_sample(self.concentration.to(dtypes.float64), self._proposal_r, angle) + math.pi + self.loc.to(dtypes.float64)
            return (turned % (2 * math.pi) - math.pi).to(self.loc.dtype)

    @staticmethod
    def _rejection_sample(concentration, r, angle):
        """Angles around zero: every round draws for all of them, also for those that are settled."""
        settled = ops.zeros(angle.shape, dtype=dtypes.bool)
        while not settled.all():
            turn, luck, side = ops.rand((3, *angle.shape), dtype=angle.dtype).unbind()
            cosine = ops.cos(math.pi * turn)
            f = (1 + r * cosine) / (r + cosine)
            c = concentration * (r - f)
            accepted = (c * (2 - c) - luck > 0) | ((c / luck).log() + 1 - c >= 0)
            angle = ops.where(accepted, (side - 0.5).sign() * f.acos(), angle)
            settled = settled | accepted
        return angle
