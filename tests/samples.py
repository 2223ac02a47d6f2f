"""Arguments to try operators with: made from a row's signature, or read from the lines of samples.txt.

A sample is plain data that belongs to no world: an `Array` says what tensor to make, a `Dtype` which dtype to look up.
A line of samples.txt is a name and the arguments of one call; operators that are not named there get arguments by the types
and names of their parameters, one parameter changed at a time.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np


class Array(NamedTuple):
    """A tensor to be made. layout: '' (contiguous), 'transposed' or 'strided'; kind: what its values are."""

    dtype: str
    shape: tuple
    layout: str = ""
    kind: object = "normal"

    def __repr__(self):
        return f"{self.dtype}{list(self.shape)}{self.layout and '.' + self.layout}"

    @property
    def is_free(self):
        """Whether another dtype would do as well."""
        return self.kind == "normal" and self.dtype.startswith("float")

    def values(self, seed):
        """The elements as NumPy's: the same for the same seed."""
        rng = np.random.default_rng([seed, *self.shape])
        if isinstance(self.kind, int):
            return rng.integers(0, self.kind, self.shape)
        if self.dtype == "bool":
            return rng.random(self.shape) < 0.6
        if self.kind == "normal" and "int" in self.dtype:
            return rng.choice([-3, -2, -1, 1, 2, 3, 4], self.shape)
        return np.asarray(KINDS[self.kind](rng, self.shape))

    def make(self, torch, seed, track=False):
        """The tensor in the world `torch`; track: in double precision and requiring a gradient where it is free."""
        values = self.values(seed)
        dtype = getattr(torch, "float64" if track and self.dtype == "float32" else self.dtype)
        if self.layout == "transposed" and values.ndim:
            made = torch.tensor(values.transpose().copy(), dtype=dtype).permute(*reversed(range(values.ndim)))
        elif self.layout == "strided" and values.ndim:
            made = torch.tensor(np.repeat(values, 2, -1), dtype=dtype)[..., ::2]
        else:
            made = torch.tensor(values, dtype=dtype)
        return made.requires_grad_() if track and dtype.is_floating_point else made


KINDS = {
    "normal": lambda rng, shape: np.round(rng.standard_normal(shape) * 1.5, 3),
    "unit": lambda rng, shape: np.round(rng.uniform(0.05, 0.95, shape), 3),
    "positive": lambda rng, shape: np.round(rng.uniform(0.2, 4, shape), 3),
    "sorted": lambda rng, shape: np.sort(np.round(rng.standard_normal(shape), 3), -1),
    "definite": lambda rng, shape: (half := rng.standard_normal(shape)) @ half.swapaxes(-1, -2) + 2 * np.eye(shape[-1]),
    "lower": lambda rng, shape: np.tril(rng.uniform(0.2, 1, shape)) + np.eye(shape[-1]),
    "upper": lambda rng, shape: np.triu(rng.uniform(0.2, 1, shape)) + np.eye(shape[-1]),
    "degree": lambda rng, shape: rng.integers(0, 6, shape).astype(float),
    "sign": lambda rng, shape: rng.choice([-1.0, 1.0], shape),
    "pivots": lambda rng, shape: np.broadcast_to(np.arange(1, shape[-1] + 1), shape).copy(),
    "ends": lambda rng, shape: np.resize([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, np.inf, -np.inf, np.nan], shape),
}


class Dtype(NamedTuple):
    """A dtype of the world that plays."""

    name: str

    def __repr__(self):
        return self.name


class Sample(NamedTuple):
    """The arguments of one call."""

    args: tuple
    kwargs: dict

    def __repr__(self):
        return "(" + ", ".join([*map(repr, self.args), *(f"{name}={value!r}" for name, value in self.kwargs.items())]) + ")"

    def arrays(self):
        """The tensors to be made."""
        return [each for each in _leaves((self.args, list(self.kwargs.values()))) if isinstance(each, Array)]

    def map(self, change):
        """The sample with `change(array)` for each array."""
        return Sample(_map(self.args, change), _map(self.kwargs, change))

    def make(self, torch, track=False):
        """(args, kwargs, tensors made) in the world `torch`."""
        made = []

        def real(leaf):
            if isinstance(leaf, Dtype):
                return getattr(torch, leaf.name)
            made.append(leaf.make(torch, len(made), track and leaf.dtype.startswith("float")))
            return made[-1]
        args, kwargs = _map(self.args, real), _map(self.kwargs, real)
        return args, kwargs, made


