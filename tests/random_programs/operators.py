"""A kind of statement that calls any operator of the table.

Its floating-point inputs are cut from the pool, where every value is exact, so that both worlds see the same bits; inputs of a narrower
domain are written out. What comes out, of whatever shape and dtype, goes on as one number.
"""

import functools

from facade.core.ops import expose  # noqa: F401  (fills the tables)
from facade.core.ops.composites import COMPOSITES
from facade.core.ops.table import TABLE as ROWS
from tests import samples
from tests.random_programs.model import FLOATS, Memory, exact, kind

# Draws, what reads memory that nobody wrote, and what names one of equal elements, of which there are many among quarters.
LEFT_OUT = {"bernoulli", "binomial", "dropout", "empty_like", "multinomial", "normal", "poisson", "rand_like", "randn_like", "randint_like", "rrelu",
            "alpha_dropout", "feature_dropout", "feature_alpha_dropout", "gumbel_softmax", "empty_strided", "resize_as_", "kthvalue", "topk", "mode", "eigh", "eig", "svd",
            "vander",                                       # whose backward pass fails in torch
            "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "airy_ai"}      # torch's own errors are 1e-5 here, seen against SciPy
ILL_CONDITIONED = ("linalg", "lu", "svd", "qr", "inverse", "cholesky", "triangular", "ormqr", "orgqr", "geqrf", "det", "slogdet", "logdet", "pinverse",
                   "cdist", "pdist", "logcumsumexp", "renorm", "cov", "corrcoef")


@functools.cache
def calls():
    """(the operator as a program says it, its samples) of every row and every composite that is sampled."""
    found = {}
    for row in ROWS:
        if row.at and row.name not in LEFT_OUT:
            place = next((each for each in row.at if each != "Tensor"), "Tensor")
            tried = samples.TABLE.get(f"{samples.qualified(row)}.{row.schema.overload}") or samples.TABLE.get(samples.qualified(row)) or [samples.base(row)]
            found.setdefault((place, row.name), []).extend([*tried, *samples.parameter_samples(row, tried[0])])
    for composite in COMPOSITES:
        place = composite.at[0]
        name = composite.name if place in ("torch", "Tensor") else f"{place}.{composite.name}"
        if name in samples.TABLE and composite.name not in LEFT_OUT:
            found.setdefault((place, composite.name), []).extend(samples.TABLE[name])
    return [("torch." + name if place == "torch" else f"torch.{place}.{name}", tried) for (place, name), tried in found.items()]


def cut(author, array, dtype):
    """An expression for this tensor: of elements of the pool, else written out; and the variable that it is cut from."""
    if array.kind == "normal" and array.dtype == "float32" and array.shape:
        source = author.pick(exact, lambda one: one.cells.size and one.dtype == dtype)
        if source is not None:
            size = 1
            for extent in array.shape:
                size *= extent
            return f"{source.name}.reshape(-1).repeat({size})[:{size}].reshape({array.shape})", source
    return f"torch.tensor({array.values(author.dice.randrange(5)).tolist()}, dtype=torch.{dtype if array.dtype == 'float32' else array.dtype})", None


def text(author, value, sources, stiff, dtype):
    """An argument as a program says it."""
    if isinstance(value, samples.Array):
        expression, source = cut(author, value._replace(kind="definite") if stiff and value.kind == "normal" and value.shape[-2:] == (3, 3) else value, dtype)
        sources += [source] if source else []
        return expression
    if isinstance(value, samples.Dtype):
        return f"torch.{value.name}"
    if type(value) in (list, tuple):
        inner = "".join(text(author, each, sources, stiff, dtype) + ", " for each in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    return f"float('{value}')" if isinstance(value, float) and value in (float("inf"), float("-inf")) else repr(value)


@kind(6)
def operator(author):
    name, tried = author.dice.choice(calls())
    sample = author.dice.choice(tried)
    if any(each.kind == "ends" or each.dtype.startswith("complex") for each in sample.arrays()):
        return
    dtype = author.dice.choice(author.precisions)
    sources, stiff = [], any(word in name for word in ILL_CONDITIONED)
    arguments = [text(author, each, sources, stiff, dtype) for each in sample.args]
    arguments += [f"{key}={text(author, each, sources, stiff, dtype)}" for key, each in sample.kwargs.items()]
    made = author.name().replace("t", "r")       # how often torch writes into a result that it makes is its own affair
    author.emit(f"{made} = {name}({', '.join(arguments)})")
    number = f"torch.tanh(sum((torch.view_as_real(one) if one.is_complex() else one).double().sum() for one in ({made} if " \
             f"isinstance({made}, (tuple, list)) else ({made},)) if isinstance(one, torch.Tensor)) * torch.tensor(0.01)).to(torch.{dtype})"
    tracked = author.tracking and any(one.tracked for one in sources) and dtype in FLOATS
    author.add(number, author.fresh(()), dtype, Memory(1.0, 0.0), tracked, inputs=sources)
