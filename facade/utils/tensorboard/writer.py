"""The writer of event files: what TensorBoard shows, as it is added."""

import datetime
import os
import socket
import time

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from facade.utils.tensorboard import summary

__all__ = ["FileWriter", "SummaryWriter"]


class FileWriter:
    """One event file in a directory."""

    def __init__(self, log_dir, max_queue=10, flush_secs=120, filename_suffix=""):
        self.event_writer = EventFileWriter(str(log_dir), max_queue, flush_secs, filename_suffix)

    def get_logdir(self):
        """The directory."""
        return self.event_writer.get_logdir()

    def add_event(self, event, step=None, walltime=None):
        """Write an Event of TensorBoard, at this step and time (now if not given)."""
        event.wall_time = time.time() if walltime is None else walltime
        if step is not None:
            event.step = int(step)
        self.event_writer.add_event(event)

    def add_summary(self, summary, global_step=None, walltime=None):
        """Write a Summary of TensorBoard."""
        self.add_event(Event(summary=summary), global_step, walltime)

    def flush(self):
        """Write to the disk what waits."""
        self.event_writer.flush()

    def close(self):
        """The end of the file."""
        self.event_writer.close()


def _unsupported(name, instead):
    def method(self, *args, **kwargs):
        raise NotImplementedError(f"SummaryWriter.{name} is not supported: {instead}")
    method.__name__, method.__doc__ = name, f"Not supported: {instead}."
    return method


class SummaryWriter:
    """Adds numbers, histograms, images, figures and texts to the event files of a run.

    log_dir: where; runs/<time>_<host><comment> if not given. Each `add_` takes a tag, global_step and walltime.
    """

    def __init__(self, log_dir=None, comment="", purge_step=None, max_queue=10, flush_secs=120, filename_suffix=""):
        if not log_dir:
            log_dir = os.path.join("runs", f"{datetime.datetime.now():%b%d_%H-%M-%S}_{socket.gethostname()}{comment}")
        self.log_dir, self.purge_step = str(log_dir), purge_step
        self.max_queue, self.flush_secs, self.filename_suffix = max_queue, flush_secs, filename_suffix
        self.file_writer, self.all_writers = None, {}
        writer = self._get_file_writer()
        if purge_step is not None:
            writer.add_event(Event(file_version="brain.Event:2"), purge_step)

    def _get_file_writer(self):
        """The run's own writer; a new one after `close`."""
        return self._writer_of(self.log_dir)

    def _writer_of(self, directory):
        if directory not in self.all_writers:
            self.all_writers[directory] = FileWriter(directory, self.max_queue, self.flush_secs, self.filename_suffix)
        self.file_writer = self.all_writers.get(self.log_dir)
        return self.all_writers[directory]

    def _add(self, made, global_step, walltime):
        self._get_file_writer().add_summary(made, global_step, walltime)

    def get_logdir(self):
        """Where the event files are."""
        return self.log_dir

    def add_scalar(self, tag, scalar_value, global_step=None, walltime=None, new_style=False, double_precision=False):
        """A number, such as a loss; new_style and double_precision change only how torch stores it."""
        self._add(summary.scalar(tag, scalar_value), global_step, walltime)

    def add_scalars(self, main_tag, tag_scalar_dict, global_step=None, walltime=None):
        """Numbers in one diagram; each name has an event file of its own."""
        for tag, value in tag_scalar_dict.items():
            directory = f"{self.log_dir}/{main_tag.replace('/', '_')}_{tag}"
            self._writer_of(directory).add_summary(summary.scalar(main_tag, value), global_step, walltime)

    def add_histogram(self, tag, values, global_step=None, bins="tensorflow", walltime=None, max_bins=None):
        """How values are distributed."""
        self._add(summary.histogram(tag, values, bins, max_bins), global_step, walltime)

    def add_image(self, tag, img_tensor, global_step=None, walltime=None, dataformats="CHW"):
        """An image: bytes from 0 to 255, or numbers from 0 to 1."""
        self._add(summary.image(tag, summary.pixels(img_tensor, dataformats)), global_step, walltime)

    def add_images(self, tag, img_tensor, global_step=None, walltime=None, dataformats="NCHW"):
        """A batch of images, eight in a row."""
        self.add_image(tag, img_tensor, global_step, walltime, dataformats)

    def add_figure(self, tag, figure, global_step=None, close=True, walltime=None):
        """A figure of matplotlib, or several in a list; with close, each is cleared afterwards."""
        drawn = []
        for each in figure if isinstance(figure, list) else [figure]:
            each.canvas.draw()
            drawn.append(np.array(each.canvas.buffer_rgba()))
            if close:
                each.clear()
        self.add_image(tag, np.stack(drawn), global_step, walltime, "NHWC")

    def add_text(self, tag, text_string, global_step=None, walltime=None):
        """A text in Markdown."""
        self._add(summary.text(tag, text_string), global_step, walltime)

    def add_hparams(self, hparam_dict, metric_dict, hparam_domain_discrete=None, run_name=None, global_step=None):
        """The hyperparameters of a run and what they led to, in a run of its own; hparam_domain_discrete is not recorded."""
        messages = summary.hparams(hparam_dict, metric_dict)
        with SummaryWriter(os.path.join(self.log_dir, run_name or str(time.time()))) as writer:
            for each in messages:
                writer._add(each, global_step, None)
            for tag, value in metric_dict.items():
                writer.add_scalar(tag, value, global_step)

    add_graph = _unsupported("add_graph", "use add_text with facade.interop.jaxpr")
    add_embedding = _unsupported("add_embedding", "use add_figure")
    add_pr_curve = _unsupported("add_pr_curve", "use add_figure")
    add_audio = _unsupported("add_audio", "write a sound file")
    add_video = _unsupported("add_video", "use add_images")
    add_mesh = _unsupported("add_mesh", "use add_figure")

    def flush(self):
        """Write to the disk what waits."""
        for writer in self.all_writers.values():
            writer.flush()

    def close(self):
        """The end of the event files; what is added later goes to new ones."""
        for writer in self.all_writers.values():
            writer.close()
        self.file_writer, self.all_writers = None, {}

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_val, exc_tb):
        self.close()
