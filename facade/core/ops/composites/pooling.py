"""Pooling and resizing in nn.functional: arguments as one number or several, inputs without a batch, torch's checks."""

import math

from facade.core.ops import pooling_checks
from facade.core.ops.composites import composite
from facade.core.ops.dispatch import apply
from facade.core.ops.index_checks import check_index
from facade.core.ops.outputs import with_out
from facade.core.ops.rows import pooling as table
from facade.core.ops.rows.requirements import need_floating
from facade.core.ops.table import ARRAY
from facade.core.warn import warn


# ---------------------------------------------------------------- windows of one size
def _expose_max_pool(rank):
    name = f"max_pool{rank}d"

    def pool(input, kernel_size, stride, padding, dilation, ceil_mode, indices=False):
        shape = tuple(input.shape)
        if rank == 1:
            pooling_checks.check_line(name, shape, indices)
        kernel, stride, padding, dilation = pooling_checks.numbers_of(
            name, rank, indices, kernel_size=kernel_size, stride=() if stride is None else stride, padding=padding, dilation=dilation)
        pooling_checks.check_max_pool(shape, kernel, stride, padding, dilation, bool(ceil_mode), indices)
        row = (table.MAX_POOL_INDICES if indices else table.MAX_POOL)[rank]
        return apply(row, (ARRAY, kernel, stride, padding, dilation, bool(ceil_mode)), (input,))

    def with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
        return pool(input, kernel_size, stride, padding, dilation, ceil_mode, indices=True)

    def values(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
        return pool(input, kernel_size, stride, padding, dilation, ceil_mode)

    def functional(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
        return pool(input, kernel_size, stride, padding, dilation, ceil_mode, bool(return_indices))
    doc = f"The greatest element of each window over the {rank} last dimensions; return_indices: and where it is, among all of them in a row."
    for function, shown, at in ((functional, name, "nn.functional"), (values, name, "torch"),
                                (with_indices, name + "_with_indices", "nn.functional")):
        function.__name__, function.__doc__ = shown, doc
        composite(at=at)(function)


def _expose_avg_pool(rank):
    name = f"avg_pool{rank}d"

    def pool(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
        shape = tuple(input.shape)
        if rank == 1:
            pooling_checks.check_line(name, shape)
        kernel, stride, padding = pooling_checks.numbers_of(
            name, rank, kernel_size=kernel_size, stride=() if stride is None else stride, padding=padding)
        if divisor_override == 0:
            raise RuntimeError("divisor must be not zero")
        pooling_checks.check_avg_pool(shape, kernel, stride, padding, bool(ceil_mode))
        statics = (ARRAY, kernel, stride, padding, bool(ceil_mode), bool(count_include_pad), divisor_override)
        return apply(table.AVG_POOL[rank], statics, (input,))
    pool.__name__ = name
    pool.__doc__ = f"The mean of each window over the {rank} last dimensions; count_include_pad: padding counts as elements."
    composite(at="torch nn.functional" if rank == 1 else "nn.functional")(pool if rank == 1 else with_out(pool))


# ---------------------------------------------------------------- windows that cover the input evenly
def _sizes(name, input, output_size, rank):
    shape = tuple(input.shape)
    if rank > 1 and not isinstance(output_size, int) and len(shape) <= len(output_size):
        raise ValueError(f"Input dimension should be at least {len(output_size) + 1}")
    sizes = (output_size,) * rank if isinstance(output_size, int) else tuple(
        extent if size is None and rank > 1 else int(size) for size, extent in zip(output_size, shape[-len(output_size):]))
    pooling_checks.check_adaptive(name, shape, sizes, rank)
    return sizes


def _expose_adaptive(rank):
    average, greatest = f"adaptive_avg_pool{rank}d", f"adaptive_max_pool{rank}d"

    def mean(input, output_size):
        sizes = _sizes(average, input, output_size, rank)
        if sizes == (1,):       # a mean over all of space too, with a node of its own
            need_floating(input._value.spec, table.NO_MEAN)
        row = table.GLOBAL_AVG_POOL if rank > 1 and sizes == (1,) * rank else table.ADAPTIVE_AVG_POOL[rank]
        return apply(row, (ARRAY, sizes), (input,))

    def both(input, output_size):
        return apply(table.ADAPTIVE_MAX_POOL[rank], (ARRAY, _sizes(greatest, input, output_size, rank)), (input,))

    def maximum(input, output_size, return_indices=False):
        found = both(input, output_size)
        return found if return_indices else found[0]

    def with_indices(input, output_size, return_indices=False):
        return both(input, output_size)
    mean.__name__, mean.__doc__ = average, f"The mean of each of output_size windows that cover the {rank} last dimensions evenly."
    maximum.__name__, with_indices.__name__ = greatest, greatest + "_with_indices"
    maximum.__doc__ = with_indices.__doc__ = f"The greatest of each of output_size windows that cover the {rank} last dimensions evenly."
    composite(at="torch nn.functional" if rank == 1 else "nn.functional")(mean)
    composite(at="nn.functional")(maximum)
    composite(at="nn.functional")(with_indices)
    if rank == 1:
        composite(at="torch", name=greatest)(both)


# ---------------------------------------------------------------- what pooling took, put back; p-norms of windows
def _expose_unpool(rank):
    name = f"max_unpool{rank}d"

    def unpool(input, indices, kernel_size, stride=None, padding=0, output_size=None):
        kernel, stride, padding = pooling_checks.numbers_of(
            name, rank, kernel_size=kernel_size, stride=() if stride is None else stride, padding=padding)
        sizes = tuple((extent - 1) * step + size - 2 * pad for extent, step, size, pad in zip(input.shape[-rank:], stride, kernel, padding))
        if output_size is not None:
            sizes = _wanted(output_size, sizes, stride, rank)
        if indices.shape != input.shape:
            raise RuntimeError(f"Expected shape of indices to be same as that of the input tensor ({list(input.shape)}) but got indices tensor with "
                               f"shape: "
                               f"{list(indices.shape)}")
        volume = math.prod(sizes)
        check_index(indices, volume, lambda value: RuntimeError(
            f"Found an invalid max index: {value} (output volumes are of size {'x'.join(map(str, sizes))}"), wrap=False)
        return apply(table.MAX_UNPOOL[rank], (ARRAY, ARRAY, sizes), (input, indices))
    unpool.__name__ = name
    unpool.__doc__ = f"max_pool{rank}d undone: each element where its index says, zeros elsewhere."
    composite(at="nn.functional")(unpool)


def _wanted(output_size, default, stride, rank):
    sizes = tuple(output_size)[-rank:]
    for size, usual, step in zip(sizes, default, stride):
        if not usual - step < size < usual + step:
            low, high = [each - by for each, by in zip(default, stride)], [each + by for each, by in zip(default, stride)]
            raise ValueError(f'invalid output_size "{list(sizes)}" (dim 0 must be between {low[0]} and {high[0]})')
    return sizes


def _expose_lp_pool(rank):
    name = f"avg_pool{rank}d"

    def pool(input, norm_type, kernel_size, stride=None, ceil_mode=False):
        if rank == 1:
            pooling_checks.check_line(name, tuple(input.shape))
        kernel, stride = pooling_checks.numbers_of(name, rank, kernel_size=kernel_size, stride=() if stride is None else stride)
        pooling_checks.check_avg_pool(tuple(input.shape), kernel, stride, (0,) * rank, bool(ceil_mode))
        mean = apply(table.AVG_POOL[rank], (ARRAY, kernel, stride, (0,) * rank, bool(ceil_mode), True, None), (input.pow(norm_type),))
        return (mean.sign() * mean.abs().relu()).mul(math.prod(kernel)).pow(1.0 / norm_type)        # of a window cut short too, as torch has it
    pool.__name__, pool.__doc__ = f"lp_pool{rank}d", f"The norm_type-norm of each window over the {rank} last dimensions."
    composite(at="nn.functional")(pool)


for _rank in table.RANKS:
    for _expose in (_expose_max_pool, _expose_avg_pool, _expose_adaptive, _expose_unpool, _expose_lp_pool):
        _expose(_rank)


# ---------------------------------------------------------------- resizing
RANK_OF = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}
SMOOTHING = ("bilinear", "bicubic", "lanczos")


def _target(input, size, scale_factor, recompute, rank):
    """(sizes, the step between old elements for each new one)."""
    old = input.shape[2:]
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    given = size if size is not None else scale_factor
    shown, given = given, tuple(given) if isinstance(given, (list, tuple)) else (given,) * rank
    if len(given) != len(old):
        what, of, letter = ("output size", "output size of", "o") if size is not None else ("scale_factor", "scale_factor of shape", "s")
        raise ValueError(f"Input and {'output' if size is not None else what} must have the same number of spatial dimensions, but got input with spatial dimensions of "
                         f"{list(old)} and {of} {shown}. Please provide input tensor in (N, C, d1, d2, ...,dK) format and "
                         f"{what} in ({letter}1, {letter}2, ...,{letter}K) format.")
    if size is not None and recompute:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    if size is not None:
        sizes = tuple(int(each) for each in given)
        return sizes, tuple(extent / count if count else 1.0 for extent, count in zip(old, sizes))
    factors = tuple(float(each) for each in given)
    sizes = tuple(math.floor(extent * factor) for extent, factor in zip(old, factors))
    return sizes, tuple(extent / count if recompute else 1 / factor for extent, count, factor in zip(old, sizes, factors))


@composite(at="nn.functional")
def interpolate(input, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None, antialias=False):
    """Resize the dimensions behind batch and channels to `size`, or by scale_factor.

    mode: nearest, nearest-exact, linear (3-D input), bilinear or bicubic (4-D), lanczos (4-D, with antialias), trilinear (5-D) or
    area; align_corners: the corner elements keep their values; antialias: average when shrinking.
    """
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError("align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear")
    rank = max(input.ndim - 2, 0)
    sizes, scales = _target(input, size, scale_factor, recompute_scale_factor, rank)
    if antialias and not (mode in SMOOTHING and input.ndim == 4):
        raise ValueError("Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input")
    if mode == "lanczos" and input.ndim == 4 and not antialias:
        raise ValueError("Lanczos mode requires antialias=True")
    _check_mode(input, mode, sizes)
    if mode == "area":
        return apply(table.ADAPTIVE_AVG_POOL[rank], (ARRAY, sizes), (input,))
    return apply(table.UPSAMPLE[mode, rank, bool(antialias)], (ARRAY, sizes, scales, bool(align_corners)), (input,))


def _check_mode(input, mode, sizes):
    if mode in RANK_OF and input.ndim - 2 != RANK_OF[mode] and input.ndim in (3, 4, 5):
        raise NotImplementedError(f"Got {input.ndim}D input, but {mode} mode needs {RANK_OF[mode] + 2}D input")
    if input.ndim not in (3, 4, 5) or mode not in (*table.MODES, "area") or mode == "lanczos" and input.ndim != 4:
        raise NotImplementedError("Input Error: Only 3D, 4D and 5D input Tensors supported "
                                  f"(got {input.ndim}D) for the modes: nearest | linear | bilinear | bicubic | trilinear | lanczos | area | "
                                  f"nearest-exact (got {mode})")
    if min(sizes) <= 0 or 0 in input.shape[2:]:
        was, made = (", ".join(f"{axis}: {extent}" for axis, extent in zip("DHW"[-len(sizes):], each)) for each in (input.shape[2:], sizes))
        raise RuntimeError(f"Input and output sizes should be greater than 0, but got input ({was}) {'and ' * (len(sizes) == 1)}output ({made})")


_OLDER = "`nn.functional.{}` is deprecated. Use `nn.functional.interpolate` instead."


@composite(at="nn.functional")
def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    """interpolate under its older name."""
    warn(_OLDER.format("upsample"))
    return interpolate(input, size, scale_factor, mode, align_corners)


@composite(at="nn.functional")
def upsample_nearest(input, size=None, scale_factor=None):
    """interpolate with mode 'nearest'."""
    warn(_OLDER.format("upsample_nearest"))
    return interpolate(input, size, scale_factor, "nearest")


@composite(at="nn.functional")
def upsample_bilinear(input, size=None, scale_factor=None):
    """interpolate with mode 'bilinear' and aligned corners."""
    warn(_OLDER.format("upsample_bilinear"))
    return interpolate(input, size, scale_factor, "bilinear", True)


# ---------------------------------------------------------------- images at the points of a grid
_DEFAULT_CORNERS = ("Default {0} and {1} behavior has changed to align_corners=False since 1.3.0. Please specify align_corners=True if the old "
                    "behavior is desired. See the documentation of {0} for details.")


@composite(at="nn.functional")
def grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    """input (batch, channels, *spatial) at the points of grid (batch, *new spatial, dimensions), whose coordinates run from -1 to 1."""
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'")
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError("nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', "
                         f"but got: '{padding_mode}'")
    if align_corners is None:
        warn(_DEFAULT_CORNERS.format("grid_sample", "affine_grid"))
    _check_grid(input, grid, mode)
    return apply(table.GRID_SAMPLE[input.ndim - 2], (ARRAY, ARRAY, mode, padding_mode, bool(align_corners)), (input, grid))


def _check_grid(input, grid, mode):
    shapes = f"but got input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
    if input.shape[0] != grid.shape[0]:
        raise RuntimeError(f"grid_sampler(): expected grid and input to have same batch size, {shapes}")
    if grid.shape[-1] != input.ndim - 2:
        raise RuntimeError(f"grid_sampler(): expected grid to have size {input.ndim - 2} in last dimension, but got grid with sizes "
                           f"{list(grid.shape)}")
    if input.ndim not in (4, 5) or input.ndim != grid.ndim:
        raise RuntimeError(f"grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, {shapes}")
    if mode == "bicubic" and input.ndim == 5:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")


@composite(at="nn.functional")
def affine_grid(theta, size, align_corners=None):
    """The grid that affine maps theta (batch, n, n + 1) make of the even one over an image of `size`."""
    if align_corners is None:
        warn(_DEFAULT_CORNERS.format("affine_grid", "grid_sample"))
    if not theta.dtype.is_floating_point:
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    rank = len(size) - 2
    if theta.ndim != 3 or rank not in (2, 3) or tuple(theta.shape[-2:]) != (rank, rank + 1):
        kind = {2: "2x3", 3: "3x4"}.get(rank)
        if kind is None:
            raise NotImplementedError("affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. "
                                      f"Got size {size}.")
        raise ValueError(f"Expected a batch of {rank}D affine matrices of shape Nx{kind} for size {size}. Got {theta.size()}.")
    return apply(table.AFFINE_GRID, (ARRAY, tuple(size[2:]), bool(align_corners)), (theta,))
