"""What is recorded, as TensorBoard's own messages: numbers, histograms, images, texts. Values are tensors, arrays or Python numbers."""

import itertools
import operator
import struct
import zlib

import numpy as np
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.plugins.hparams.api_pb2 import Experiment, HParamInfo, MetricInfo, MetricName
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo, SessionStartInfo
from tensorboard.plugins.text.plugin_data_pb2 import TextPluginData

from facade.core.tensor.tensor import Tensor

_COLUMNS = 8        # of the grid that several images become


def array_of(value):
    """The numbers of a tensor, an array, a list or a Python number."""
    return value.numpy_value() if isinstance(value, Tensor) else np.asarray(value)


def scalar(tag, value):
    """One number."""
    array = array_of(value)
    if array.size != 1:
        raise AssertionError(f"Tensor should contain one element (0 dimensions).             Was given size: {array.size} and {array.ndim} dimensions.")
    return Summary(value=[Summary.Value(tag=tag, simple_value=float(array.reshape(())))])


def _edges():
    """Edges of bins that grow by a tenth each, from 1e-12 to 1e20, on both sides of zero: TensorFlow's."""
    upwards = list(itertools.takewhile(lambda edge: edge < 1e20, itertools.accumulate(itertools.repeat(1.1), operator.mul, initial=1e-12)))
    return np.array([-edge for edge in reversed(upwards)] + [0.0] + upwards)


def histogram(tag, values, bins, max_bins=None):
    """How often values fall into each bin. bins: edges, a number of them, a rule's name that NumPy knows, or 'tensorflow'."""
    values = array_of(values).astype(np.float64).reshape(-1)
    if not values.size:
        raise ValueError("The input has no element.")
    counts, edges = np.histogram(values, bins=_edges() if isinstance(bins, str) and bins == "tensorflow" else bins)
    if max_bins is not None and len(counts) > max_bins:
        width = len(counts) // max_bins
        counts = np.add.reduceat(counts, range(0, len(counts), width))
        edges = np.append(edges[:-1:width], edges[-1])
    filled = np.flatnonzero(counts)
    if not filled.size:
        raise ValueError("The histogram is empty, please file a bug report.")
    first, last = filled[0], filled[-1]
    made = HistogramProto(min=values.min(), max=values.max(), num=len(values), sum=values.sum(), sum_squares=values @ values,
                          bucket_limit=edges[first:last + 2].tolist(), bucket=[0.0, *counts[first:last + 1].tolist()])
    return Summary(value=[Summary.Value(tag=tag, histo=made)])


def _grid(images):
    """Images (number, height, width, channels) as one, several in a row."""
    columns = min(_COLUMNS, len(images))
    rows = -(-len(images) // columns)
    padded = np.concatenate([images, np.zeros((rows * columns - len(images), *images.shape[1:]), images.dtype)])
    return np.concatenate([np.concatenate(list(row), 1) for row in padded.reshape(rows, columns, *images.shape[1:])])


def pixels(value, dataformats):
    """An image or a batch of images as bytes (height, width, channels). dataformats: what the dimensions are, as in 'CHW' or 'NHWC'."""
    array, letters = array_of(value), dataformats.upper()
    if len(set(letters)) != len(letters) or len(letters) != array.ndim or not set(letters) <= set("NCHW"):
        raise AssertionError(f"size of input tensor and input format are different.         tensor shape: {array.shape}, input_format: {dataformats}")
    if array.dtype != np.uint8:
        array = (array.astype(np.float32) * 255).clip(0, 255).astype(np.uint8)
    for missing in (letter for letter in "NC" if letter not in letters):
        array, letters = array[None], missing + letters
    array = _grid(array.transpose([letters.index(letter) for letter in "NHWC"]))
    return np.repeat(array, 3, 2) if array.shape[2] == 1 else array


def _png(array):
    """An image file of bytes (height, width, 3 or 4 channels), uncompressed but for zlib."""
    height, width, channels = array.shape
    header = struct.pack(">IIBBBBB", width, height, 8, {3: 2, 4: 6}[channels], 0, 0, 0)
    lines = b"".join(b"\0" + line.tobytes() for line in array)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks)


def image(tag, array):
    """An image of bytes (height, width, 3 or 4 channels)."""
    height, width, channels = array.shape
    made = Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=_png(array))
    return Summary(value=[Summary.Value(tag=tag, image=made)])


def text(tag, content):
    """A text in Markdown."""
    plugin = SummaryMetadata.PluginData(plugin_name="text", content=TextPluginData(version=0).SerializeToString())
    made = TensorProto(dtype="DT_STRING", string_val=[content.encode()], tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]))
    return Summary(value=[Summary.Value(tag=tag + "/text_summary", metadata=SummaryMetadata(plugin_data=plugin), tensor=made)])


def _plain(value):
    """A hyperparameter as TensorBoard keeps it: a number or a text."""
    if isinstance(value, Tensor):
        value = array_of(value).item()
    if not isinstance(value, (int, float, str)):
        raise ValueError("value should be one of int, float, str, bool, or torch.Tensor")
    return value if isinstance(value, str) else float(value)


def _of_hparams(tag, **content):
    plugin = SummaryMetadata.PluginData(plugin_name="hparams", content=HParamsPluginData(version=0, **content).SerializeToString())
    return Summary(value=[Summary.Value(tag="_hparams_/" + tag, metadata=SummaryMetadata(plugin_data=plugin))])


def hparams(parameters, metrics):
    """Three messages: which parameters and metrics there are, the values of the parameters, and that the run has ended well."""
    if not isinstance(parameters, dict) or not isinstance(metrics, dict):
        raise TypeError("hparam_dict and metric_dict should be dictionary.")
    values = {name: _plain(value) for name, value in parameters.items() if value is not None}
    kinds = [HParamInfo(name=name, type="DATA_TYPE_STRING" if isinstance(value, str) else "DATA_TYPE_FLOAT64") for name, value in values.items()]
    start = SessionStartInfo()
    for name, value in values.items():
        setattr(start.hparams[name], "string_value" if isinstance(value, str) else "number_value", value)
    known = Experiment(hparam_infos=kinds, metric_infos=[MetricInfo(name=MetricName(tag=tag)) for tag in metrics])
    return [_of_hparams("experiment", experiment=known), _of_hparams("session_start_info", session_start_info=start),
            _of_hparams("session_end_info", session_end_info=SessionEndInfo(status="STATUS_SUCCESS"))]
