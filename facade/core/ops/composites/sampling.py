"""Random tensors. Every number is drawn by one door (`_engine`), on the host, from PyTorch's own stream."""

import contextlib
import functools

import numpy as np

from facade.core import dtypes
from facade.core.engine import constant
from facade.core.errors import broadcast_shapes
from facade.core.ops.composites import composite
from facade.core.ops.composites.conversion import placed
from facade.core.ops.creation import _size, empty_like, finish
from facade.core.ops.dispatch import apply
from facade.core.ops.mismatch import signature_mismatch, type_name
from facade.core.ops.numbers import check_fits
from facade.core.ops.outputs import apply_out, with_out
from facade.core.ops.rows import sampling as rows
from facade.core.ops.table import ARRAY
from facade.core.random import streams
from facade.core.random.generator import Generator, default_generator
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor
from facade.core.tensor.write import check_writable, write


_OPTIONS = ("Tensor out = None, torch.dtype dtype = None, torch.layout layout = None, torch.device device = None, bool pin_memory = False, "
            "bool requires_grad = False)")


def _signatures(*starts):
    """The signatures that torch lists for a function that makes random tensors: each with a generator and without."""
    return [f"({start}, *, {generator}{_OPTIONS}" for start in starts for generator in ("torch.Generator generator, ", "")]


_BY_SIZE = _signatures("tuple of ints size")
_RANDINT = _signatures("int high, tuple of ints size", "int low, int high, tuple of ints size")
_NORMAL = ("(Tensor mean, Tensor std, *, torch.Generator generator = None, Tensor out = None)",
           "(Tensor mean, float std = 1, *, torch.Generator generator = None, Tensor out = None)",
           "(float mean, Tensor std, *, torch.Generator generator = None, Tensor out = None)",
           f"(float mean, float std, tuple of ints size, *, torch.Generator generator = None, {_OPTIONS}")


def _engine(generator):
    return (generator or default_generator).engine


def _tensor(name, value):
    if not isinstance(value, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type_name(value)}")
    return value


def _made(array, requires_grad=False):
    return finish(Tensor._of(constant(array)), requires_grad)


def _plain(number):
    return number.item() if isinstance(number, Tensor) else number


# ---------------------------------------------------------------- by size
def _sampler(name, draw, doc):
    def sample(*size, generator=None, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False, **names):
        size = (names["size"],) if "size" in names else size
        if not size or generator is not None and not isinstance(generator, Generator):
            raise TypeError(signature_mismatch(name, _BY_SIZE, size, {} if generator is None else {"generator": generator}))
        dtype = _float_dtype(name, dtype or dtypes.get_default_dtype())
        return _made(draw(_engine(generator), _size(name, size), dtype=dtype.numpy), requires_grad)

    def sample_like(input, *, dtype=None, device=None, requires_grad=False, layout=None, memory_format=None, generator=None):
        dtype = _float_dtype(name, dtype or _tensor(f"{name}_like", input).dtype)
        ordered = {} if name == "rand" else {"contiguous": False}
        return _like(input, dtype, memory_format, requires_grad,
                     lambda shape, plain: draw(_engine(generator), shape, dtype=dtype.numpy, **({} if plain else ordered)))
    sample.__name__, sample.__doc__ = name, doc
    sample_like.__doc__ = doc + ", with the size and dtype of `input`"
    composite(at="torch", name=name)(placed(sample))
    composite(at="torch", name=f"{name}_like")(placed(sample_like, like=True))


def _like(input, dtype, memory_format, requires_grad, draw):
    """A tensor of the size of `input`, filled in the order in which it lies in memory: as `input` does, unless a format is given."""
    made = empty_like(input, dtype=dtype, memory_format=memory_format)
    if made._is_contiguous():
        return _made(draw(made._value.spec.shape, True), requires_grad)
    return finish(_fill(made, draw), requires_grad)


def _float_dtype(name, dtype):
    if dtype.category < dtypes.FLOAT:
        kernel = {"rand": "check_uniform_bounds", "randn": "normal_kernel_cpu"}[name]
        raise NotImplementedError(f'"{kernel}" not implemented for \'{dtype.legacy}\'')
    return dtype


