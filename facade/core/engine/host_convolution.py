"""Convolution by products of matrices.

The windows of some images are laid out as the columns of one matrix for each group, and the weights times these are the result
there. All that XLA can say of a convolution comes down to one form: axes are put in order, the input is padded and spread with
zeros, its windows are a strided view; groups of channels and groups of images differ only in the axis that they are cut from.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from facade.core.engine.host_types import operand, result, wide
from facade.core.engine.host_windows import Padding, padding_of

PIECE = 1 << 18
"""Of so many elements are the columns that are made at a time, at least one image's: 1 MB, half of the second cache."""


def bind_convolution(equation):
    plan, dtype = plan_of(equation), wide(result(equation).dtype)
    dims = equation.params["dimension_numbers"]
    back = np.argsort(dims.out_spec).tolist()

    def run(input, weight):
        images, weights = input.transpose(dims.lhs_spec).astype(dtype, copy=False), weight.transpose(dims.rhs_spec).astype(dtype, copy=False)
        return convolve(plan, images, weights).transpose(back)

    return run


class Plan(NamedTuple):
    """The sizes of a convolution of (batch, channels, *spatial) with (features, channels of a group, *kernel).

    groups: of channels; batches: groups of images; counts: the spatial shape of the result; steps, spacings: of windows, inside them.
    """

    padding: Padding
    groups: int
    batches: int
    kernel: tuple
    counts: tuple
    steps: tuple
    spacings: tuple


def plan_of(equation):
    """The ``Plan`` of a convolution's equation."""
    parameters, dims = equation.params, equation.params["dimension_numbers"]
    shape = [operand(equation).shape[dim] for dim in dims.lhs_spec]
    borders = [(*pair, gap - 1) for pair, gap in zip(parameters["padding"], parameters["lhs_dilation"])]
    return Plan(
        padding_of(shape, [(0, 0, 0), (0, 0, 0), *borders]),
        parameters["feature_group_count"],
        parameters["batch_group_count"],
        tuple(equation.invars[1].aval.shape[dim] for dim in dims.rhs_spec[2:]),
        tuple(result(equation).shape[dim] for dim in dims.out_spec[2:]),
        parameters["window_strides"],
        parameters["rhs_dilation"],
    )


def convolve(plan, images, weights):
    """The result as (batch, features, *counts)."""
    grouped = by_groups(plan, plan.padding(images, 0))
    batch, groups, features = len(grouped), plan.groups * plan.batches, len(weights)
    matrices = weights.reshape(groups, features // groups, -1)
    convolved = np.empty((batch, groups, features // groups, *plan.counts), images.dtype)
    room = max(PIECE // max(math.prod(plan.counts) * matrices.shape[2] * groups, 1), 1)
    for start in range(0, batch if convolved.size else 0, room):
        columns = columns_of(plan, grouped[start : start + room])
        products = np.matmul(matrices, columns).reshape(groups, features // groups, -1, *plan.counts)
        convolved[start : start + room] = np.moveaxis(products, 2, 0)
    return convolved.reshape(batch, features, *plan.counts)


def by_groups(plan, padded):
    """The padded input as (batch, groups, channels, *spatial), a view."""
    count, channels, *spatial = padded.shape
    if plan.batches > 1:
        return np.swapaxes(padded.reshape(plan.batches, count // plan.batches, channels, *spatial), 0, 1)
    return padded.reshape(count, plan.groups, channels // plan.groups, *spatial)


def columns_of(plan, images):
    """The windows as (groups, channels * elements of the kernel, images * counts)."""
    batch, groups, channels = images.shape[:3]
    image, group, channel, *moves = images.strides
    inner = [move * spacing for move, spacing in zip(moves, plan.spacings)]
    outer = [move * step for move, step in zip(moves, plan.steps)]
    shape, strides = (groups, channels, *plan.kernel, batch, *plan.counts), (group, channel, *inner, image, *outer)
    return as_strided(images, shape, strides, writeable=False).reshape(groups, channels * math.prod(plan.kernel), batch * math.prod(plan.counts))