def _leaves(value):
    if type(value) in (list, tuple):
        return [leaf for each in value for leaf in _leaves(each)]
    return [value]


def _map(value, change):
    if isinstance(value, (Array, Dtype)):
        return change(value)
    if type(value) in (list, tuple):
        return type(value)(_map(each, change) for each in value)
    return {name: _map(each, change) for name, each in value.items()} if isinstance(value, dict) else value


# ---------------------------------------------------------------- from a signature
# What to pass for a parameter of this name: the first where it must be given, all of them one after the other.
TYPICAL = {
    "dim": (0, -1, 5), "dims": (0, 1), "dim0": (0,), "dim1": (1,), "diagonal": (0, 1, -1), "offset": (0, 1, -1), "k": (1, 2), "n": (1, 2),
    "r": (2, 1), "p": (2, 1), "N": (3,), "alpha": (2, 0.5), "beta": (2, 0.5), "value": (2, -0.5), "weight": (0.3,), "dx": (0.5,),
    "exponent": (2, 0.5, -1, 0, 3), "other": (2, -1.5), "self": (2, 1.5), "ord": (2, 1, 0, float("inf"), 3), "correction": (1, 0, 2),
    "min": (-0.5,), "max": (0.5,), "decimals": (1, 0, -1), "nan": (9.0,), "posinf": (8.0,), "neginf": (-8.0,), "maxnorm": (1.5,),
    "lambd": (0.5, 1), "negative_slope": (0.2,), "threshold": (0.5,), "eps": (0.1,), "rtol": (0.5,), "atol": (0.5,), "repeats": ((2, 3), (2, 1, 3)),
    "shifts": (1, -2), "rounding_mode": (None, "floor", "trunc"), "dtype": (Dtype("float64"), Dtype("int64")), "approximate": ("tanh",),
    "mode": ("complete", "r"), "UPLO": ("U",), "side": ("right",), "some": (False,), "stable": (True, False), "test_element": (1,), "element": (1,),
    "scale": (1.5,), "input_scale": (0.7,),
}
BY_TYPE = {"int": (1,), "SymInt": (1,), "float": (0.5,), "Scalar": (2,), "bool": (True, False)}
INTEGRAL = ("bitwise", "gcd", "lcm")
NAMED_ONLY = ("driver", "out_int32")
SHAPE = (2, 3)


def qualified(row):
    """The name of a row with its namespace, as the table of lines has it."""
    place = next((each for each in row.at if each != "Tensor"), "Tensor")
    return row.name if place == "torch" else f"{place}.{row.name}"


def typical(param):
    """What to try for a parameter that is not a tensor."""
    if param.type == "bool":
        return (not param.default,)
    values = TYPICAL.get(param.name, BY_TYPE.get(param.type, ()))
    if param.is_list and param.type in ("int", "SymInt"):
        single = tuple(value if isinstance(value, tuple) else (value,) for value in values)
        return single + (((0, 1),) if param.name == "dim" else ())
    return tuple(value for value in values if param.type != "int" or isinstance(value, int))


def base(row):
    """The sample with nothing given that need not be, each tensor of one shape."""
    args, kwargs = [], {}
    dtype = "int64" if row.name.startswith(INTEGRAL) else "float32"
    for param in row.schema.params:
        if param.is_ignored or not param.required:
            continue
        if param.type == "Tensor" and param.optional:
            value = None
        elif param.type == "Tensor":
            value = Array(dtype, (3, 3) if "linalg" in row.at else SHAPE)
            value = [value, value] if param.is_list else value
        else:
            value = (typical(param) or (None,))[0]
        if param.keyword:
            kwargs[param.name] = value
        else:
            args.append(value)
    return Sample(tuple(args), kwargs)


def with_argument(row, sample, param, value):
    """The sample with this parameter given."""
    positional = [each.name for each in row.schema.params if not each.is_ignored and not each.keyword]
    if param.name in positional and positional.index(param.name) < len(sample.args):
        place = positional.index(param.name)
        return Sample((*sample.args[:place], value, *sample.args[place + 1:]), sample.kwargs)
    return Sample(sample.args, sample.kwargs | {param.name: value})


