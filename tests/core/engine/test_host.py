"""The NumPy evaluation of jaxprs against ``jax.jit``: value, shape and dtype, of functions and of their derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from facade.core.engine import host

SINGLE = ("float32",)
FLOATS = ("float32", "float64")
EVERY_FLOAT = ("float32", "float64", "bfloat16", "float16")
QUICK = {"xla_backend_optimization_level": 0}
INTEGERS = ("int64", "int32", "uint8")
NUMBERS = ("float32", "int64", "complex64")


def sample(shape, dtype, seed=0):
    """Normal numbers; small integers, some of them equal; booleans."""
    numbers = np.random.default_rng(seed).normal(size=shape) * 2
    if jnp.issubdtype(jnp.dtype(dtype), jnp.complexfloating):
        return (numbers + 1j * sample(shape, "float64", seed + 1)).astype(dtype)
    if jnp.issubdtype(jnp.dtype(dtype), jnp.integer):
        return np.rint(numbers * 3).astype("int64").astype(dtype)
    return (numbers > 0) if dtype == "bool" else numbers.astype(jnp.dtype(dtype))


def differs(actual, expected):
    """Why two arrays do not agree, or ``None``; floats agree within 100 roundings of the largest number near them."""
    if (type(actual), actual.shape, actual.dtype) != (np.ndarray, expected.shape, expected.dtype):
        return f"{type(actual)} {actual.shape} {actual.dtype} for {expected.shape} {expected.dtype}"
    if not jnp.issubdtype(expected.dtype, jnp.inexact):
        return None if np.array_equal(actual, expected) else f"{actual} for {expected}"
    precision = 100 * float(jnp.finfo(expected.dtype).eps) if expected.dtype.itemsize > 2 else 0.03
    widest = np.complex128 if jnp.issubdtype(expected.dtype, jnp.complexfloating) else np.float64
    close = np.allclose(actual.astype(widest), expected.astype(widest), precision, precision, equal_nan=True)
    return None if close else f"{actual} for {expected}"


def disagreements(function, *arguments):
    """All that differs between ``host.evaluate`` and ``jax.jit`` on a function."""
    with jax.enable_x64(True):
        jaxpr = jax.make_jaxpr(function)(*arguments)
        expected = [np.asarray(leaf) for leaf in jax.tree.leaves(jax.jit(function, compiler_options=QUICK)(*arguments))]
    before = [argument.tobytes() for argument in arguments]
    actual = host.evaluate(jaxpr, list(arguments))
    assert before == [argument.tobytes() for argument in arguments]
    assert len(actual) == len(expected)
    return [reason for reason in map(differs, actual, expected) if reason]


def with_pullback(function):
    """The function's results and their derivatives by those arguments that have one."""

    def both(*arguments):
        places = [place for place, array in enumerate(arguments) if jnp.issubdtype(array.dtype, jnp.inexact)]

        def of_floats(*floats):
            filled = dict(zip(places, floats))
            return function(*[filled.get(place, array) for place, array in enumerate(arguments)])

        results, pullback = jax.vjp(of_floats, *[arguments[place] for place in places])
        return results, pullback(jax.tree.map(cotangent, results))

    return both


def cotangent(array):
    if not jnp.issubdtype(array.dtype, jnp.inexact):
        return np.zeros(array.shape, jax.dtypes.float0)
    return jnp.cos(jnp.arange(array.size).reshape(array.shape)).astype(array.dtype)


def layer_norm(array, weight):
    mean = array.mean(-1, keepdims=True)
    return (array - mean) * lax.rsqrt(array.var(-1, keepdims=True) + 1e-5) * weight


def attention(query):
    scores = jnp.einsum("bid,bjd->bij", query, query) / 2
    masked = jnp.where(jnp.tril(jnp.ones(scores.shape[1:], bool)), scores, -jnp.inf)
    return jnp.einsum("bij,bjd->bid", jax.nn.softmax(masked), query)


def recurrence(inputs, weight):
    def step(state, item):
        state = jnp.tanh(item + state @ weight)
        return state, state.sum()

    return lax.scan(step, jnp.zeros(inputs.shape[1:], inputs.dtype), inputs, reverse=True)


def convolution(images, kernel):
    return lax.conv_general_dilated(images[None, None], kernel[None, None], (1, 1), "SAME")


