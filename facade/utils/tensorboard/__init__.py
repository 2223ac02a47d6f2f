"""Records of a training for TensorBoard (torch.utils.tensorboard), written by the package `tensorboard`, which has to be installed."""

from tensorboard.summary.writer.record_writer import RecordWriter

from facade.utils.tensorboard.writer import FileWriter, SummaryWriter

__all__ = ["FileWriter", "RecordWriter", "SummaryWriter"]
