"""Event files: what TensorBoard reads back, where it is installed."""

import glob
import importlib.util

import numpy as np
import pytest

from tests.worlds import refusal

HAVE_TENSORBOARD = importlib.util.find_spec("tensorboard") is not None
needs_tensorboard = pytest.mark.skipif(not HAVE_TENSORBOARD, reason="needs the extra `tensorboard`")


@pytest.fixture
def writer(tmp_path):
    with importlib.import_module("facade.utils.tensorboard").SummaryWriter(tmp_path) as made:
        yield made


def values(writer):
    """{run/tag: the last value} of what was written."""
    loader = importlib.import_module("tensorboard.backend.event_processing.event_file_loader").LegacyEventFileLoader
    writer.flush()
    return {value.tag: value for path in sorted(glob.glob(writer.get_logdir() + "/**/events*", recursive=True))
            for event in loader(path).Load() for value in event.summary.value}


@pytest.mark.skipif(HAVE_TENSORBOARD, reason="tensorboard is installed")
def test_without_the_package():
    with pytest.raises(ModuleNotFoundError, match="No module named 'tensorboard'"):
        importlib.import_module("facade.utils.tensorboard")


@needs_tensorboard
def test_numbers_and_texts(writer):
    torch = importlib.import_module("facade")
    writer.add_scalar("loss", torch.tensor(1.5), 1)
    writer.add_scalars("both", {"a": 1}, 3)
    writer.add_text("note", "hello")
    writer.add_hparams({"rate": 0.1, "kind": "x"}, {"accuracy": torch.tensor(0.5)}, run_name="run")
    found = values(writer)
    assert found["loss"].simple_value == 1.5 and found["both"].simple_value == 1 and found["accuracy"].simple_value == 0.5
    assert found["note/text_summary"].tensor.string_val == [b"hello"] and "_hparams_/session_end_info" in found
    assert "Was given size: 2" in str(refusal(writer.add_scalar, "loss", torch.ones(2)))


@needs_tensorboard
def test_histogram(writer):
    writer.add_histogram("plain", np.array([1, 2, 2.5]), bins=10, max_bins=4)
    writer.add_histogram("wide", np.arange(-5.0, 20.0))
    found = values(writer)
    assert sum(found["plain"].histo.bucket) == 3 and sum(found["wide"].histo.bucket) == 25 and found["wide"].histo.max == 19


@needs_tensorboard
def test_images(writer):
    writer.add_image("grey", np.ones((4, 5)), dataformats="HW")
    writer.add_images("many", np.zeros((10, 1, 4, 5), np.uint8))
    found = values(writer)
    assert (found["grey"].image.height, found["grey"].image.width) == (4, 5) and (found["many"].image.height, found["many"].image.width) == (8, 40)
    assert found["grey"].image.encoded_image_string.startswith(b"\x89PNG")
    assert isinstance(refusal(writer.add_image, "bad", np.ones((2, 2))), AssertionError)
    assert isinstance(refusal(writer.add_graph, None), NotImplementedError)