_sampler("rand", streams.uniform, "Numbers drawn evenly from 0 to 1")
_sampler("randn", streams.normal, "Numbers drawn from the standard normal distribution")


def _bounds(low, high, dtype):
    """The bounds of random integers as ints that `dtype` holds."""
    if dtype.is_complex:
        raise RuntimeError("check_random_bounds handles only integral, floating-point and boolean types")
    low, high = int(_plain(low)), int(_plain(high))
    if not -2**63 <= low <= high < 2**63 and low < high:
        raise ValueError("Overflow when unpacking long long")
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    least, most = (0, 1) if dtype is dtypes.bool else (-2**63, 2**63 - 1) if dtype.is_floating_point else _integer_bounds(dtype)
    for name, bound in (("from", low), ("to - 1", high - 1)):
        if not least <= bound <= most:
            raise RuntimeError(f"{name} is out of bounds for {dtype.c_name}")
    return low, high


def _integer_bounds(dtype):
    limits = np.iinfo(dtype.numpy)
    return limits.min, limits.max


@composite(at="torch")
@placed
def randint(*bounds, low=None, high=None, size=None, generator=None, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    """Integers drawn evenly from `low` (0 if left out) up to `high`, which is not drawn"""
    given = [*bounds]
    size = given.pop() if size is None and given and isinstance(given[-1], (tuple, list)) else size
    high = given.pop() if high is None and given else high
    low = given.pop() if low is None and given else low
    if given or not isinstance(size, (tuple, list)) or not all(hasattr(each, "__index__") for each in (low or 0, high)):
        if len(bounds) == 2 and isinstance(size, (tuple, list)) and low is None:
            raise TypeError(f"randint(): argument 'high' (position 1) must be int, not {type_name(high)}")
        raise TypeError(signature_mismatch("randint", _RANDINT, bounds, {}))
    dtype = dtype or dtypes.int64
    low, high = _bounds(low or 0, high, dtype)
    return _made(streams.randint(_engine(generator), _size("randint", (size,)), low, high, dtype=dtype.numpy), requires_grad)


@composite(at="torch")
@functools.partial(placed, like=True)
def randint_like(input, low, high=None, *, generator=None, dtype=None, device=None, requires_grad=False, memory_format=None, layout=None):
    """Integers drawn evenly from `low` (0 if left out) up to `high`, with the size and dtype of `input`"""
    dtype = dtype or _tensor("randint_like", input).dtype
    low, high = _bounds(*((0, low) if high is None else (low, high)), dtype)
    return _like(input, dtype, memory_format, requires_grad, lambda shape, _: streams.randint(_engine(generator), shape, low, high, dtype=dtype.numpy))


@composite(at="torch")
@placed
def randperm(n, *, generator=None, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    """The integers from 0 to n - 1 in random order"""
    if not hasattr(n, "__index__"):
        raise TypeError(f"randperm(): argument 'n' (position 1) must be int, not {type_name(n)}")
    if dtype is dtypes.bool:
        raise NotImplementedError("\"randperm\" not implemented for 'Bool'")
    if n and dtype is not None and dtype.category == dtypes.INTEGER:
        check_fits(int(n) - 1, dtype)
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    return _made(streams.randperm(_engine(generator), n, (dtype or dtypes.int64).numpy), requires_grad)


@composite(at="torch")
@placed
def normal(mean=0.0, std=1.0, size=None, *, generator=None, dtype=None, device=None, requires_grad=False):
    """Numbers drawn from normal distributions with these means and standard deviations"""
    if isinstance(mean, str):
        raise TypeError(f"normal(): argument 'mean' (position 1) must be Tensor, not {type_name(mean)}")
    if (size is None) != (isinstance(mean, Tensor) or isinstance(std, Tensor)) or isinstance(size, int):
        raise TypeError(signature_mismatch("normal", _NORMAL, [mean, std] if size is None else [mean, std, size], {}))
    if not isinstance(std, Tensor) and std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    if size is not None:
        array = streams.normal(_engine(generator), _size("normal", (size,)), float(mean), float(std),
                               dtype=_float_dtype("randn", dtype or dtypes.get_default_dtype()).numpy)
        return _made(array, requires_grad)
    first = mean if isinstance(mean, Tensor) else std
    _float_dtype("randn", first.dtype)
    given = mean, std
    mean, std = (each.numpy_value() if isinstance(each, Tensor) else each for each in given)
    if isinstance(std, np.ndarray) and (std < 0).any():
        raise RuntimeError("normal expects all elements of std >= 0.0")
    shape = broadcast_shapes(np.shape(mean), np.shape(std))
    drawn = _made(streams.normal(_engine(generator), shape, mean, std, dtype=(dtype or first.dtype).numpy), requires_grad)
    are_tensors = tuple(isinstance(each, Tensor) for each in given)
    return _following(rows.NORMAL[are_tensors], drawn, *(each for each in given if isinstance(each, Tensor)))


def _following(row, drawn, *parameters):
    """The sample as a function of what it was drawn with, where that is tracked."""
    if not modes.grad or not any(each.requires_grad for each in parameters):
        return drawn
    return apply(row, (ARRAY,) * (len(parameters) + 1), (*parameters, drawn))


# ---------------------------------------------------------------- from probabilities and rates
@composite()
def bernoulli(input, p=None, *, generator=None, out=None):
    """1 with the probability of each element, or with probability p"""
    probability = input.numpy_value() if p is None else _plain(p)
    if p is None and input.dtype.category < dtypes.FLOAT:
        raise NotImplementedError(f"\"bernoulli_tensor_cpu_p_\" not implemented for '{input.dtype.legacy}'")
    if p is None and not ((probability >= 0) & (probability <= 1)).all():
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be improved?  If so, please "
                           "report an enhancement request to PyTorch.)")
    _check_chance(input, p)
    dtype = (input if out is None else out).dtype
    drawn = _made(streams.bernoulli(_engine(generator), input._value.spec.shape, probability, dtype=dtype.numpy))
    if out is not None:
        return apply_out("bernoulli", lambda: drawn, out, (input,))
    return _following(rows.BERNOULLI if p is None else rows.BERNOULLI_P, drawn, input)


@composite()
@with_out
def multinomial(input, num_samples, replacement=False, *, generator=None):
    """num_samples indices for each row of weights, drawn in proportion to them"""
    weights = input.numpy_value()
    if input.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if not input.dtype.is_floating_point:
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {input.dtype.legacy}")
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > weights.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    _check_probabilities(weights, by_distribution=replacement and num_samples > 1)
    if (weights.sum(-1) <= 0).any():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    return _made(streams.multinomial(_engine(generator), weights, num_samples, replacement))


def _check_probabilities(weights, by_distribution):
    """Raise where a weight is none; by_distribution: whether torch finds that when it adds them up."""
    if np.isfinite(weights).all() and not (weights < 0).any():
        return
    if not by_distribution:
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    wrong = weights[~(weights >= 0) | np.isinf(weights)][0]
    raise RuntimeError(f"invalid multinomial distribution (encountering probability entry {'= infinity or NaN' if wrong > 0 else '< 0'})")


@composite(at="torch")
def poisson(input, generator=None):
    """Poisson-distributed numbers with the rates of the elements"""
    if not input.dtype.is_floating_point:
        raise NotImplementedError(f"\"poisson_cpu\" not implemented for '{input.dtype.legacy}'")
    if (input.numpy_value() < 0).any():
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    return _following(rows.POISSON, _made(streams.poisson(_engine(generator), input.numpy_value())), input)


@composite(at="torch")
def binomial(count, prob, generator=None):
    """How many of `count` trials succeed, each with probability `prob`"""
    for name, each in (("count", count), ("prob", prob)):
        if not each.dtype.is_floating_point:
            raise ValueError(f"binomial only supports floating-point dtypes for {name}, got: {each.dtype.legacy}")
    if count.dtype.itemsize == 2:
        raise NotImplementedError(f"\"binomial_cpu\" not implemented for '{count.dtype.legacy}'")
    broadcast_shapes(count.shape, prob.shape)
    drawn = _made(streams.binomial(_engine(generator), *np.broadcast_arrays(count.numpy_value(), prob.numpy_value())))
    return _following(rows.BINOMIAL, drawn, count, prob)


@composite(at="torch")
def _standard_gamma(input, generator=None):
    """Gamma-distributed numbers of scale 1, with the elements as concentrations"""
    _require_kernel("gamma_cpu", input)
    drawn = _made(streams.standard_gamma(_engine(generator), input.numpy_value()))
    return apply(rows.GAMMA, (ARRAY, ARRAY), (input, drawn))


@composite(at="torch")
def _sample_dirichlet(input, generator=None):
    """Shares of a whole, for each row of concentrations"""
    _require_kernel("dirichlet", input)
    return _following(rows.DIRICHLET, _made(streams.dirichlet(_engine(generator), input.numpy_value())), input)


@composite(at="torch")
def _standard_gamma_grad(input, output):
    """The derivative of gamma-distributed numbers by their concentrations"""
    return apply(rows.GAMMA_GRAD, (ARRAY, ARRAY), (input, output))


@composite(at="torch")
def _dirichlet_grad(x, alpha, total):
    """The derivative of shares by their own concentrations, over 1 - x"""
    return apply(rows.DIRICHLET_GRAD, (ARRAY, ARRAY, ARRAY), (x, alpha, total))


def _require_kernel(name, input):
    if input.dtype not in (dtypes.float32, dtypes.float64):
        raise NotImplementedError(f"\"{name}\" not implemented for '{input.dtype.legacy}'")


# ---------------------------------------------------------------- in place
def _fill(tensor, draw):
    """Fill a tensor with what `draw(engine order shape)` gives, in the order of memory."""
    check_writable(tensor)
    shape = tensor._value.spec.shape
    if tensor._is_contiguous():
        array = draw(shape, True)
    else:
        order = _memory_order(tensor)
        array = draw(tuple(shape[dim] for dim in order), False).transpose(np.argsort(order))
    history = modes.grad and tensor.requires_grad
    array = np.ascontiguousarray(array)
    return tensor.copy_(Tensor._of(constant(array))) if history else write(tensor, constant(array.reshape(shape)))


def _memory_order(tensor):
    """The dimensions as they lie in memory, the one with the widest step first."""
    return sorted(range(tensor.ndim), key=lambda dim: -tensor.strides[dim])


def _float(name, parameter, value):
    if isinstance(value, str):
        raise TypeError(f"{name}(): argument '{parameter}' (position {1 + (parameter in ('to', 'std'))}) must be float, not str")
    return float(value)


@composite(at="Tensor")
def uniform_(self, a=0.0, b=1.0, *, generator=None, **names):
    """Fill with numbers drawn evenly from a to b"""
    low, high = _float("uniform_", "from", names.get("from", a)), _float("uniform_", "to", names.get("to", b))
    _float_dtype("rand", self.dtype)
    if low > high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}")
    return _fill(self, lambda shape, _: streams.uniform(_engine(generator), shape, low, high, dtype=self.dtype.numpy))


