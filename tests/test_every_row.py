"""The table of operators is the list of these tests: a new row is tested with no test written.

Each row, and each composite that `samples` has lines for, is called in both worlds and compared: values, dtype, shape, memory
order, gradients and the name of `grad_fn`, the in-place twin, `out=`, and the type of exceptions. What a row says of
itself (its line, what is saved, its sentence) is held against torch as well.
"""

import collections
import functools
import importlib
import itertools
import operator

import pytest

import facade
from facade.core.ops import expose  # noqa: F401  (fills the tables)
from facade.core.ops.composites import COMPOSITES
from facade.core.ops.schema import parse
from facade.core.ops.table import TABLE as ROWS
from tests import oracle, samples
from tests.observations import describe, first_difference, observe
from tests.worlds import refusal

pytestmark = pytest.mark.skipif(not oracle.HAVE_TORCH, reason="the oracle of these tests is torch itself")

PREFIXES = {"linalg": "linalg_", "special": "special_", "fft": "fft_"}


# ---------------------------------------------------------------- what is tested
def identities(rows):
    """A name for each row as pytest shows it: namespace, name, overload."""
    names = {}
    for row in rows:
        name = ".".join(filter(None, (samples.qualified(row), row.schema.overload)))
        names[name if name not in names else f"{name}.again"] = row
    return names


PUBLIC = identities([row for row in ROWS if row.at])
LINED = {name: composite for composite in COMPOSITES for place in composite.at[:1]
         if (name := composite.name if place in ("torch", "Tensor") else f"{place}.{composite.name}") in samples.TABLE}
each_row = pytest.mark.parametrize("row", PUBLIC.values(), ids=PUBLIC)
DIFFERENTIABLE = {name: row for name, row in PUBLIC.items() if row.differentiable}
each_differentiable_row = pytest.mark.parametrize("row", DIFFERENTIABLE.values(), ids=DIFFERENTIABLE)
each_composite = pytest.mark.parametrize("name", LINED)


def place_of(row):
    """The namespace that the row is called in: torch's own before Tensor's."""
    return next((place for place in row.at if place != "Tensor"), "Tensor")


def function_of(torch, place, name):
    """The function of this name in a namespace, or the method."""
    if place == "torch":
        return getattr(torch, name)
    if place == "Tensor":
        return getattr(torch.Tensor, name)
    importlib.import_module(f"{torch.__name__}.{place}")
    return operator.attrgetter(f"{place}.{name}")(torch)


# ---------------------------------------------------------------- programs
def tensors_in(result, torch):
    """The tensors among results, in order."""
    if isinstance(result, torch.Tensor):
        return [result]
    return [each for item in result for each in tensors_in(item, torch)] if isinstance(result, (tuple, list)) else []


def weighted_sum(tensors, torch):
    """A scalar that every differentiable element has its own weight in."""
    total = 0
    for tensor in tensors:
        if tensor.requires_grad:
            real = torch.view_as_real(tensor) if tensor.is_complex() else tensor
            weights = torch.arange(real.numel(), dtype=real.dtype).reshape(real.shape)
            total = total + (real * (weights * 0.3 + 0.7)).sum()
    return total


def gradients_of(tensors):
    """Each tensor's gradient, or None, as an ordinary tensor (torch has one of zeros that cannot be looked at)."""
    return [None if tensor.grad is None else tensor.grad + 0 for tensor in tensors]


def values(torch, place, name, sample, ordered=True):
    """The results, and (where the order in memory is promised) whether each is contiguous."""
    args, kwargs, _ = sample.make(torch)
    result = function_of(torch, place, name)(*args, **kwargs)
    yield result
    yield [tensor.is_contiguous() for tensor in tensors_in(result, torch) if ordered]


def gradients(torch, place, name, sample):
    """The gradients of a weighted sum of the results, in double precision, and each result's history."""
    args, kwargs, made = sample.make(torch, track=True)
    results = tensors_in(function_of(torch, place, name)(*args, **kwargs), torch)
    total = weighted_sum(results, torch)
    yield [result.grad_fn and type(result.grad_fn).__name__ for result in results]
    if isinstance(total, torch.Tensor):
        total.backward()
        yield gradients_of(made)


def in_place(torch, place, name, sample):
    """What the first argument becomes."""
    args, kwargs, _ = sample.make(torch)
    target = args[0].clone() if hasattr(args[0], "clone") else args[0]
    result = getattr(target, f"{name}_")(*args[1:], **kwargs)
    yield result is target
    yield target


