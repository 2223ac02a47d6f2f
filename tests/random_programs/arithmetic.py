"""Kinds of statement that make tensors and compute with them."""

import numpy as np

from tests.random_programs.model import FLOATS, LARGEST, Memory, broadcast, exact, floating, kind, promoted


def literal(author, shape, dtype):
    """The text of nested lists of random values."""
    if not shape:
        return str({"bool": author.chance(0.5), "int64": author.dice.randrange(-4, 5)}.get(dtype, author.quarter()))
    return "[" + ", ".join(literal(author, shape[1:], dtype) for _ in range(shape[0])) + "]"


@kind(8)
def creation(author):
    shape, dtype = author.shape(), author.dice.choices((author.dice.choice(author.precisions), "int64", "bool"), (12, 2, 1))[0]
    tracked = dtype in FLOATS and author.chance(0.8)
    suffix = f", dtype=torch.{dtype}" + (", requires_grad=True" if tracked else "")
    makers = [f"torch.tensor({literal(author, shape, dtype)}{suffix})"] * 4
    makers += [f"torch.zeros({shape}{suffix})", f"torch.ones({shape}{suffix})"]
    expression = makers[5] if 0 in shape else author.dice.choice(makers)
    author.add(expression, author.fresh(shape), dtype, Memory(4.0, 0.25), tracked, leaf=True)


@kind(1)
def ranges(author):
    size, columns = author.dice.randrange(5), author.dice.randrange(1, 4)
    dtype = author.dice.choice(author.precisions)
    suffix = "" if dtype == "float32" else f", dtype=torch.{dtype}"
    options = [(f"torch.arange({size})", (size,), "int64", 4), (f"torch.arange({size}.{suffix})", (size,), dtype, 4),
               (f"torch.eye({size}, {columns}{suffix})", (size, columns), dtype, 1),
               (f"torch.full(({columns}, {size}), 1.5{suffix})", (columns, size), dtype, 2)]
    expression, shape, dtype, bound = author.dice.choice(options)
    author.result(expression, shape, dtype, bound, 0.5)


@kind(1)
def like(author):
    source = author.pick()
    call = author.dice.choice(("zeros_like({})", "ones_like({})", "full_like({}, 1)"))
    author.result(f"torch.{call.format(source.name)}", source.shape, source.dtype, 1, 1)


@kind(1)
def random_numbers(author):
    shape, dtype = author.shape(), author.dice.choice(author.precisions)
    name = author.dice.choice(("rand", "randn"))
    author.result(f"torch.{name}({shape}, dtype=torch.{dtype})", shape, dtype, 6, 0)


SMOOTH = ["sin", "cos", "tanh", "sigmoid", "erf", "atan"]
SMOOTH_FORMS = ["({} * {} + 1).sqrt()", "({} * {} + 1).log()", "({} * {} + 1).reciprocal()", "torch.softmax({}, -1)"]
STEPS = ["floor", "ceil", "round", "trunc", "sign"]
KINKS = ["abs", "relu", "clamp(-1, 1)", "clamp(min=0)", "clamp(max=0.5)"]


@kind(8)
def smooth(author):
    source = author.pick(lambda one: one.dtype != "bool")
    if source is None:
        return
    dtype = source.dtype if source.floating else "float32"
    if author.chance(0.3):
        form = author.dice.choice(SMOOTH_FORMS if source.shape else SMOOTH_FORMS[:3])
        return author.result(form.format(source.name, source.name), source.shape, dtype, source.memory.bound + 1, 0, source)
    name = author.dice.choice(SMOOTH + ["exp"] * (source.memory.bound <= 4))
    expression = author.dice.choice(("torch.{1}({0})", "{0}.{1}()")).format(source.name, name)
    author.result(expression, source.shape, dtype, 60 if name == "exp" else 2, 0, source)


@kind(4)
def polynomial(author):
    source = author.pick(lambda one: one.dtype != "bool")
    if source is None:
        return
    bound, quantum = source.memory.bound, source.memory.quantum
    options = [(f"-{source.name}", bound, quantum), (f"{source.name}.square()", bound**2, quantum**2),
               (f"{source.name} ** 2", bound**2, quantum**2), (f"{source.name} ** 3", bound**3, quantum**3),
               (f"{source.name}.clone()", bound, quantum), (f"torch.neg({source.name})", bound, quantum)]
    expression, bound, quantum = author.dice.choice(options)
    author.result(expression, source.shape, source.dtype, bound, quantum, source)