@composite(at="Tensor")
def normal_(self, mean=0.0, std=1.0, *, generator=None):
    """Fill with numbers drawn from a normal distribution"""
    mean, std = _float("normal_", "mean", mean), _float("normal_", "std", std)
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    _float_dtype("randn", self.dtype)
    return _fill(self, lambda shape, ordered: streams.normal(_engine(generator), shape, mean, std, dtype=self.dtype.numpy, contiguous=ordered))


@composite(at="Tensor")
def random_(self, a=None, b=None, *, generator=None, **names):
    """Fill with integers drawn evenly: of the whole dtype, below `to`, or from `from` up to `to`"""
    low, high = names.get("from", a), names.get("to", b)
    if high is None and low is not None and "from" not in names:
        low, high = 0, low
    if high is None:
        if self.dtype.is_complex:
            raise NotImplementedError(f"\"random_kernel_cpu\" not implemented for '{self.dtype.legacy}'")
        return _fill(self, lambda shape, _: streams.random(_engine(generator), shape, low, dtype=self.dtype.numpy))
    low, high = _bounds(low or 0, high, self.dtype)
    return _fill(self, lambda shape, _: streams.randint(_engine(generator), shape, low, high, dtype=self.dtype.numpy))


@composite(at="Tensor")
def bernoulli_(self, p=0.5, *, generator=None):
    """Fill with 1 with probability p (a number, or a tensor for each element), else 0"""
    probability = p.expand(self.shape).numpy_value().transpose(_memory_order(self)) if isinstance(p, Tensor) else p
    _check_chance(self, p)
    return _fill(self, lambda shape, _: streams.bernoulli(_engine(generator), shape, probability, dtype=self.dtype.numpy))