def in_place_gradients(torch, place, name, sample):
    """The gradients through a write to a copy."""
    args, kwargs, made = sample.make(torch, track=True)
    target = args[0].clone()
    getattr(target, f"{name}_")(*args[1:], **kwargs)
    yield target.grad_fn and type(target.grad_fn).__name__
    if target.requires_grad:
        weighted_sum([target], torch).backward()
        yield gradients_of(made)


def with_out(torch, place, name, sample, dtypes):
    """What tensors given as `out` become."""
    args, kwargs, _ = sample.make(torch)
    outs = tuple(torch.empty(0, dtype=getattr(torch, dtype)) for dtype in dtypes)
    result = function_of(torch, place, name)(*args, **kwargs, out=outs if len(outs) > 1 else outs[0])
    yield outs
    yield result is outs[0] if len(outs) == 1 else len(result)


def replaced(value, by):
    """Arguments with other tensors; by: what stands for which, by identity."""
    if type(value) in (list, tuple):
        return type(value)(replaced(each, by) for each in value)
    return {name: replaced(each, by) for name, each in value.items()} if isinstance(value, dict) else by.get(id(value), value)


def derivatives(torch, place, name, sample):
    """Whether the first and the second derivative stand against differences of the function itself."""
    args, kwargs, made = sample.make(torch, track=True)
    tracked = [each for each in made if each.requires_grad]
    importlib.import_module(f"{torch.__name__}.autograd.gradcheck")

    def run(*tensors):
        by = dict(zip(map(id, tracked), tensors))
        results = tensors_in(function_of(torch, place, name)(*replaced(args, by), **replaced(kwargs, by)), torch)
        return tuple(each for each in results if each.is_floating_point() or each.is_complex())
    if not run(*tracked):
        return
    torch.manual_seed(0)
    for check in torch.autograd.gradcheck, torch.autograd.gradgradcheck:
        yield check.__name__, type(refusal(lambda: check(run, tracked, check_batched_grad=False, check_undefined_grad=False))).__name__


def writes(torch, place, name, sample):
    """Which of the arguments and results are needed in the backward pass: a write to them since is an error."""
    count = 1
    for written in itertools.count():
        if written == count:
            return
        args, kwargs, made = sample.make(torch, track=True)
        copies = {id(each): each * 1 for each in made}
        results = tensors_in(function_of(torch, place, name)(*replaced(args, copies), **replaced(kwargs, copies)), torch)
        told = [*copies.values(), *results]
        count = len(told)
        total = weighted_sum(results, torch)
        with torch.no_grad():
            told[written].copy_(told[written].clone())
        yield written, isinstance(total, torch.Tensor) and refusal(total.backward) is not None


# ---------------------------------------------------------------- judging
def disagreement(program, place, name, sample, **options):
    """Where the worlds part on one sample, in words, or None; of an error only the type is compared."""
    arguments = {"place": place, "name": name, "sample": sample} | options
    expected = observe(program, oracle.torch, **arguments)
    actual = observe(program, facade, **arguments)
    if expected["error"]:
        if actual["error"] and actual["error"]["error"] == expected["error"]["error"]:
            return None
        return f"expected {describe(expected['error'])}, actual {describe(actual['error'] or actual['shown'])}"
    if actual["error"]:
        return f"raised {describe(actual['error'])}"
    return first_difference(expected["shown"], actual["shown"])


def judge(program, place, name, tried, **options):
    """Fail with the first few samples on which the worlds disagree."""
    found = [(sample, difference) for sample in tried if (difference := disagreement(program, place, name, sample, **options))]
    if found:
        lines = [f"{program.__name__}: {place}.{name}{sample!r}\n{difference}" for sample, difference in found[:6]]
        pytest.fail("\n".join([f"{len(found)} of {len(tried)} samples differ", *lines]), pytrace=False)


@functools.cache
def works(program, place, name, index, row):
    """Whether torch itself runs the program on this sample of the row."""
    return observe(program, oracle.torch, place=place, name=name, sample=samples.row_samples(row)[index])["error"] is None


def working(program, place, row):
    """The samples of a row on which torch runs the program."""
    tried = samples.row_samples(row)
    return [sample for index, sample in enumerate(tried) if works(program, place, row.name, index, row)]


def smooth(tried):
    """The samples of floating-point numbers alone, which gradients are compared on: a few."""
    return [sample for sample in tried if not any(array.kind == "ends" for array in sample.arrays())
            and any(array.dtype.startswith("float") for array in sample.arrays())][:5]


# ---------------------------------------------------------------- the tests
@each_row
def test_values(row):
    place = place_of(row)
    tried = samples.row_samples(row)
    assert working(values, place, row), f"torch refuses every sample of {row}: give it lines in samples.txt"
    judge(values, place, row.name, tried, ordered=row.kind.pointwise)
    for other in row.at:
        if other != place:
            judge(values, other, row.name, tried[:1], ordered=row.kind.pointwise)