@kind(4)
def kinked(author):
    source = author.pick(floating, exact)
    if source:
        step = author.chance(0.3)
        name = author.dice.choice(STEPS if step else KINKS)
        expression = f"{source.name}.{name}" + ("" if name.endswith(")") else "()")
        author.result(expression, source.shape, source.dtype, source.memory.bound + 1, min(source.memory.quantum, 0.5), source)


def pair(author, *conditions):
    """Two variables, of shapes that broadcast most of the time."""
    one = author.pick(*conditions)
    if one is None:
        return None, None, None
    two = author.pick(lambda other: broadcast(one, other) is not None, *conditions)
    return one, two, broadcast(one, two)


@kind(12)
def binary(author):
    one, two, shape = pair(author, lambda one: one.dtype != "bool")
    if one is None:
        return
    a, b, quantum = one.memory, two.memory, min(one.memory.quantum, two.memory.quantum)
    options = [("{} + {}", a.bound + b.bound, quantum), ("{} - {}", a.bound + b.bound, quantum),
               ("{} * {}", a.bound * b.bound, a.quantum * b.quantum), ("torch.mul({}, {})", a.bound * b.bound, a.quantum * b.quantum),
               ("torch.add({}, {}, alpha=2)", a.bound + 2 * b.bound, quantum), ("{0} / ({1} * {1} + 1)", a.bound, 0)]
    if a.exact and b.exact:
        options += [("torch.maximum({}, {})", a.bound + b.bound, quantum), ("torch.minimum({}, {})", a.bound + b.bound, quantum)]
    form, bound, quantum = author.dice.choice(options)
    dtype = promoted(*weakened(one, two))
    dtype = "float32" if "/" in form and dtype == "int64" else dtype
    author.result(form.format(one.name, two.name), shape, dtype, bound, quantum, one, two)


def weakened(one, two):
    """The dtypes that take part in promotion: a tensor without dimensions counts only for its category."""
    if bool(one.shape) != bool(two.shape):
        wide, scalar = (one, two) if one.shape else (two, one)
        if wide.floating or not scalar.floating:
            return wide.dtype, wide.dtype if wide.dtype != "bool" else scalar.dtype
    return one.dtype, two.dtype


@kind(6)
def with_scalar(author):
    source = author.pick(lambda one: one.dtype != "bool" or author.chance(0.3))
    if source is None:
        return
    number = author.nonzero() if author.chance(0.6) else author.dice.choice((-2, 1, 2, 3))
    form, factor = author.dice.choice((("{} + {}", 1), ("{} * {}", 3), ("{1} - {0}", 1), ("{1} * {0}", 3), ("{} / {}", 2), ("{} - {}", 1)))
    bound, quantum = factor * source.memory.bound + 3, source.memory.quantum / 2 if "/" not in form else 0
    number_type = "float32" if isinstance(number, float) or "/" in form else "int64"
    dtype = source.dtype if source.floating else promoted(source.dtype, number_type)
    author.result(form.format(source.name, number), source.shape, dtype, bound, min(quantum, 0.25), source)


@kind(3)
def comparison(author):
    one, two, shape = pair(author, exact)
    if one is None:
        return
    operator = author.dice.choice(("<", "<=", ">", ">=", "==", "!="))
    if author.chance(0.5):
        return author.result(f"{one.name} {operator} {author.quarter()}", one.shape, "bool", 1, 1)
    author.result(f"{one.name} {operator} {two.name}", shape, "bool", 1, 1)


@kind(1)
def logic(author):
    one, two, shape = pair(author, lambda one: one.dtype == "bool")
    if one:
        form = author.dice.choice(("{} & {}", "{} | {}", "{} ^ {}", "~{}", "{}.logical_not()"))
        author.result(form.format(one.name, two.name), shape if "} " in form else one.shape, "bool", 1, 1)


@kind(3)
def where(author):
    mask = author.pick(lambda one: one.dtype == "bool")
    one, two, shape = pair(author, floating)
    if mask is None or one is None or one.dtype != two.dtype:
        return
    try:
        shape = np.broadcast_shapes(mask.shape, shape)
    except ValueError:
        return
    bound, quantum = max(one.memory.bound, two.memory.bound), min(one.memory.quantum, two.memory.quantum)
    author.result(f"torch.where({mask.name}, {one.name}, {two.name})", shape, one.dtype, bound, quantum, one, two)


