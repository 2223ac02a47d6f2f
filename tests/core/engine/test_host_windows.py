"""Convolutions and windows on the host against JAX's own, for random parameters of every kind."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from facade.core.engine import host
from tests.core.engine.test_host import disagreements, sample, with_pullback

DTYPES = ("float32", "float64", "bfloat16", "float16", "int32", "complex64")
examples = settings(max_examples=25, deadline=None, derandomize=True)


@st.composite
def convolutions(draw):
    """A convolution as a function of two arrays, and these."""
    rank, dtype = draw(st.integers(0, 2)), draw(st.sampled_from(DTYPES))

    def sizes(least, most, count=rank):
        return tuple(draw(st.lists(st.integers(least, most), min_size=count, max_size=count)))

    features, groups, batches = draw(st.sampled_from([(1, 1, 1), (2, 1, 1), (2, 2, 1), (4, 2, 1), (4, 1, 2), (3, 1, 3)]))
    channels, batch = draw(st.integers(1, 2)), draw(st.integers(0, 2)) * batches
    kernel, image = sizes(1, 3), sizes(3, 6)
    orders = [tuple(draw(st.permutations(range(rank + 2)))) for _ in range(3)]
    parameters = {
        "window_strides": sizes(1, 3),
        "padding": list(zip(sizes(0, 2), sizes(-1, 2))),
        "lhs_dilation": sizes(1, 2),
        "rhs_dilation": sizes(1, 2),
        "feature_group_count": groups,
        "batch_group_count": batches,
        "dimension_numbers": lax.ConvDimensionNumbers(*orders),
    }
    shapes = (batch, channels * groups, *image), (features, channels, *kernel)
    arrays = [sample(arranged(shape, order), dtype, seed) for seed, (shape, order) in enumerate(zip(shapes, orders))]
    return (lambda left, right: lax.conv_general_dilated(left, right, **parameters)), arrays


def arranged(shape, order):
    """The shape in which axis `order[i]` has the size i."""
    placed = dict(zip(order, shape))
    return tuple(placed[axis] for axis in range(len(shape)))


@examples
@given(convolutions())
def test_convolution(case):
    function, arrays = case
    if all(size > 0 for size in jax.eval_shape(function, *arrays).shape) and arrays[0].dtype in ("float32", "complex64"):
        function = with_pullback(function)
    assert disagreements(function, *arrays) == []


def test_a_large_convolution_is_made_in_pieces():
    images, weights = sample((9, 8, 32, 32), "float32") / 8, sample((8, 8, 3, 3), "float32", 1)
    assert disagreements(lambda left, right: lax.conv(left, right, (1, 1), "SAME"), images, weights) == []


@pytest.mark.parametrize("dtype", ["int8", "bfloat16"])
def test_a_wider_result(dtype):
    arrays = sample((2, 3, 5), dtype), sample((4, 3, 2), dtype, 1)
    wider = jnp.int32 if dtype == "int8" else jnp.float32
    assert disagreements(lambda left, right: lax.conv_general_dilated(left, right, (1,), "VALID", preferred_element_type=wider), *arrays) == []


@st.composite
def folds(draw):
    """A fold of windows as a function of an array, and this."""
    rank, dtype = draw(st.integers(1, 3)), draw(st.sampled_from(DTYPES[:-1]))

    def sizes(least, most):
        return tuple(draw(st.lists(st.integers(least, most), min_size=rank, max_size=rank)))

    operation, start = draw(st.sampled_from([(lax.add, 0), (lax.max, -np.inf), (lax.min, np.inf), (lax.mul, 1), (lax.mul, 2)]))
    array = sample(sizes(0, 12), dtype)
    initial = array.dtype.type(np.clip(start, -9, 9) if dtype == "int32" else start)
    arguments = sizes(1, 11), sizes(1, 3), list(zip(sizes(0, 5), sizes(-1, 5))), sizes(1, 2), sizes(1, 2)
    return (lambda array: lax.reduce_window(array, initial, operation, *arguments)), array


@examples
@given(folds())
def test_window_folds(case):
    function, array = case
    assert disagreements(function, array) == []


@settings(examples, max_examples=12)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 1), st.sampled_from([(lax.max, -np.inf), (lax.min, np.inf)]), st.sampled_from(["float32", "bfloat16"]))
def test_pooling_and_its_derivatives(size, step, border, fold, dtype):
    operation, start = fold
    border = min(border, size // 2)

    def pooled(array):
        return lax.reduce_window(array, start, operation, (1, size, size), (1, step, step), ((0, 0), (border, border), (border, 0)))

    def derivatives(array):
        return with_pullback(pooled)(array), jax.jvp(pooled, (array,), (jnp.sin(array),))

    assert disagreements(derivatives, np.rint(sample((2, 5, 6), dtype))) == []


@pytest.mark.parametrize("operation", [lax.add, lax.max, lax.bitwise_xor])
def test_a_fold_of_axes_by_a_function(operation):
    assert disagreements(lambda array: lax.reduce(array, np.int32(3), operation, (0, 2)), sample((2, 3, 4), "int32")) == []


def test_a_fold_by_another_function_falls_back():
    def function(array):
        return lax.reduce_window(array, np.float32(0), lambda total, each: total + 2 * each, (2,), (1,), "VALID")

    assert host.prepare(jax.make_jaxpr(function)(np.ones(3, "f"))).fallbacks == ["reduce_window"]
