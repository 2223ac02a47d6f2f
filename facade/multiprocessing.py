"""Processes that share tensors by value (torch.multiprocessing): Python's multiprocessing, and `spawn`.

A tensor that is sent to another process arrives as a copy. A process that was forked must not compute with JAX; use the start methods
'spawn' and 'forkserver', or a DataLoader, whose workers know.
"""

import contextlib
import multiprocessing
import signal
import sys
import traceback
from multiprocessing import *  # noqa: F403
from multiprocessing.connection import wait

__all__ = ["ProcessException", "ProcessExitedException", "ProcessRaisedException", "SpawnContext", "get_all_sharing_strategies", "get_sharing_strategy",
           "set_sharing_strategy", "spawn", "start_processes", *multiprocessing.__all__]

_strategies = ("file_descriptor", "file_system")
_state = {"strategy": _strategies[0]}


def get_all_sharing_strategies():
    """The names of torch's ways to share memory."""
    return set(_strategies)


def get_sharing_strategy():
    """The one that was set; nothing depends on it here."""
    return _state["strategy"]


def set_sharing_strategy(new_strategy):
    """Remember a way to share memory; without effect."""
    if new_strategy not in _strategies:
        raise AssertionError(f"invalid sharing strategy {new_strategy!r}, expected one of {get_all_sharing_strategies()}")
    _state["strategy"] = new_strategy


class ProcessException(Exception):
    """A process failed. error_index, pid: which one."""

    def __init__(self, msg, error_index, pid):
        super().__init__(msg)
        self.msg, self.error_index, self.pid = msg, error_index, pid


class ProcessRaisedException(ProcessException):
    """A process raised an exception, whose traceback the message shows."""


class ProcessExitedException(ProcessException):
    """A process ended with an exit code other than 0, or by a signal."""

    def __init__(self, msg, error_index, pid, exit_code, signal_name=None):
        super().__init__(msg, error_index, pid)
        self.exit_code, self.signal_name = exit_code, signal_name


def _run(function, index, args, failures):
    try:
        function(index, *args)
    except KeyboardInterrupt:
        pass
    except Exception:
        failures.send(traceback.format_exc())
        sys.exit(1)


class SpawnContext:
    """The processes that `spawn` started. failures: for each, the end of the pipe through which it tells its traceback."""

    def __init__(self, processes, failures):
        self.processes, self.failures = processes, failures

    def pids(self):
        """The numbers of the processes."""
        return [int(process.pid) for process in self.processes]

    def join(self, timeout=None):
        """Wait for processes to end: True when all have. If one fails, the others are terminated and its exception is raised."""
        running = [process.sentinel for process in self.processes if process.exitcode is None]
        if running:
            wait(running, timeout)
        failed = next((index for index, process in enumerate(self.processes) if process.exitcode), None)
        if failed is None:
            return all(process.exitcode == 0 for process in self.processes)
        for process in self.processes:
            process.terminate()
            process.join()
        raise self._failure(failed)

    def _failure(self, index):
        process, pipe = self.processes[index], self.failures[index]
        with contextlib.suppress(EOFError):
            return ProcessRaisedException(f"\n\n-- Process {index} terminated with the following error:\n{pipe.recv()}", index, process.pid)
        if process.exitcode > 0:
            return ProcessExitedException(f"process {index} terminated with exit code {process.exitcode}", index, process.pid, process.exitcode)
        name = signal.Signals(-process.exitcode).name
        return ProcessExitedException(f"process {index} terminated with signal {name}", index, process.pid, process.exitcode, name)


def start_processes(fn, args=(), nprocs=1, join=True, daemon=False, start_method="spawn"):
    """Run fn(index, *args) in nprocs processes; with join, wait for all, else return the SpawnContext."""
    context, processes, failures = multiprocessing.get_context(start_method), [], []
    for index in range(nprocs):
        mine, theirs = context.Pipe(duplex=False)
        processes.append(context.Process(target=_run, args=(fn, index, args, theirs), daemon=daemon))
        processes[-1].start()
        theirs.close()
        failures.append(mine)
    made = SpawnContext(processes, failures)
    if not join:
        return made
    while not made.join():
        pass
    return None


def spawn(fn, args=(), nprocs=1, join=True, daemon=False, start_method="spawn"):
    """Run fn(index, *args) in nprocs new interpreters; with join, wait for all, else return the SpawnContext."""
    return start_processes(fn, args, nprocs, join, daemon, start_method)
