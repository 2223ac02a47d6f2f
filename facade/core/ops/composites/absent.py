"""What torch has and facade has not, by name: a call says what to use instead, rather than that there is no such attribute."""

from facade.core.errors import unsupported
from facade.core.ops.composites import composite

SPARSE = "tensors are dense here; keep indices and values as two tensors"
QUANTIZED = "there are no quantized dtypes; use float16 or bfloat16 for speed"
HALVES = "there is no complex32; use cfloat()"
BAGS = "use nn.functional.embedding_bag"
DEVICES = "there is no such device here; use .to()"

NAMES = {
    ("torch", SPARSE): "sparse_coo_tensor sparse_csr_tensor sparse_csc_tensor sparse_bsr_tensor sparse_bsc_tensor sparse_compressed_tensor spmm smm hsmm dsmm "
                       "hspmm saddmm sspaddmm resize_as_sparse_",
    ("Tensor", SPARSE): "to_sparse to_sparse_coo to_sparse_csr to_sparse_csc to_sparse_bsr to_sparse_bsc sparse_mask sparse_resize_ "
                        "sparse_resize_and_clear_ smm sspaddmm",
    ("torch", QUANTIZED): "quantize_per_tensor quantize_per_channel quantize_per_tensor_dynamic empty_quantized quantized_batch_norm quantized_gru "
                          "quantized_gru_cell quantized_lstm quantized_lstm_cell quantized_max_pool1d quantized_max_pool2d quantized_max_pool3d "
                          "quantized_rnn_relu_cell quantized_rnn_tanh_cell",
    ("torch Tensor", QUANTIZED): "dequantize int_repr q_scale q_zero_point q_per_channel_scales q_per_channel_zero_points q_per_channel_axis",
    ("torch", BAGS): "embedding_bag", ("Tensor", QUANTIZED): "qscheme", ("Tensor", HALVES): "chalf", ("Tensor", DEVICES): "ipu mtia to_mkldnn"}


def _absent(name, place, instead):
    def refuse(*args, **names):
        raise unsupported(f"torch.{'' if place == 'torch' else 'Tensor.'}{name}()", instead)
    refuse.__name__ = name
    refuse.__doc__ = f"Not supported: {instead}"
    return refuse


for (_at, _instead), _names in NAMES.items():
    for _place in _at.split():
        for _name in _names.split():
            composite(at=_place, name=_name)(_absent(_name, _place, _instead))