@kind(1)
def casting(author):
    source = author.pick()
    if source.floating and not source.memory.exact:
        target = author.dice.choice(FLOATS)
    else:
        target = author.dice.choice(("float32", "float64", "int64", "bool"))
    if target == source.dtype:
        return
    call = author.dice.choice((f"to(torch.{target})", {"float32": "float()", "float64": "double()", "int64": "long()", "bool": "bool()"}[target]))
    author.result(f"{source.name}.{call}", source.shape, target, source.memory.bound, source.memory.quantum, source)


def reduced(shape, dims, keepdim):
    dims = {dim % len(shape) for dim in dims}
    return tuple(1 if dim in dims else size for dim, size in enumerate(shape) if keepdim or dim not in dims)


@kind(6)
def reduction(author):
    source = author.pick(lambda one: one.dtype != "bool" and one.cells.size)
    if source is None:
        return
    names = ["sum", "sum"] + ["mean", "logsumexp", "var"] * source.floating + ["amax", "amin"] * source.memory.exact
    names += ["prod"] * (source.memory.bound ** source.cells.size < LARGEST)
    name, bound, quantum = author.dice.choice(names), source.memory.bound, source.memory.quantum
    dims = author.dice.sample(range(len(source.shape)), author.dice.randrange(len(source.shape) + 1))
    dims = dims[:1] if name == "prod" else dims or ([-1] if name == "logsumexp" and source.shape else [])
    if name == "logsumexp" and not dims:
        return
    keepdim = bool(dims) and author.chance(0.3)
    shape = reduced(source.shape, dims, keepdim) if dims else ()
    count = source.cells.size / max(1, int(np.prod(shape)))
    if name == "var" and count < 2:
        return
    where = str(dims[0] if len(dims) == 1 else tuple(dims)) + (", keepdim=True" if keepdim else "") if dims else ""
    quantum = {"sum": quantum, "amax": quantum, "amin": quantum, "prod": quantum**count}.get(name, 0)
    bound = {"sum": bound * count, "prod": bound**count, "var": 4 * bound**2, "logsumexp": bound + 3}.get(name, bound)
    author.result(f"{source.name}.{name}({where})", shape, source.dtype, bound, quantum, source)


@kind(1)
def cumulative(author):
    source = author.pick(lambda one: one.shape and one.dtype != "bool")
    if source:
        bound = source.memory.bound * max(source.shape)
        author.result(f"{source.name}.cumsum({author.dim(source)})", source.shape, source.dtype, bound, source.memory.quantum, source)


@kind(1)
def search(author):
    source = author.pick(exact, lambda one: one.shape and one.cells.size and one.dtype != "bool")
    if source:
        dim = author.dim(source)
        name, dtype, tracked = author.dice.choice((("any", "bool", ()), ("all", "bool", ()), ("count_nonzero", "int64", ())))
        author.result(f"{source.name}.{name}({dim})", reduced(source.shape, [dim], False), dtype, 4, 1, *tracked)


@kind(6)
def product(author):
    one = author.pick(floating, lambda one: 0 < len(one.shape) < 3)
    two = one and author.pick(lambda other: other.dtype == one.dtype and 0 < len(other.shape) < 3)
    if not two:
        return
    transposed = one.shape[-1] != (two.shape[0] if len(two.shape) == 1 else two.shape[-2])
    right = f"{two.name}.t()" if transposed else two.name
    cells = two.cells.T if transposed else two.cells
    if one.shape[-1] != cells.shape[0]:
        return
    shape = np.matmul(one.cells, cells).shape
    quantum, bound = one.memory.quantum * two.memory.quantum, one.memory.bound * two.memory.bound * one.shape[-1]
    form = author.dice.choice(("{} @ {}", "torch.matmul({}, {})") + (("torch.mm({}, {})",) if len(one.shape) == cells.ndim == 2 else ()))
    if 1 in (len(one.shape), cells.ndim):
        form = f"({form}).clone()"      # torch counts its own write into the product of a vector and a matrix
    author.result(form.format(one.name, right), shape, one.dtype, bound, quantum, one, two)


@kind(3)
def joining(author):
    one = author.pick(lambda one: one.shape)
    if one is None:
        return
    two = author.pick(lambda other: other.shape == one.shape)
    stack = author.chance(0.4)
    dim = author.dim(one, spare=int(stack))
    shape = (np.stack if stack else np.concatenate)([one.cells, two.cells], dim).shape
    bound, quantum = max(one.memory.bound, two.memory.bound), min(one.memory.quantum, two.memory.quantum)
    call = f"torch.{'stack' if stack else 'cat'}([{one.name}, {two.name}], {dim})"
    author.result(call, shape, promoted(one.dtype, two.dtype), bound, quantum, one, two)