def parameter_samples(row, sample):
    """The sample with one more parameter given, or given otherwise."""
    return [with_argument(row, sample, param, value) for param in row.schema.params
            if not param.is_ignored and param.type != "Tensor" and param.name not in NAMED_ONLY
            for value in (typical(param)[1:] if param.required else typical(param))]


def tensor_samples(sample, pointwise, fixed):
    """The sample with its tensors of other dtypes, layouts and (unless the shapes are fixed) shapes."""
    def free(**changes):
        return sample.map(lambda each: each._replace(**changes) if isinstance(each, Array) and each.is_free else each)
    if not any(each.is_free for each in sample.arrays()):
        return [sample.map(lambda each: each._replace(dtype="bool") if isinstance(each, Array) and each.kind == "normal" else each)]
    doubled = sample.map(lambda each: each._replace(dtype="float64") if isinstance(each, Array) and each.dtype == "float32" else each)
    made = [doubled, *(free(dtype=dtype) for dtype in ("int64", "bool"))] + [free(layout=layout) for layout in ("transposed", "strided")]
    if not fixed:
        made += [free(shape=(0, 3)), free(shape=()), free(shape=(4,)), free(shape=(2, 1, 3))]
    if pointwise:
        made += [free(shape=(10,), kind="ends"), *mixed(sample)]
    return made


def mixed(sample):
    """For operators with several operands: their shapes broadcast and their dtypes promoted."""
    places = [place for place, each in enumerate(sample.args) if isinstance(each, Array)]
    if len(places) < 2:
        return []
    pairs = [(Array("float32", (2, 3)), Array("float32", (3,))), (Array("float32", (2, 1)), Array("float32", (1, 3))),
             (Array("float32", (2, 3)), Array("float64", ())), (Array("int64", (2, 3)), Array("float32", (3,))),
             (Array("bool", (2, 3)), Array("int64", (2, 3))), (Array("int64", (2, 3)), Array("float64", ())),
             (Array("float32", (2, 3)), Array("float32", (4,))), (Array("float32", (2, 3)), 2), (Array("int64", (2, 3)), 1.5),
             (Array("float32", (2, 3), "transposed"), Array("float32", (2, 3), "transposed"))]
    return [Sample(tuple(first if place == places[0] else second if place in places else each
                         for place, each in enumerate(sample.args)), sample.kwargs) for first, second in pairs]


def row_samples(row):
    """Every sample of a row: the first is the plainest."""
    lines = TABLE.get(f"{qualified(row)}.{row.schema.overload}") or TABLE.get(qualified(row))
    bases = lines or [base(row)]
    return [*bases, *parameter_samples(row, bases[0]), *tensor_samples(bases[0], row.kind.pointwise, bool(lines))]


# ---------------------------------------------------------------- from the table of lines
def f(*shape, layout="", kind="normal"):
    """A float32 tensor."""
    return Array("float32", shape, layout, kind)


def i(*shape, below=None):
    """An int64 tensor; below: of indices from 0 on."""
    return Array("int64", shape, "", "normal" if below is None else below)


def b(*shape):
    """A bool tensor."""
    return Array("bool", shape)


def _call(*args, **kwargs):
    return Sample(args, kwargs)


def read_table(text):
    """name -> samples, from lines `name  arguments`."""
    table = {}
    names = {"f": f, "i": i, "b": b, "Array": Array, "call": _call, "float64": Dtype("float64"), "int64": Dtype("int64"), "inf": float("inf")}
    for line in filter(None, map(str.strip, text.splitlines())):
        if not line.startswith("#"):
            name, _, arguments = line.partition(" ")
            table.setdefault(name, []).append(eval(f"call({arguments})", names))
    return table


POLYNOMIALS = [*(f"{shifted}chebyshev_polynomial_{letter}" for shifted in ("", "shifted_") for letter in "tuvw"), "hermite_polynomial_h",
               "hermite_polynomial_he", "laguerre_polynomial_l", "legendre_polynomial_p"]
TABLE = read_table("".join(f"""\
special.{name} f(2, 3), f(2, 3, kind="degree")
special.{name}.n_scalar f(2, 3), 3
special.{name}.x_scalar 0.3, f(2, 3, kind="degree")
""" for name in POLYNOMIALS) + Path(__file__).with_suffix(".txt").read_text(encoding="utf-8"))
