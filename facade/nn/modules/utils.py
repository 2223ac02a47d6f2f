"""Small tools of the layers (torch.nn.modules.utils)."""

from itertools import repeat

__all__ = ["consume_prefix_in_state_dict_if_present"]


def _ntuple(n, name="parse"):
    """A function that makes n of one value, and a tuple of several."""
    def parse(x):
        return tuple(x) if hasattr(x, "__iter__") else tuple(repeat(x, n))
    parse.__name__ = name
    return parse


_single, _pair, _triple, _quadruple = (_ntuple(count, name) for count, name in enumerate(("_single", "_pair", "_triple", "_quadruple"), 1))


def _reverse_repeat_tuple(t, n):
    """Each element n times, the last one first."""
    return tuple(each for each in reversed(t) for _ in range(n))


def _list_with_default(out_size, defaults):
    """Sizes, with the last of the defaults in place of those that are None."""
    if isinstance(out_size, (int, float)):
        return out_size
    if len(defaults) <= len(out_size):
        raise ValueError(f"Input dimension should be at least {len(out_size) + 1}")
    return [default if size is None else size for size, default in zip(out_size, defaults[-len(out_size):])]


def consume_prefix_in_state_dict_if_present(state_dict, prefix):
    """Take a prefix from the names of a state, in place: that of DataParallel is `module.`"""
    for key in [key for key in state_dict if key.startswith(prefix)]:
        state_dict[key[len(prefix):]] = state_dict.pop(key)
    metadata = getattr(state_dict, "_metadata", {})
    for key in [key for key in metadata if key == prefix.rstrip(".") or key.startswith(prefix)]:
        if key:
            metadata[key[len(prefix):]] = metadata.pop(key)