def _check_chance(tensor, p):
    """Raise where `p` is a number that is no probability, or where the tensor can hold no outcome."""
    if p is None or isinstance(p, Tensor):
        return
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
    if tensor.is_complex():
        raise NotImplementedError(f"\"bernoulli_scalar_cpu_\" not implemented for '{tensor.dtype.legacy}'")


def _one_parameter(name, draw, check, doc, **defaults):
    def fill(self, *parameters, generator=None, **names):
        values = dict(zip(defaults, parameters)) | names
        values = {key: values.get(key, default) for key, default in defaults.items()}
        _check_continuous(name, self.dtype)
        check(**values)
        return _fill(self, lambda shape, _: draw(_engine(generator), shape, *values.values(), dtype=self.dtype.numpy))
    fill.__doc__ = doc
    composite(at="Tensor", name=name)(fill)


def _check_continuous(name, dtype):
    if dtype.is_floating_point or name == "geometric_" and dtype.category == dtypes.INTEGER:
        return
    if name in ("exponential_", "cauchy_"):
        shown = dtype.legacy if name == "exponential_" else dtype.c_name
        raise RuntimeError(f"{name[:-1].capitalize()} distribution is a continuous probability distribution. dtype must be a floating point but you "
                           f"specified {shown}")
    raise NotImplementedError(f"\"{name}cpu\" not implemented for '{dtype.legacy}'")


