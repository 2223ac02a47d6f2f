"""torch's own exceptions, and the sentences that several places say."""


class OutOfMemoryError(RuntimeError):
    """Raised where a device has no memory left (torch.OutOfMemoryError)."""


class AcceleratorError(RuntimeError):
    """Raised where a device fails (torch.AcceleratorError)."""


class FatalError(Exception):
    """What cannot be recovered from (torch.FatalError)."""


class LinAlgError(RuntimeError):
    """Raised where a matrix has no answer, such as the inverse of a singular one (torch.linalg.LinAlgError)."""


LinAlgError.__name__ = "_LinAlgError"        # what PyTorch's says that it is called


def unsupported(name, instead):
    """The exception for what facade leaves out: NotImplementedError that says what to use."""
    return NotImplementedError(f"facade does not support {name}: {instead}")


def dim_range(dim, ndim):
    """`dim` counted from the front; IndexError in torch's words when there is no such dimension."""
    span = ndim or 1
    if not -span <= dim < span:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-span}, {span - 1}], but got {dim})")
    return dim + span if dim < 0 else dim


def dims_of(dim, ndim):
    """A tuple of distinct dims counted from the front; None and () mean all."""
    if dim is None or dim == ():
        return tuple(range(ndim))
    dims = tuple(dim_range(each, ndim) for each in ((dim,) if isinstance(dim, int) else dim))
    for each in dims:
        if dims.count(each) > 1:
            raise RuntimeError(f"dim {each} appears multiple times in the list of dims")
    return dims


def broadcast_shapes(*shapes):
    """The shape that these broadcast to; RuntimeError in torch's words when they do not."""
    rank = max(map(len, shapes), default=0)
    result = [1] * rank
    for shape in shapes:
        for place in range(-1, -len(shape) - 1, -1):
            have, extent = result[place], shape[place]
            if extent != 1 and have != extent:
                if have != 1:
                    raise RuntimeError(f"The size of tensor a ({have}) must match the size of tensor b ({extent}) "
                                       f"at non-singleton dimension {rank + place}")
                result[place] = extent
    return tuple(result)
