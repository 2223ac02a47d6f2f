"""fractional_max_pool2d and 3d: windows whose places are drawn at random, so that the image shrinks by any factor."""

from facade.core.ops.composites import composite
from facade.core.ops.dispatch import apply
from facade.core.ops.rows.pooling import FRACTIONAL_MAX_POOL
from facade.core.ops.table import ARRAY

AXES = {2: ("height", "width"), 3: ("time", "height", "width")}


def _numbers(value, rank, what, name):
    numbers = (value,) * rank if isinstance(value, (int, float)) else tuple(value)
    if len(numbers) != rank:
        raise RuntimeError(f"{name}: {what} must either be a single Int or tuple of {'three ' if rank == 3 else ''}Ints")
    return tuple(map(int, numbers))


def _sizes(input, output_size, output_ratio, rank, name):
    """The output size as it is given, or as a share of the input's."""
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    if output_size is not None:
        return output_size
    if rank == 2 and len(output_ratio) > 2:
        raise ValueError(f"{name} requires output_ratio to either be a single Int or tuple of Ints.")
    ratios = output_ratio if isinstance(output_ratio, (list, tuple)) else (output_ratio,) * rank
    return tuple(int(input.size(at - rank) * ratios[at]) for at in range(rank))


def _check(input, kernel, sizes, samples, rank, name):
    shape, shown = list(input.shape), name if rank == 2 else f"{name}_out"
    if input.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(f"{shown}(): Expected {rank + 1}D or {rank + 2}D tensor, but got: {shape}")
    for dim in range(input.ndim - rank - 1, input.ndim):
        if shape[dim] == 0:
            raise RuntimeError(f"{shown}(): Expected input to have non-zero size for non-batch dimensions, but got{shape} "
                               f"with dimension {dim} being empty.")
    for axis, extent, size, count in zip(AXES[rank], shape[-rank:], kernel, sizes):
        if count + size - (rank == 2) > extent:          # in volumes torch wants one element more
            raise RuntimeError(f"{shown}(): pool {axis} {size} too large relative to input {axis} {extent}")
    _check_samples(input, samples, rank)
    if min(kernel) < 1:
        raise NotImplementedError(f"{name} of windows with no elements: give a kernel_size of at least 1")


def _check_samples(input, samples, rank):
    if samples.dtype is not input.dtype:
        raise RuntimeError("Expect _random_samples to have the same dtype as input")
    if samples.ndim != 3:
        raise RuntimeError(f"Expect _random_samples to have 3 dimensions, got {samples.ndim}")
    if samples.shape[0] < (input.shape[0] if input.ndim == rank + 2 else 1):
        raise RuntimeError("Expect _random_samples.size(0) no less then input batch size.")
    if samples.shape[1] != input.shape[-rank - 1]:
        raise RuntimeError("Expect _random_samples.size(1) equals to input channel size.")
    if samples.shape[2] != rank:
        raise RuntimeError(f"Expect _random_samples.size(2) equals to {rank}; got {samples.shape[2]}.")


def _expose(rank):
    name = f"fractional_max_pool{rank}d"

    def both(input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None):
        sizes = _sizes(input, output_size, output_ratio, rank, name)
        if _random_samples is None:
            batch = 1 if input.ndim == rank + 1 else input.size(0)
            _random_samples = input.detach().new_empty((batch, input.size(-rank - 1), rank)).uniform_()
        kernel = _numbers(kernel_size, rank, "kernel_size", name)
        sizes = _numbers(sizes, rank, "output_size", name)
        _check(input, kernel, sizes, _random_samples, rank, name)
        batched = input if input.ndim == rank + 2 else input.unsqueeze(0)
        found = apply(FRACTIONAL_MAX_POOL[rank], (ARRAY, kernel, sizes, ARRAY), (batched, _random_samples[:batched.shape[0]]))
        return found if batched is input else tuple(each.squeeze(0) for each in found)

    def pool(input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None):
        found = both(input, kernel_size, output_size, output_ratio, return_indices, _random_samples)
        return tuple(found) if return_indices else found[0]
    pool.__name__, both.__name__ = name, f"{name}_with_indices"
    pool.__doc__ = both.__doc__ = f"""The greatest element of windows at random places over the {rank} last dimensions.

    output_size: how many windows; output_ratio: their number as a share of the input's size; return_indices: and where the
    elements are, among all of the image in a row. The places follow {rank} draws for each image and channel (Graham, 2014).
    """
    composite(at="nn.functional")(pool)
    composite(at="nn.functional")(both)


for _rank in AXES:
    _expose(_rank)
