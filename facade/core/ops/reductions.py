"""What a loss makes of the losses of its elements: the names of reductions, their numbers, and the two flags that said it before."""

from facade.core.warn import warn

REDUCTIONS = {"none": 0, "mean": 1, "sum": 2}


def legacy_name(size_average, reduce):
    """The name of the reduction that the older flags ask for, with the warning that they are old; None where neither is given."""
    if size_average is None and reduce is None:
        return None
    name = "none" if reduce is False else "sum" if size_average is False else "mean"
    warn(f"size_average and reduce args will be deprecated, please use reduction='{name}' instead.")
    return name


def number(name, size_average=None, reduce=None):
    """The number of a reduction; the two older flags win when they are given."""
    name = legacy_name(size_average, reduce) or name
    if name == "elementwise_mean":
        warn("reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.")
        return REDUCTIONS["mean"]
    if name not in REDUCTIONS:
        raise ValueError(f"{name} is not a valid value for reduction")
    return REDUCTIONS[name]
