"""Pooling and resizing."""

from facade.core.dtypes import BOOL, COMPLEX
from facade.core.ops.kernels import pooling as kernels
from facade.core.ops.kernels import grid_sampling, resampling
from facade.core.ops.rows.requirements import need_floating, takes
from facade.core.ops.supported import NOT_FLOAT, legacy_name
from facade.core.ops.table import op

RANKS = 1, 2, 3
_WINDOW = "Tensor self, int[] kernel_size, int[] stride, int[] padding, int[] dilation, bool ceil_mode"


def _with_indices(function):
    return lambda *arguments: function(*arguments, return_indices=True)


_SMALL_INTEGERS = "int8", "uint8", "int16", "int32"
_MAX = {1: takes("max_pool1d_impl", *NOT_FLOAT), 2: takes("max_pool2d", BOOL, COMPLEX), 3: takes("max_pool3d", BOOL, COMPLEX)}
_AVG = {1: (mean := takes("avg_pool2d", BOOL, COMPLEX, names=_SMALL_INTEGERS)), 2: mean,
        3: takes("avg_pool3d_out_frame", BOOL, COMPLEX, names=(*_SMALL_INTEGERS, "float16", "bfloat16"))}


def _node(name, rank):
    """The node of an operator; one dimension is computed as two, of which one is squeezed out again."""
    return "SqueezeBackward1" if rank == 1 else f"{name.format(rank)}Backward0"


MAX_POOL = {rank: op(f"max_pool{rank}d({_WINDOW}) -> Tensor", kernels.max_pool, at="", node=_node("MaxPool{}DWithIndices", rank),
                     check=_MAX[rank], doc="The greatest element of each window") for rank in RANKS}
MAX_POOL_INDICES = {rank: op(f"max_pool{rank}d_with_indices({_WINDOW}) -> (Tensor, Tensor)", _with_indices(kernels.max_pool), at="",
                             node=_node("MaxPool{}DWithIndices", rank), check=_MAX[max(rank, 2)],
                             doc="The greatest element of each window, and where it is") for rank in RANKS}
ADAPTIVE_MAX_POOL = {rank: op(f"adaptive_max_pool{rank}d(Tensor self, int[] output_size) -> (Tensor, Tensor)",
                              _with_indices(kernels.adaptive_max_pool),
                              at="", node=_node("AdaptiveMaxPool{}D", rank),
                              check=takes("adaptive_max_pool3d_cpu" if rank == 3 else "adaptive_max_pool2d", *NOT_FLOAT),
                              doc="The greatest of each of so many windows, and where it is") for rank in RANKS}
FRACTIONAL_MAX_POOL = {rank: op(f"fractional_max_pool{rank}d(Tensor self, int[] kernel_size, int[] output_size, Tensor random_samples)"
                                " -> (Tensor, Tensor)", kernels.fractional_max_pool, at="", node=_node("FractionalMaxPool{}D", rank),
                                doc="The greatest element of windows at random places, and where it is") for rank in (2, 3)}
AVG_POOL = {rank: op(f"avg_pool{rank}d(Tensor self, int[] kernel_size, int[] stride, int[] padding, bool ceil_mode, bool count_include_pad, "
                     "int? divisor_override) -> Tensor", kernels.avg_pool, at="", node=_node("AvgPool{}D", rank), check=_AVG[rank],
                     doc="The mean of each window")
            for rank in RANKS}
ADAPTIVE_AVG_POOL = {rank: op(f"adaptive_avg_pool{rank}d(Tensor self, int[] output_size) -> Tensor", kernels.adaptive_avg_pool, at="",
                              node=_node("AdaptiveAvgPool{}D", rank), doc="The mean of each of so many windows",
                              check=takes("adaptive_avg_pool3d_cpu" if rank == 3 else "adaptive_avg_pool2d", *NOT_FLOAT)) for rank in RANKS}
NO_MEAN = "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: {}"
GLOBAL_AVG_POOL = op("adaptive_avg_pool(Tensor self, int[] output_size) -> Tensor", kernels.adaptive_avg_pool, at="", node="MeanBackward1",
                     check=lambda self, sizes: need_floating(self, NO_MEAN), doc="The mean over all of space")
MAX_UNPOOL = {rank: op(f"max_unpool{rank}d(Tensor self, Tensor indices, int[] output_size) -> Tensor", kernels.max_unpool, at="",
                       node=_node("MaxUnpool{}D", rank), check=takes(f"max_unpool{max(rank, 2)}d", *NOT_FLOAT),
                       doc="Elements put back to where max pooling took them from")
              for rank in RANKS}

# mode -> the part of torch's node name for it; what averages when shrinking has 'Aa' behind
MODES = {"nearest": "Nearest", "nearest-exact": "NearestExact", "linear": "Linear", "bilinear": "Bilinear", "trilinear": "Trilinear",
         "bicubic": "Bicubic", "lanczos": "Lanczos"}


def _resizing(mode, rank, antialias):
    """The check that torch has the kernel that this way of resizing calls first; images of bytes have one of their own."""
    whole = "antialiased" if antialias else mode
    kernel = {"antialiased": "compute_index_ranges_weights", "bicubic": "compute_indices_weights_cubic",
              "bilinear": "upsample_bilinear2d_channels_last"}.get(whole)
    if kernel is None:
        near = mode.startswith("nearest")
        kernel = "upsample_nearest2d_channels_last" if near and rank == 2 else f"compute_indices_weights_{'nearest' if near else 'linear'}"
    bytes_too = rank == 2 or mode.startswith("nearest")
    return takes(kernel, BOOL, COMPLEX, names=("int8", "int16", "int32", "int64", *("uint8",) * (not bytes_too)))


def _upsample(mode, rank, antialias):
    line = f"_upsample_{mode.replace('-', '_')}{rank}d(Tensor self, int[] output_size, float[] scales, bool align_corners) -> Tensor"
    return op(line, lambda self, sizes, scales, align_corners: resampling.resize(self, mode, sizes, scales, align_corners, antialias), at="",
              node=f"Upsample{MODES[mode]}{rank}D{'Aa' * antialias}Backward0", check=_resizing(mode, rank, antialias), doc="The image resized")


UPSAMPLE = {(mode, rank, antialias): _upsample(mode, rank, antialias) for mode in MODES for rank in RANKS for antialias in (False, True)}

def _check_grid(rank):
    kernel = takes("grid_sampler_2d_cpu_kernel_impl" if rank == 2 else "grid_sampler3d_cpu", *NOT_FLOAT)

    def check(input, grid, *rest):
        kernel(input)
        if input.dtype != grid.dtype:
            raise RuntimeError(f"expected scalar type {legacy_name(input)} but found {legacy_name(grid)}")
    return check


GRID_SAMPLE = {rank: op(f"grid_sampler_{rank}d(Tensor input, Tensor grid, str mode, str padding_mode, bool align_corners) -> Tensor",
                        grid_sampling.grid_sample, at="", node=f"GridSampler{rank}DBackward0", check=_check_grid(rank),
                        doc="The image at the points of a grid") for rank in (2, 3)}
AFFINE_GRID = op("affine_grid_generator(Tensor theta, int[] size, bool align_corners) -> Tensor", grid_sampling.affine_grid, at="",
                 doc="The grid that an affine map makes of the even one")