def _require(condition, sentence):
    if not condition:
        raise RuntimeError(sentence)


_one_parameter("exponential_", streams.exponential, lambda lambd: _require(lambd > 0, f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}"),
               "Fill with exponentially distributed numbers of this rate", lambd=1.0)
_one_parameter("cauchy_", streams.cauchy, lambda median, sigma: _require(sigma > 0, f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}"),
               "Fill with Cauchy-distributed numbers", median=0.0, sigma=1.0)
_one_parameter("log_normal_", streams.log_normal, lambda mean, std: _require(std > 0, f"log_normal_ expects std > 0.0, but found std={std:g}"),
               "Fill with numbers whose logarithm is normally distributed", mean=1.0, std=2.0)
_one_parameter("geometric_", streams.geometric, lambda p: _require(0 < p < 1, f"geometric_ expects p to be in (0, 1), but got p={p:g}"),
               "Fill with geometrically distributed numbers", p=None)


# ---------------------------------------------------------------- the default generator
def manual_seed(seed):
    """Start the default generator anew from `seed`; the generator is returned (torch.manual_seed)."""
    return default_generator.manual_seed(int(seed))


def seed():
    """Start the default generator anew from a seed that the operating system draws; the seed is returned."""
    return default_generator.seed()


def initial_seed():
    """The seed of the default generator."""
    return default_generator.initial_seed()


def get_rng_state():
    """The state of the default generator, a uint8 tensor."""
    return default_generator.get_state()


def set_rng_state(new_state):
    """Put the default generator into a state that get_rng_state gave."""
    default_generator.set_state(new_state)


@contextlib.contextmanager
def fork_rng(devices=None, enabled=True, device_type="cuda"):
    """Draws in this block leave the default generator as it was before."""
    state = default_generator.engine.copy()
    try:
        yield
    finally:
        if enabled:
            default_generator.engine = state


FUNCTIONS = {each.__name__: each for each in (manual_seed, seed, initial_seed, get_rng_state, set_rng_state)}
