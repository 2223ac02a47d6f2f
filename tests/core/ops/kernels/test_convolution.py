"""A convolution by columns is XLA's own, derivatives included: whole, in pieces, and with several rows to a column."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from facade.core.ops.kernels import convolution

WAYS = {"whole": {}, "pieces": {"CACHED": 0, "PIECE": 500}}
small = st.integers(1, 3)


@st.composite
def problems(draw):
    """(shape of the input, of the weight, options) of a convolution that has a result."""
    rank, groups = draw(st.integers(1, 2)), draw(small)
    inner, out = draw(small), draw(small)
    numbers = [draw(st.tuples(small, small, st.integers(1, 2), st.integers(-1, 2), st.integers(0, 2), small)) for _ in range(rank)]
    kernel, stride, dilation, before, after, spread = (tuple(each) for each in zip(*numbers))
    shape = draw(st.sampled_from([1, 4])), groups * inner, *(draw(st.integers(6, 9)) for _ in range(rank))
    return shape, (groups * out, inner, *kernel), (stride, list(zip(before, after)), dilation, groups, spread)


def directly(input, weight, stride, padding, dilation, groups, spread):
    return lax.conv_general_dilated(input, weight, stride, padding, spread, dilation, feature_group_count=groups)


def evaluated(function, shapes, options):
    """The result, both gradients, and the derivative along a direction."""
    input, weight = (jnp.asarray(np.random.default_rng(seed).normal(size=shape)) for seed, shape in enumerate(shapes))

    def run(input, weight):
        result, pull = jax.vjp(lambda *both: function(*both, *options), input, weight)
        cotangent = jnp.cos(jnp.arange(result.size, dtype=result.dtype)).reshape(result.shape)
        return result, pull(cotangent), jax.jvp(lambda *both: function(*both, *options), (input, weight), (weight.sum() + input, 1 - weight))[1]
    return jax.tree.leaves(jax.jit(run)(input, weight))


def assert_same(shapes, options):
    with jax.enable_x64(True):
        for ours, theirs in zip(evaluated(convolution.convolve, shapes, options), evaluated(directly, shapes, options), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-9)


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=3, deadline=None)
@given(problem=problems())
def test_columns(way, problem):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in WAYS[way].items():
            patch.setattr(convolution, name, value)
        assert_same(problem[:2], problem[2])


@pytest.mark.parametrize("shapes, stride, dilation", [
    (((2, 3, 13, 9), (5, 3, 5, 3)), (1, 1), (1, 1)), (((4, 1, 14, 8), (2, 1, 4, 3)), (2, 1), (1, 2)), (((2, 2, 17), (3, 2, 4)), (1,), (2,))])
def test_several_rows_to_a_column(monkeypatch, shapes, stride, dilation):
    monkeypatch.setattr(convolution, "CACHED", 0)
    rank = len(stride)
    assert_same(shapes, (stride, [(1, 2)] * rank, dilation, 1, (1,) * rank))


def test_the_way_is_chosen_by_sizes():
    def by_columns(shape, weight, groups=1, dtype=np.float32):
        like = jax.ShapeDtypeStruct(shape, dtype), jax.ShapeDtypeStruct(weight, dtype)
        return convolution._Plan(*like, (1, 1), [(1, 1)] * 2, (1, 1), groups, (1, 1)).by_columns()
    assert not by_columns((32, 16, 32, 32), (16, 16, 3, 3))
    assert by_columns((32, 3, 32, 32), (16, 3, 3, 3)) and by_columns((32, 64, 8, 8), (8, 64, 1, 1)) and by_columns((32, 32, 9, 9), (32, 16, 3, 3), 2)
    assert by_columns((64, 32, 26, 26), (64, 32, 3, 3)) and by_columns((1, 16, 6, 6), (16, 16, 3, 3))
    assert not by_columns((32, 3, 32, 32), (16, 3, 3, 3), dtype=np.complex64)
