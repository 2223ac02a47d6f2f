"""The base of all distributions (torch.distributions.distribution).

A distribution holds tensors that start with its batch shape, and perhaps other distributions that do. From this alone follow
its `expand`, its repr and the checks of its parameters; a family adds its formulas.
"""

import functools

from facade.autograd.grad_mode import no_grad
from facade.core.ops.functions import ops
from facade.core.shapes import Size
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn
from facade.distributions import constraints
from facade.distributions.utils import broadcast_all, lazy_property

__all__ = ["Distribution"]


def checked(function):
    """A method of one value, which must lie in the support where arguments are validated."""
    @functools.wraps(function)
    def run(self, value):
        if self._validate_args:
            self._validate_sample(value)
        return function(self, value)
    return run

_PACKAGES = (__name__.partition(".")[0], "torch")      # what our classes say they come from, the second under `facade run`

class Distribution:
    """A batch of distributions.

    batch_shape: one distribution each; event_shape: of one draw; validate_args: whether parameters and values are checked
    (ValueError), by default as `set_default_validate_args` said. Samples have the shape sample_shape + batch_shape + event_shape.
    """

    has_rsample = False
    has_enumerate_support = False
    _validate_args = __debug__

    @staticmethod
    def set_default_validate_args(value):
        """Whether distributions check their arguments unless told otherwise."""
        if value not in (True, False):
            raise ValueError
        Distribution._validate_args = value

    def __init__(self, batch_shape=Size(), event_shape=Size(), validate_args=None):
        self._batch_shape, self._event_shape = batch_shape, event_shape
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._validate_parameters()
        super().__init__()

    def _keep(self, validate_args, **parameters):
        """Keep parameters, broadcast against each other: their shape is the batch shape."""
        tensors = broadcast_all(*parameters.values())
        self.__dict__.update(zip(parameters, tensors))
        Distribution.__init__(self, tensors[0].shape, validate_args=validate_args)

    def _validate_parameters(self):
        try:
            demands = self.arg_constraints
        except NotImplementedError:
            warn(f"{self.__class__} does not define `arg_constraints`. Please set `arg_constraints = {{}}` or initialize the distribution "
                 "with `validate_args=False` to turn off validation.")
            return
        for name, constraint in demands.items():
            if constraints.is_dependent(constraint):
                continue
            if name not in self.__dict__ and isinstance(getattr(type(self), name), lazy_property):
                continue
            value = getattr(self, name)
            if not constraint.check(value).all():
                raise ValueError(f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution {self!r} to satisfy "
                                 f"the constraint {constraint!r}, but found invalid values:\n{value}")

    # ------------------------------------------------------------ shapes
    @property
    def batch_shape(self):
        """The shape of the batch of distributions."""
        return self._batch_shape

    @property
    def event_shape(self):
        """The shape of one draw."""
        return self._event_shape

    def _extended_shape(self, sample_shape=Size()):
        return Size((*Size(sample_shape), *self._batch_shape, *self._event_shape))

    def expand(self, batch_shape, _instance=None):
        """The same distribution over a larger batch, without copying."""
        family = next(each for each in type(self).__mro__ if each.__module__.partition(".")[0] in _PACKAGES)
        if family.__init__ is Distribution.__init__:
            raise NotImplementedError
        new = self._get_checked_instance(family, _instance)
        shape, rank = Size(batch_shape), len(self._batch_shape)
        for name, value in self.__dict__.items():
            if isinstance(value, Tensor) and not name.startswith("_unbroadcasted"):
                value = value.expand(shape + value.shape[rank:])
            elif isinstance(value, Distribution):
                value = value.expand(shape + value.batch_shape[rank:])
            new.__dict__[name] = value
        new._batch_shape, new._validate_args = shape, self._validate_args
        return new

    def _get_checked_instance(self, cls, _instance=None):
        if _instance is None and type(self).__init__ is not cls.__init__:
            raise NotImplementedError(f"Subclass {self.__class__.__name__} of {cls.__name__} that defines a custom __init__ method must also define a "
                                      "custom .expand() method.")
        return object.__new__(type(self)) if _instance is None else _instance

    # ------------------------------------------------------------ what a family has
    @property
    def arg_constraints(self):
        """What the parameters must satisfy, by name."""
        raise NotImplementedError

    @property
    def support(self):
        """The constraint that values satisfy."""
        raise NotImplementedError

    @property
    def mean(self):
        """The mean."""
        raise NotImplementedError

    @property
    def mode(self):
        """The likeliest value."""
        raise NotImplementedError(f"{self.__class__} does not implement mode")

    @property
    def variance(self):
        """The variance."""
        raise NotImplementedError

    @property
    def stddev(self):
        """The standard deviation."""
        return self.variance.sqrt()

    def sample(self, sample_shape=Size()):
        """Draws, without history."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape=Size()):
        """Draws that are differentiable functions of the parameters."""
        raise NotImplementedError

    def sample_n(self, n):
        """n draws: sample((n,))."""
        warn("`sample_n(n)` will be deprecated. Use `sample((n,))` instead.", FutureWarning)
        return self.sample(Size((n,)))

    def log_prob(self, value):
        """The logarithm of the density, or of the probability, at `value`."""
        raise NotImplementedError

    def cdf(self, value):
        """The probability of at most `value`."""
        raise NotImplementedError

    def icdf(self, value):
        """The value whose cdf is `value`."""
        raise NotImplementedError

    def enumerate_support(self, expand=True):
        """All values of a discrete distribution, along a new first dim."""
        raise NotImplementedError

    def entropy(self):
        """The entropy in nats, of the batch shape."""
        raise NotImplementedError

    def perplexity(self):
        """e to the power of the entropy."""
        return ops.exp(self.entropy())

    # ------------------------------------------------------------ checks and text
    def _validate_sample(self, value):
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        shape, expected = value.size(), self._batch_shape + self._event_shape
        if shape[len(shape) - len(self._event_shape):] != self._event_shape:
            raise ValueError(f"The right-most size of value must match event_shape: {shape} vs {self._event_shape}.")
        if any(one != 1 and other != 1 and one != other for one, other in zip(reversed(shape), reversed(expected))):
            raise ValueError(f"Value is not broadcastable with batch_shape+event_shape: {shape} vs {expected}.")
        try:
            support = self.support
        except NotImplementedError:
            warn(f"{self.__class__} does not define `support` to enable sample validation. Please initialize the distribution with "
                 "`validate_args=False` to turn off validation.")
            return
        if not support.check(value).all():
            raise ValueError(f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) to be within the support ({support!r}) of "
                             f"the distribution {self!r}, but found invalid values:\n{value}")

    def __repr__(self):
        shown = [(name, self.__dict__[name]) for name in self.arg_constraints if name in self.__dict__]
        return f"{self.__class__.__name__}({', '.join(f'{name}: {value if value.numel() == 1 else value.size()}' for name, value in shown)})"
