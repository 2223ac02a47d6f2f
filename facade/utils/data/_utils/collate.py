"""Collating: many samples become one batch, with a first dimension more in every tensor (torch.utils.data.default_collate).

What is done with a sample depends on its type, by a table that programs may extend. Arrays that are in memory already are laid side by
side by NumPy at once; what is still to be computed is stacked as everything else is, by recording.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from facade.core import dtypes
from facade.core.ops.composites.combining import stack
from facade.core.ops.creation import as_tensor, from_array, tensor
from facade.core.tensor.tensor import Tensor
from facade.utils.data._utils.containers import is_named_tuple, mapping_like, sequence_like

default_collate_err_msg_format = "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"
_TEXTS_AND_OBJECTS = "SUOa"


def default_convert(data):
    """`data` with each NumPy array in it as a tensor, in containers of the same types (tuples become lists).

    What a loader does to a sample that is not put into a batch.
    """
    if isinstance(data, Tensor):
        return data
    if type(data).__module__ == "numpy" and not isinstance(data, np.str_):
        return data if type(data) is np.ndarray and data.dtype.kind in _TEXTS_AND_OBJECTS else as_tensor(data)
    if isinstance(data, Mapping):
        return mapping_like(data, {key: default_convert(data[key]) for key in data})
    if is_named_tuple(data):
        return type(data)(*map(default_convert, data))
    if isinstance(data, tuple):
        return [default_convert(each) for each in data]
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return sequence_like(data, [default_convert(each) for each in data])
    return data


def _rule(sample, rules):
    """The function of the table for samples like this one, or None: its type's own, else the first that covers it."""
    return rules.get(type(sample)) or next((rules[kind] for kind in rules if isinstance(sample, kind)), None)


def collate(batch, *, collate_fn_map=None):
    """Samples of one structure as one: each leaf by the function that collate_fn_map has for its type.

    The functions take the list of leaves, and collate_fn_map by name.
    """
    sample, options = batch[0], {"collate_fn_map": collate_fn_map}
    rule = _rule(sample, collate_fn_map or {})
    if rule is not None:
        return rule(batch, **options)
    if isinstance(sample, Mapping):
        return mapping_like(sample, {key: collate([each[key] for each in batch], **options) for key in sample})
    if is_named_tuple(sample):
        return type(sample)(*(collate(column, **options) for column in zip(*batch)))
    if isinstance(sample, Sequence):
        if any(len(each) != len(sample) for each in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = [collate(column, **options) for column in zip(*batch)]
        return columns if isinstance(sample, tuple) else sequence_like(sample, columns)
    raise TypeError(default_collate_err_msg_format.format(type(sample)))


def _arrays_at_hand(batch):
    """The arrays of plain tensors without history and of one spec, if all are in NumPy's memory; else None."""
    arrays, spec = [], None
    for item in batch:
        if type(item) is not Tensor or item.requires_grad:
            return None
        mirror = None if item._storage is None or item._chain else item._storage.mirror
        value = item._value if mirror is not None else item.value
        array = value.array if mirror is None else mirror.array         # NumPy's memory as it is now: no need to compare it first
        if array.__class__ is not np.ndarray or value.spec is not (spec := spec or value.spec):
            return None
        arrays.append(array)
    return arrays


def collate_tensor_fn(batch, *, collate_fn_map=None):
    """Tensors of one shape, stacked."""
    arrays = _arrays_at_hand(batch)
    return stack(batch, 0) if arrays is None else from_array(np.stack(arrays))


def collate_numpy_array_fn(batch, *, collate_fn_map=None):
    """NumPy arrays of one shape, stacked to a tensor."""
    sample = batch[0]
    if sample.dtype.kind in _TEXTS_AND_OBJECTS:
        raise TypeError(default_collate_err_msg_format.format(sample.dtype))
    alike = all(each.__class__ is np.ndarray and each.shape == sample.shape and each.dtype == sample.dtype and min(each.strides, default=0) >= 0
                for each in batch)
    if alike and collate_fn_map.get(Tensor) is collate_tensor_fn and sample.dtype.isnative:
        dtypes.of_array(sample)
        return from_array(np.stack(batch))
    return collate([as_tensor(each) for each in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch, *, collate_fn_map=None):
    """NumPy's numbers as a vector."""
    kind = type(batch[0])
    if kind is not np.object_ and all(type(each) is kind for each in batch):
        array = np.array(batch)
        dtypes.of_array(array)
        return from_array(array)
    return as_tensor(batch)


def collate_float_fn(batch, *, collate_fn_map=None):
    """Python's floats as a vector of float64."""
    return tensor(batch, dtype=dtypes.float64)


def collate_int_fn(batch, *, collate_fn_map=None):
    """Python's ints and bools as a vector."""
    return tensor(batch)


def collate_str_fn(batch, *, collate_fn_map=None):
    """Texts stay as they are."""
    return batch


default_collate_fn_map = {Tensor: collate_tensor_fn, np.ndarray: collate_numpy_array_fn, (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,
                          float: collate_float_fn, int: collate_int_fn, str: collate_str_fn, bytes: collate_str_fn}


def default_collate(batch):
    """Samples of one structure as a batch of that structure, its leaves stacked along a new first dimension.

    Tensors and NumPy arrays become tensors; floats a vector of float64, ints of int64; texts a list. Dicts, lists and named tuples stay what
    they are, tuples become lists.
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)