def collatz(array):
    start = jnp.abs(array.ravel()[0]).astype(int) + 1
    return lax.while_loop(lambda s: s[0] > 1, lambda s: (jnp.where(s[0] % 2, 3 * s[0] + 1, s[0] // 2), s[1] + 1), (start, 0))


def each_its_own_number_of_times(array):
    """A loop whose condition is one for each row of a batch."""
    loop = jax.vmap(lambda n: lax.while_loop(lambda c: c[0] < n, lambda c: (c[0] + 1, c[1] * 2 + jnp.arange(2)), (0, jnp.ones(2)))[1])
    return loop(jnp.abs(array.ravel()).astype(int) % 5)


square = sample((4, 4), "float32", 3)
indices = np.array([[0, 2, -1], [1, 1, 3]])
wild = np.array([0, 9, -9, 1])

DIFFERENTIABLE = {
    "softmax": (jax.nn.softmax, EVERY_FLOAT),
    "log_softmax": (jax.nn.log_softmax, SINGLE),
    "logsumexp": (lambda x: jax.nn.logsumexp(x, 0), SINGLE),
    "layer_norm": (lambda x: layer_norm(x, x[0]), EVERY_FLOAT),
    "variance": (lambda x: (x.var(0), x.std(1, ddof=1)), FLOATS),
    "gelu": (lambda x: jax.nn.gelu(x, approximate=False), EVERY_FLOAT),
    "activations": (lambda x: (jax.nn.gelu(x), jax.nn.silu(x), jax.nn.softplus(x), jax.nn.elu(x), jax.nn.relu(x)), EVERY_FLOAT),
    "matmul chain": (lambda x: jnp.tanh(x @ x.T @ x / 40), (*EVERY_FLOAT, "complex64")),
    "batched einsum": (lambda x: jnp.einsum("ijk,ljk->jil", x.reshape(2, 2, 4), x.reshape(2, 2, 4)), NUMBERS),
    "outer and inner": (lambda x: (jnp.outer(x, x), jnp.vdot(x, x), x[0] @ x.T), NUMBERS),
    "attention": (lambda x: attention(x.reshape(2, 2, 4)), SINGLE),
    "where": (lambda x: jnp.where(x > 0, x * 2, jnp.sqrt(jnp.abs(x))), EVERY_FLOAT),
    "sort": (lambda x: jnp.sort(x, 0), EVERY_FLOAT),
    "top_k": (lambda x: lax.top_k(x, 3), EVERY_FLOAT),
    "max and min": (lambda x: (x.max(1), x.min(0), x.max(), jnp.maximum(x, x[0])), EVERY_FLOAT),
    "products": (lambda x: (x.prod(1), jnp.cumprod(x, 0)), SINGLE),
    "cumulative": (lambda x: (jnp.cumsum(x, 1), lax.cumsum(x, 0, reverse=True), lax.cummax(x, 1)), EVERY_FLOAT),
    "cumlogsumexp": (lambda x: lax.cumlogsumexp(x, 1), SINGLE),
    "take": (lambda x: jnp.take(x, indices, 0), EVERY_FLOAT),
    "take_along_axis": (lambda x: jnp.take_along_axis(x, jnp.argsort(x, 1), 1), SINGLE),
    "take out of range": (lambda x: jnp.take(x, wild, 0, mode="fill"), SINGLE),
    "one index": (lambda x: x[2], SINGLE),
    "a slice": (lambda x: x[1:3, ::-2], SINGLE),
    "index arrays": (lambda x: x[indices, indices], SINGLE),
    "index and slice": (lambda x: x[:, indices, None][1:], SINGLE),
    "set": (lambda x: x.at[np.array([0, 2])].set(x[1]), SINGLE),
    "add": (lambda x: x.at[indices].add(x[:3]), EVERY_FLOAT),
    "add out of range": (lambda x: (x.at[wild].add(x), x.at[9, 1].set(5), x.at[1, 1].set(x[2, 2])), SINGLE),
    "multiply and maximum": (lambda x: (x.at[np.array([0, 1])].multiply(2), x.at[:, 1].max(0)), SINGLE),
    "dynamic slice": (lambda x: lax.dynamic_slice(x, (jnp.int32(3), jnp.int32(-9)), (2, 3)), SINGLE),
    "dynamic update": (lambda x: lax.dynamic_update_slice(x, x[:2] * 2, (3, 1)), SINGLE),
    "vmapped gather": (lambda x: jax.vmap(lambda row, i: row[i])(x, indices[:, :2].repeat(2, 0)), SINGLE),
    "vmapped scatter": (lambda x: jax.vmap(lambda row, i: row.at[i].add(1.5))(x, indices.repeat(2, 0)), SINGLE),
    "pad": (lambda x: lax.pad(x, x[0, 0], ((2, -1, 1), (-2, 3, 2))), SINGLE),
    "concatenate": (lambda x: jnp.concatenate([x, x[:, :1]], 1), EVERY_FLOAT),
    "split and stack": (lambda x: jnp.stack(jnp.split(x, 2, 1)), SINGLE),
    "roll and tile": (lambda x: (jnp.roll(x, 1, 0), jnp.tile(x, (2, 1)), jnp.flip(x), jnp.repeat(x, 2, 1)), SINGLE),
    "broadcast": (lambda x: jnp.broadcast_to(x[:, None], (4, 500, 4)) * x[0], SINGLE),
    "scan": (lambda x: recurrence(x, x), SINGLE),
    "map": (lambda x: lax.map(lambda row: row.sum() * row, x), SINGLE),
    "fori_loop": (lambda x: lax.fori_loop(0, 3, lambda i, y: y * x + i, x), SINGLE),
    "cond": (lambda x: lax.cond(x[0, 0] > 0, lambda y: y * 2, jnp.sin, x), SINGLE),
    "switch": (lambda x: lax.switch(7, [jnp.sin, jnp.cos, jnp.tanh], x), SINGLE),
    "checkpoint": (jax.checkpoint(lambda x: jnp.sin(jnp.exp(x) * x)), SINGLE),
    "powers": (lambda x: (x**2, x**3, x**-2, jnp.abs(x) ** 0.5, jnp.abs(x) ** x, x**0), EVERY_FLOAT),
    "exponential": (lambda x: (jnp.exp(x), jnp.expm1(x), jnp.log1p(jnp.abs(x)), jnp.log(x), jnp.exp2(x)), (*EVERY_FLOAT, "complex64")),
    "trigonometric": (lambda x: (jnp.sin(x), jnp.tan(x), jnp.arctan(x), jnp.cosh(x), jnp.arcsinh(x)), (*FLOATS, "complex64")),
    "two arguments": (lambda x: (jnp.arctan2(x, x[0]), jnp.hypot(x, x[1]), jnp.logaddexp(x, x[2])), SINGLE),
    "remainders": (lambda x: (lax.rem(x, x[:1] + 0 * x), jnp.mod(x, 0.7)), FLOATS),
    "special": (lambda x: (lax.erf(x), lax.erfc(x), lax.lgamma(x), lax.rsqrt(x), lax.cbrt(x), lax.logistic(x)), FLOATS),
    "fallbacks": (lambda x: jnp.linalg.eigvalsh(x @ x.T), SINGLE),
    "convolution": (lambda x: convolution(x, x[:2, :2]), SINGLE),
    "max pool": (lambda x: lax.reduce_window(x, -np.inf, lax.max, (2, 2), (2, 2), "VALID"), SINGLE),
    "cholesky": (lambda x: jnp.linalg.cholesky(x @ x.T + 5 * jnp.eye(4)), SINGLE),
    "complex parts": (lambda x: (lax.complex(x, x * 2), jnp.abs(x + 1j)), SINGLE),
    "parts of complex": (lambda x: (x.real, x.imag, jnp.conj(x), jnp.abs(x), x.T), ("complex64",)),
    "casts": (lambda x: x.astype("float64").astype("bfloat16").astype("float32"), EVERY_FLOAT),
    "reduce_precision": (lambda x: lax.reduce_precision(x, 8, 7), SINGLE),
}

PLAIN = {
    "rounding": (lambda x: (jnp.floor(x), jnp.ceil(x), jnp.round(x), jnp.sign(x), jnp.trunc(x)), EVERY_FLOAT),
    "halves": (lambda x: [lax.round(jnp.round(x) + 0.5, method) for method in lax.RoundingMethod], EVERY_FLOAT),
    "nextafter": (lambda x: (lax.nextafter(x, x[0] + 0 * x), lax.is_finite(x)), FLOATS),
    "comparison": (lambda x: (x == x[0], x < x[1], x >= x[2], x != 0), ("float32", "bfloat16", "int64", "uint8", "bool")),
    "logic": (lambda x: (x & x[0], x | x[1], x ^ x[2], ~x), (*INTEGERS, "bool")),
    "any and all": (lambda x: (x.any(0), x.all(1), x.sum(0), jnp.argmax(x)), ("bool", "float32")),
    "argmax": (lambda x: (x.argmax(1), x.argmin(0), x.argmax()), (*EVERY_FLOAT, *INTEGERS)),
    "argsort": (lambda x: (jnp.argsort(x, 0), jnp.argsort(x, descending=True), jnp.lexsort((x[0], x[1]))), (*EVERY_FLOAT, *INTEGERS)),
    "unstable sorts": (lambda x: (lax.sort((x, -x, x[:1] + x), num_keys=2), lax.top_k(x, 2)), INTEGERS),
    "integer arithmetic": (lambda x: (x + x, x * x, x - x[0], -x, x // 3, x % 3, x**3, abs(x)), INTEGERS),
    "integer division": (lambda x: (lax.div(x, x[:1] + 0 * x), lax.rem(x, x[1:2] + 0 * x)), INTEGERS),
    "integer reductions": (lambda x: (x.sum(1), x.prod(0), x.max(), x.min(1), jnp.cumsum(x, 1), x.mean()), INTEGERS),
    "integer matmul": (lambda x: (x @ x, lax.dot(x, x, preferred_element_type=x.dtype)), (*INTEGERS, "bool")),
    "wide matmul": (lambda x: lax.dot(x, x, preferred_element_type=jnp.float32), ("bfloat16", "float16")),
    "shifts": (lambda x: (x << 2, x >> 1, lax.shift_right_logical(x, 0 * x + 3), lax.shift_left(x, 0 * x + 99)), INTEGERS),
    "bits": (lambda x: (lax.population_count(x), lax.clz(x), lax.bitcast_convert_type(x, "uint8")), INTEGERS),
    "bitcast": (lambda x: lax.bitcast_convert_type(lax.bitcast_convert_type(x, "uint16"), x.dtype), EVERY_FLOAT),
    "clamp": (lambda x: (lax.clamp(x.dtype.type(1), x, x.dtype.type(4)), jnp.clip(x, x[0], x[1])), ("float32", "int64")),
    "choose": (lambda x: lax.select_n(jnp.int32(1), x, x * 2, x * 3), NUMBERS),
    "one_hot": (lambda x: (jax.nn.one_hot(x, 5), jnp.bincount(x.ravel() % 5, length=5)), INTEGERS),
    "to integers": (lambda x: tuple((x * 1e3).astype(t) for t in ("int8", "uint8", "int32", "uint64", "bool", "float16")), EVERY_FLOAT),
    "to floats": (lambda x: tuple(x.astype(t) for t in ("float32", "bfloat16", "float8_e4m3fn", "complex64", "bool")), (*INTEGERS, "bool")),
    "float8": (lambda x: (x.astype("float8_e5m2") + x.astype("float8_e5m2"), x.astype("float8_e4m3fn").astype("float32")), SINGLE),
    "ranges": (lambda x: (jnp.arange(5) + x[0, 0], jnp.linspace(0, 1, 4) * x, jnp.eye(4) + x, jnp.tri(4) * x), NUMBERS),
    "empty": (lambda x: (x[:0].sum(0), x[:0].prod(1), x[:0] @ x, jnp.max(x[:0], 0, initial=0)), ("float32", "int64")),
    "while": (collatz, ("float32", "int64")),
    "batched while": (each_its_own_number_of_times, ("float32", "int64")),
    "nothing computed": (lambda x: (x, x, 3, x.T), NUMBERS),
    "unique": (lambda x: jnp.unique(x, size=4, fill_value=0), ("float32", "int64")),
    "searchsorted": (lambda x: jnp.searchsorted(jnp.sort(x[0]), x[1]), ("float32", "int64")),
    "random": (lambda x: jax.random.uniform(jax.random.key(0), (3,), "float32"), SINGLE),
}

ROWS = [
    pytest.param(wrap(function), dtype, id=f"{name} {dtype}")
    for cases, wrap in ((DIFFERENTIABLE, with_pullback), (PLAIN, lambda function: function))
    for name, (function, dtypes) in cases.items()
    for dtype in dtypes
]


@pytest.mark.parametrize("function, dtype", ROWS)
def test_agrees_with_jit(function, dtype):
    assert disagreements(function, sample((4, 4), dtype)) == []


SPECIAL_VALUES = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 300.7, -1.5, 1e10, -1e20, 2.5, -2.5, 3e9])


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_nan_and_infinity(dtype):
    def function(x):
        casts = [x.astype(target) for target in ("int8", "uint8", "int32", "int64", "uint64", "bool")]
        return casts, jnp.sort(x), jnp.argsort(x), lax.top_k(x, 5), x.max(), x.argmin(), lax.cummax(x), jnp.sign(x), jnp.maximum(x, 1)

    assert disagreements(function, SPECIAL_VALUES.astype(dtype)) == []


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_total_order(dtype):
    row, column = SPECIAL_VALUES.astype(dtype)[None] + jnp.zeros((12, 1), dtype), -SPECIAL_VALUES.astype(dtype)[:, None]
    arrays = np.asarray(row), np.ascontiguousarray(np.broadcast_to(column, row.shape))
    assert disagreements(lambda x, y: (lax.lt_to_p.bind(x, y), lax.le_to_p.bind(x, y)), *arrays) == []


def test_integer_division_by_zero_and_overflow():
    dividends, divisors = np.array([7, -7, 0, -(2**31)], np.int32), np.array([0, 2, 0, -1], np.int32)
    assert disagreements(lambda x, y: (lax.div(x, y), lax.rem(x, y)), dividends, divisors) == []


def test_the_comparison_can_fail(monkeypatch):
    monkeypatch.setitem(host.TABLE, "sin", lambda equation: np.cos)
    assert disagreements(jnp.sin, square)
    assert differs(np.float32(1), np.ones((), np.float32))
    assert differs(np.ones(2, np.float32), np.ones(2, np.float64))


def test_dead_equations_go_and_calls_are_inlined():
    def function(array):
        jnp.exp(array) @ array
        return jax.nn.relu(array)

    program = host.prepare(jax.make_jaxpr(function)(square))
    assert len(program.steps) == 1 and program.fallbacks == []


def test_fallbacks_are_named_through_control_flow():
    with jax.enable_x64(True):
        jaxpr = jax.make_jaxpr(lambda x: lax.scan(lambda c, row: (c, jnp.linalg.eigvalsh(row[:, None] * row)), 0, x)[1])(square)
    assert host.prepare(jaxpr).fallbacks == ["eigh"]


def test_a_choice_that_is_known_is_made_beforehand():
    def function(array):
        chosen = lax.platform_dependent(array, cpu=jnp.sin, default=lambda x: x * jnp.linalg.eigvalsh(x))
        return jnp.cos(chosen[0])

    program = host.prepare(jax.make_jaxpr(function)(square))
    assert program.fallbacks == []
    np.testing.assert_allclose(program([square])[0], np.cos(np.sin(square[0])), 1e-6)


def test_few_equations_fall_back():
    structural = ("convolution", "max pool", "cholesky", "special", "softmax", "layer_norm", "attention", "take_along_axis", "index and slice", "add", "sort", "split and stack", "scan")
    for name in structural:
        with jax.enable_x64(True):
            jaxpr = jax.make_jaxpr(with_pullback(DIFFERENTIABLE[name][0]))(square)
        assert host.prepare(jaxpr).fallbacks == [], name


def test_effects_stay():
    seen = []
    jaxpr = jax.make_jaxpr(lambda x: jax.debug.callback(lambda value: seen.append(float(value)), x[0]))(square[0])
    host.evaluate(jaxpr, [square[0]])
    jax.effects_barrier()
    assert seen == [float(square[0, 0])]


def test_a_program_runs_again_and_reads_constants():
    constant = jnp.arange(4.0, dtype=jnp.float32)
    program = host.prepare(jax.make_jaxpr(lambda x: x + constant)(square))
    for scale in (1, 2):
        np.testing.assert_array_equal(program([square * np.float32(scale)])[0], square * np.float32(scale) + np.arange(4, dtype="f"))
