"""Factorizations, solves, transforms and special functions on the host against JAX's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from facade.core.engine import host
from tests.core.engine.test_host import differs, disagreements, sample, with_pullback

DOUBLES = ("float64", "complex128")
EVERY = ("float32", "complex64", *DOUBLES)


def regular(shape, dtype):
    """Matrices that are well conditioned, positive and Hermitian."""
    matrices = sample(shape, dtype)
    if dtype == "complex128":
        matrices = matrices + 1j * sample(shape, "float64", 1)
    product = matrices @ np.swapaxes(matrices, -1, -2).conj()
    return (product / 8 + np.diag(np.arange(1, shape[-1] + 1))).astype(dtype)


SYSTEMS = {
    "cholesky": (lax.linalg.cholesky, EVERY),
    "eig": (lambda x: lax.linalg.eig(x + jnp.triu(x), compute_left_eigenvectors=False), DOUBLES),
    "eigenvalues": (lambda x: lax.linalg.eig(x, compute_left_eigenvectors=False, compute_right_eigenvectors=False), DOUBLES),
    "eigh": (lax.linalg.eigh, DOUBLES),
    "lu": (lambda x: lax.linalg.lu(x[..., ::-1]), EVERY),
    "lu of wide matrices": (lambda x: lax.linalg.lu(x[..., :2, :]), EVERY),
    "lu of tall matrices": (lambda x: lax.linalg.lu(x[..., :2]), EVERY),
    "qr": (lambda x: (lax.linalg.qr(x[..., :2]), lax.linalg.qr(x[..., :2, :], full_matrices=False)), ("float32", *DOUBLES)),
    "householder": (lambda x: lax.linalg.householder_product(x[..., :2] / 4, x[..., 0, :2] / 4), EVERY),
    "inverse": (jnp.linalg.inv, EVERY),
    "determinant": (jnp.linalg.slogdet, EVERY),
    "singular values": (lambda x: jnp.linalg.svd(x, compute_uv=False), EVERY),
    "svd": (lambda x: (jnp.linalg.svd(x[..., :2]), jnp.linalg.svd(x, full_matrices=False)), DOUBLES),
    "fft": (lambda x: (jnp.fft.fft2(x), jnp.fft.ifft(x, 5), jnp.fft.irfft2(x, s=(4, 5))), EVERY),
    "rfft": (lambda x: jnp.fft.rfft2(x.real, s=(2, 7)), EVERY),
}


ROWS = [(name, dtype, (2, 3, 3)) for name, (_, dtypes) in SYSTEMS.items() for dtype in dtypes]
ROWS += [(name, "float64", shape) for name in SYSTEMS for shape in ((3, 3), (0, 3, 3))]


@pytest.mark.parametrize("name, dtype, shape", ROWS)
def test_factorizations(name, dtype, shape):
    function, matrices = SYSTEMS[name][0], regular(shape, dtype)
    assert disagreements(function, matrices) == []
    with jax.enable_x64(True):
        assert host.prepare(jax.make_jaxpr(function)(matrices)).fallbacks == []


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
@pytest.mark.parametrize("choice", range(0, 16, 3))
def test_triangular_solve(choice, dtype):
    left, lower, transposed, unit = (bool(choice >> place & 1) for place in range(4))
    options = {"left_side": left, "lower": lower, "transpose_a": transposed, "conjugate_a": choice % 3 == 0, "unit_diagonal": unit}
    assert disagreements(lambda x: lax.linalg.triangular_solve(x, x + 1, **options), regular((3, 3), dtype)) == []


@pytest.mark.parametrize("function", [jnp.linalg.solve, lambda a, b: jnp.linalg.cholesky(a) @ b], ids=["solve", "cholesky"])
def test_derivatives_of_solves(function):
    matrices = regular((3, 3), "float64")
    assert disagreements(with_pullback(function), matrices, matrices[:, :2].copy()) == []


@pytest.mark.parametrize("matrices", [np.zeros((2, 2)), np.full((2, 2), np.nan), -np.eye(2), np.stack([np.eye(2), -np.eye(2)])], ids=str)
def test_matrices_without_a_factorization(matrices):
    def function(x):
        return lax.linalg.cholesky(x), lax.linalg.lu(x), lax.linalg.eigh(x), lax.linalg.qr(x), lax.linalg.svd(x)

    assert disagreements(function, matrices) == []


def test_large_matrices_are_left_to_lapack():
    shape = jax.ShapeDtypeStruct((300, 300), jnp.float32)
    assert host.prepare(jax.make_jaxpr(lax.linalg.lu)(shape)).fallbacks == ["lu"]


ARGUMENTS = np.array([0.3, 1.4616, 2.5, -0.5, -7.3, 12.0, 1e-8, 1e10, 29.9, 30.1, 700.0, 0.0, -2.0, 1.0, np.inf, np.nan])
SPECIAL = {
    "digamma": lax.digamma,
    "polygamma": lambda x: [lax.polygamma(0 * abs(x) + order, abs(x)) for order in (0, 1, 4, 0.5)],
    "zeta": lambda x: [lax.zeta(0 * x + power, abs(x)) for power in (1.0, 2.0, 3.7, 30.0)],
    "bessel": lambda x: (lax.bessel_i0e(x), lax.bessel_i1e(x)),
    "igamma": lambda x: [lax.igamma(abs(x), abs(x) * factor) for factor in (0.5, 1.0, 2.0)],
    "igammac": lambda x: [lax.igammac(abs(x), abs(x) * factor) for factor in (0.5, 1.0, 2.0)],
}


@pytest.mark.parametrize("name", SPECIAL)
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_special_functions(name, dtype):
    arguments = ARGUMENTS.astype(dtype)
    if name.startswith("ig"):
        arguments = arguments[np.abs(arguments.astype("f")) < 20]  # XLA's precision in float32 is lost beyond
    assert disagreements(SPECIAL[name], arguments) == []


def test_incomplete_gamma_at_the_edges():
    orders, limits = (grid.ravel() for grid in np.meshgrid([1, 0.5, -1], [0, 1, 0.5, 40, -1]))
    assert disagreements(lambda a, x: (lax.igamma(a, x), lax.igammac(a, x)), orders, limits) == []


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_inverse_of_the_error_function(dtype):
    assert disagreements(lax.erf_inv, np.array([0, 0.3, -0.8, 0.9, -0.999, 1e-30, 1, -1, 1.5, np.nan]).astype(dtype)) == []


def test_the_inverse_of_the_error_function_in_double():
    places = np.linspace(-3.5, 3.5, 29)
    with jax.enable_x64(True):
        values = np.asarray(lax.erf(places))
        found = host.evaluate(jax.make_jaxpr(lax.erf_inv)(values), [values])[0]
    np.testing.assert_allclose(found, places, rtol=1e-10, atol=1e-15)
    assert differs(found.astype("f"), places.astype("f")) is None