@each_differentiable_row
def test_gradients(row):
    place = place_of(row)
    judge(gradients, place, row.name, smooth(working(values, place, row)))


@each_differentiable_row
def test_what_is_saved(row):
    place = place_of(row)
    judge(writes, place, row.name, smooth(working(values, place, row))[:1])


@pytest.mark.sweep
@each_differentiable_row
def test_derivatives(row):
    place = place_of(row)
    judge(derivatives, place, row.name, smooth(working(values, place, row))[:1])


@pytest.mark.parametrize("row", [row for row in PUBLIC.values() if row.inplace and "Tensor" in row.at],
                         ids=[name for name, row in PUBLIC.items() if row.inplace and "Tensor" in row.at])
def test_in_place(row):
    assert hasattr(oracle.torch.Tensor, f"{row.name}_"), f"torch has no {row.name}_"
    tried = samples.row_samples(row)
    judge(in_place, "Tensor", row.name, tried)
    if row.differentiable:
        judge(in_place_gradients, "Tensor", row.name, smooth(working(in_place_gradients, "Tensor", row))[:3])


@pytest.mark.parametrize("row", [row for row in PUBLIC.values() if row.out and place_of(row) != "Tensor"],
                         ids=[name for name, row in PUBLIC.items() if row.out and place_of(row) != "Tensor"])
def test_out(row):
    place = place_of(row)
    tried = working(values, place, row)[:1]
    for sample in tried:
        args, kwargs, _ = sample.make(oracle.torch)
        results = tensors_in(function_of(oracle.torch, place, row.name)(*args, **kwargs), oracle.torch)
        dtypes = tuple(str(result.dtype).split(".")[-1] for result in results)
        if observe(with_out, oracle.torch, place=place, name=row.name, sample=sample, dtypes=dtypes)["error"] is None:
            judge(with_out, place, row.name, [sample], dtypes=dtypes)


@each_composite
def test_composite(name):
    place = LINED[name].at[0]
    tried = samples.TABLE[name]
    ordered = LINED[name].function.__module__.endswith(".views")
    judge(values, place, LINED[name].name, tried + samples.tensor_samples(tried[0], False, True), ordered=ordered)
    judge(gradients, place, LINED[name].name, smooth(tried))


# ---------------------------------------------------------------- what a row says of itself
@functools.cache
def torch_schemas():
    """torch's own signatures: (name, overload) -> Schema, those that can be parsed."""
    found = {}
    for schema in oracle.torch._C._jit_get_all_schemas():
        text = str(schema).removeprefix("aten::")
        try:
            parsed = parse(text)
        except ValueError:
            continue
        if schema.name.startswith("aten::"):
            found[parsed.name, parsed.overload] = parsed
    return found


def shape_of_schema(schema):
    """What two spellings of one signature have in common."""
    return [(param.name, param.type.replace("SymInt", "int"), param.is_list, param.optional, repr(param.default), param.required, param.keyword)
            for param in schema.params], len(schema.results)


@each_row
def test_line_is_torchs(row):
    place = place_of(row)
    own = torch_schemas().get((PREFIXES.get(place, "") + row.name, row.schema.overload))
    if own is None or place == "nn.functional":
        pytest.skip("torch has no such schema")
    mine, theirs = shape_of_schema(row.schema), shape_of_schema(own)
    assert mine == theirs, f"the row  {row.schema.line}\ntorch has {own.line}"


def test_a_composite_has_one_home():
    homes = collections.Counter((composite.name, place) for composite in COMPOSITES for place in composite.at)
    assert [home for home, count in homes.items() if count > 1] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.schema.line.split(" -> ")[0])
def test_doc_is_one_sentence(row):
    assert row.doc == row.doc.strip() and not row.doc.endswith(".") and "\n" not in row.doc and ". " not in row.doc and row.doc


# ---------------------------------------------------------------- the checker can fail
def toy(torch, place, name, sample):
    """A program in which the worlds differ as `name` says."""
    foreign = torch is not oracle.torch
    if name == "error" and foreign:
        raise ValueError("no")
    if name == "kind":
        raise (ValueError if foreign else TypeError)("no")
    yield torch.tensor([1.0 + (name == "value" and foreign)])


@pytest.mark.parametrize("name", ["error", "kind", "value"])
def test_a_disagreement_is_found(name):
    with pytest.raises(pytest.fail.Exception, match="1 of 1 samples differ"):
        judge(toy, "torch", name, [samples.Sample((), {})])
    judge(toy, "torch", "none", [samples.Sample((), {})])
