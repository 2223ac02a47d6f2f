"""What torch asks of the windows of pooling, in its order and its words: shapes and numbers in, an error or nothing out.

One dimension is pooled as two, the first of them of size 1: what is said of it speaks of both. Only max_pool1d without
indices has a way, and sentences, of its own.
"""

import functools

from facade.core.errors import dim_range
from facade.core.ops.binding import as_ints
from facade.core.ops.kernels.pooling import output_size

_LETTERS = {2: "HW", 3: "THW"}
_COUNTS = {2: "two", 3: "three"}
_ONE = {"kernel_size": "an int, list of ints or", "stride": "None, an int, list of ints, or", "padding": "an int, list of ints, or",
        "dilation": "an int, list of ints or"}


# ---------------------------------------------------------------- how many numbers there are
def numbers_of(name, rank, indices=False, **given):
    """A tuple of `rank` numbers for each of these arguments, which are one number or several; an empty stride is that of the kernel."""
    found = {}
    for argument, value in given.items():
        value = as_ints(value, f"{name}(): argument '{argument}'")
        if argument == "stride" and not value:
            value = found["kernel_size"]
        if len(value) not in (1, rank):
            raise RuntimeError(_wrong_count(name, rank, argument, len(value), indices))
        found[argument] = value * (rank // len(value))
    return found.values()


def _wrong_count(name, rank, argument, count, indices):
    if rank == 1 and name == "max_pool1d" and not indices:
        return f"{name}() {argument} must be {_ONE[argument]} tuple of ints of size 1 but got size {count}"
    if rank == 1:
        return f"{name}() argument '{argument}' should contain one int (got {count})"
    plain = name == "avg_pool3d"
    must = "must be either" if argument == "dilation" else "must be" if plain else "must either be"
    omitted = " omitted," * (argument == "stride")
    return f"{name}: {argument} {must}{omitted} a single int, or a tuple of {_COUNTS[rank]} ints"


# ---------------------------------------------------------------- windows of one size
def check_line(name, shape, indices=True):
    """Raise unless what is pooled in one dimension has two or three; that is looked at before the numbers."""
    if not indices and (len(shape) not in (2, 3) or 0 in shape[-2:]):
        raise RuntimeError(f"max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but got:{list(shape)}")
    if len(shape) not in (2, 3):
        raise RuntimeError(f"Expected 2 to 3 dimensions, but got {len(shape)}-dimensional tensor for argument #1 'self' "
                           f"(while checking arguments for {name})")


@functools.lru_cache(4096)
def check_max_pool(shape, kernel, stride, padding, dilation, ceil_mode, indices):
    """Raise torch's error about max pooling a tensor of this shape; indices: whether those are asked for as well."""
    rank = len(kernel)
    if rank == 1 and not indices:
        _check_numbers(shape, kernel[0], stride[0], padding[0], dilation[0], ceil_mode)
        return
    if rank > 1 and len(shape) not in (rank + 1, rank + 2):
        raise RuntimeError(f"non-empty {rank + 1}D or {rank + 2}D (batch mode) tensor expected for input")
    _check_windows("max_pool3d_with_indices_out_cpu_template", shape, kernel, stride, padding, dilation, ceil_mode)


@functools.lru_cache(4096)
def check_avg_pool(shape, kernel, stride, padding, ceil_mode):
    """Raise torch's error about average pooling a tensor of this shape."""
    rank = len(kernel)
    if rank == 2:
        dim_range(-3, len(shape)) if shape else _no_dims()
    elif rank == 3 and len(shape) not in (4, 5):
        raise RuntimeError("non-empty 4D or 5D (batch mode) tensor expected for input")
    _check_windows("avg_pool3d", shape, kernel, stride, padding, (1,) * rank, ceil_mode)


def _no_dims():
    raise IndexError("Dimension specified as -3 but tensor has no dimensions")


def _check_numbers(shape, kernel, stride, padding, dilation, ceil_mode):
    """max_pool1d's own checks of its numbers."""
    for what, number in (("kernel_size", kernel), ("stride", stride)):
        if number <= 0:
            raise RuntimeError(f"max_pool1d() {what} must be greater than zero, but got {number}")
    if padding < 0:
        raise RuntimeError(f"max_pool1d() padding must be non-negative, but got {padding}")
    if padding > kernel // 2:
        raise RuntimeError(f"max_pool1d() padding should be at most half of kernel size, but got padding={padding} and kernel_size={kernel}")
    if dilation <= 0:
        raise RuntimeError(f"max_pool1d() dilation must be greater than zero, but got {dilation}")
    count = output_size(shape[-1], kernel, stride, padding, dilation, ceil_mode)
    if count < 1:
        raise RuntimeError(f"max_pool1d() Invalid computed output size: {count}")


def _check_windows(name, shape, kernel, stride, padding, dilation, ceil_mode):
    """The checks of two and three dimensions; name: of the function that speaks, in three dimensions."""
    rank = len(kernel)
    for size, step, pad, spread in zip(kernel, stride, padding, dilation):
        if step == 0:
            raise RuntimeError("stride should not be zero")
        if pad < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {pad}")
        if pad > int(((size - 1) * spread + 1) / 2):
            raise RuntimeError(f"pad should be at most half of effective kernel size, but got pad={pad}, kernel_size={size} and dilation={spread}")
    if rank == 1:
        shape, kernel, stride, padding, dilation = (*shape[:-1], 1, shape[-1]), (1, *kernel), (1, *stride), (0, *padding), (1, *dilation)
    counts = [output_size(*each, ceil_mode) for each in zip(shape[-len(kernel):], kernel, stride, padding, dilation)]
    _check_positive(kernel, stride, dilation)
    (_check_image if len(kernel) == 2 else _check_volume)(name, shape, kernel, padding)
    channels, *extents = shape[-len(kernel) - 1:]
    if min(counts) < 1:
        raise RuntimeError(f"Given input size: ({'x'.join(map(str, (channels, *extents)))}). Calculated output size: "
                           f"({'x'.join(map(str, (channels, *counts)))}). Output size is too small")


def _check_positive(kernel, stride, dilation):
    letters = _LETTERS[len(kernel)]
    for what, letter, values in (("kernel size", "k", kernel), ("stride", "d", stride), ("dilation", "dilation", dilation)):
        if min(values) <= 0:
            shown = " ".join(f"{letter}{axis}: {value}" for axis, value in zip(letters, values))
            raise RuntimeError(f"{what} should be greater than zero, but got {shown}")


def _check_image(name, shape, kernel, padding):
    if len(shape) not in (3, 4) or 0 in shape[-3:]:
        raise RuntimeError(f"Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:{list(shape)}")
    if any(pad > size // 2 for size, pad in zip(kernel, padding)):
        raise RuntimeError(f"pad should be smaller than or equal to half of kernel size, but got padW = {padding[1]}, padH = {padding[0]}, "
                           f"kW = {kernel[1]}, kH = {kernel[0]}")


def _check_volume(name, shape, kernel, padding):
    if 0 in shape[-4:]:
        raise RuntimeError(f"{name}(): Expected input's non-batch dimensions to have positive length, but input has a shape of {list(shape)} "
                           "and non-batch dimension 0 has length zero!")
    if name == "avg_pool3d" and any(extent < size for extent, size in zip(shape[-3:], kernel)):
        image, window = (" ".join(f"{before}{axis}: {value}" for axis, value in zip("THW", values))
                         for before, values in (("", shape[-3:]), ("k", kernel)))
        raise RuntimeError(f"input image ({image}) smaller than kernel size ({window})")
    if any(pad > size // 2 for size, pad in zip(kernel, padding)):
        (time, height, width), (late, high, wide) = kernel, padding
        raise RuntimeError("pad should be smaller than or equal to half of kernel size, but got "
                           f"kT: {time} kW: {width} kH: {height} padT: {late} padW: {wide} padH: {high}")


# ---------------------------------------------------------------- windows that cover the input evenly
@functools.lru_cache(4096)
def check_adaptive(name, shape, sizes, rank):
    """Raise torch's error about as many windows as `sizes` says over a tensor of this shape."""
    if rank == 1:
        check_line(name, shape)
        if len(sizes) != 1:
            raise RuntimeError(f"{name}() argument 'output_size' should contain one int (got {len(sizes)})")
    (_check_greatest if "max" in name else _check_mean)(name, shape, sizes, rank)


def _check_mean(name, shape, sizes, rank):
    if rank == 1:
        name, shape, sizes, rank = "adaptive_avg_pool2d", (*shape[:-1], 1, shape[-1]), (1, *sizes), 2
    if len(sizes) != rank:
        raise RuntimeError(f"{name}: output_size must be {rank}")
    if min(sizes) < 0:
        first, *rest = map(str, sizes)
        raise RuntimeError(f"{name}: elements of output_size must be greater than or equal to 0 but received {{{first}, {','.join(rest)}}}")
    if set(sizes) == {1}:       # the mean over all of space, which asks for no channels
        for dim in range(-1, -rank - 1, -1):
            dim_range(dim, len(shape))
        return
    if len(shape) not in (rank + 1, rank + 2):
        raise RuntimeError(f"{name}(): Expected {rank + 1}D or {rank + 2}D tensor, but got {list(shape)}")
    _check_some(name, shape, range(len(shape) - rank, len(shape)) if rank == 2 else range(1, len(shape)))


def _check_greatest(name, shape, sizes, rank):
    if rank > 1 and len(shape) not in (rank + 1, rank + 2):
        raise RuntimeError(f"{name}(): Expected {rank + 1}D or {rank + 2}D tensor, but got: {list(shape)}")
    _check_some(name, shape, range(1, len(shape)))
    if len(sizes) != rank:
        raise RuntimeError(f"{name}(): internal error: output_size.size() must be {rank}")
    made = [*shape[:-rank], *(1,) * (rank == 1), *sizes]
    if min(sizes) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {next(size for size in sizes if size < 0)}: {made}")


def _check_some(name, shape, dims):
    for dim in dims:
        if shape[dim] == 0:
            raise RuntimeError(f"{name}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes {list(shape)} "
                               f"with dimension {dim} being empty")
