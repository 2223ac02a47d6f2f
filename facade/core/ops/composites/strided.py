"""What tensors of other layouts have, asked of ours, which are all strided: the questions get their answers, the rest torch's refusal."""

from facade.core import dtypes
from facade.core.ops.composites import composite
from facade.core.tensor.tensor import Tensor

_COORDINATES, _ROWS, _COLUMNS = "sparse coordinate", "sparse row compressed", "sparse column compressed"
_OF_OTHERS = {"coalesce": _COORDINATES, "is_coalesced": _COORDINATES, "indices": _COORDINATES, "values": "sparse", "crow_indices": _ROWS,
              "col_indices": _ROWS, "ccol_indices": _COLUMNS, "row_indices": _COLUMNS}


def _refuse(name, layout):
    def refuse(self):
        raise RuntimeError(f"{name} expected {layout} tensor layout but got Strided")
    refuse.__doc__ = f"RuntimeError: only a tensor of {layout} layout has it"
    composite(at="Tensor", name=name)(refuse)


for _name, _layout in _OF_OTHERS.items():
    _refuse(_name, _layout)


@composite(at="Tensor")
def sparse_dim(self):
    """How many dims are sparse: none"""
    return 0


@composite(at="Tensor")
def dense_dim(self):
    """How many dims are not sparse: all"""
    return self.ndim


@composite()
def dequantize(input):
    """The tensor in single precision; itself if it is"""
    return [each.to(dtypes.float32) for each in input] if isinstance(input, (list, tuple)) else input.to(dtypes.float32)


@composite(at="Tensor")
def dim_order(self, *, ambiguity_check=False):
    """The dims as they lie in memory, the outermost first"""
    strides = self.strides
    return tuple(sorted(range(self.ndim), key=lambda dim: (-strides[dim], dim)))


Tensor.const_data_ptr = Tensor.mutable_data_ptr = lambda self: self.data_ptr()
