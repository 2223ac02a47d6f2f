"""A script run as `python FILE args...` would run it, with `torch` meaning facade.

Same `__main__`, same `sys.argv`, same first entry of `sys.path`, same traceback, same exit code.
"""

import runpy
import sys
from pathlib import Path

from facade.port.alias import install

UNREADABLE = 2  # python's own exit code for a file it cannot open


def run_script(path, arguments):
    """Run the script at `path` as this process's main program and return the exit code.

    SystemExit and KeyboardInterrupt pass through, and the alias stays: what the script left to run at exit
    may still import torch.
    """
    if not Path(path).is_file():
        print(f"facade: can't open file {str(Path(path).absolute())!r}: no such file", file=sys.stderr)
        return UNREADABLE
    _become(path, arguments)
    install()
    try:
        runpy.run_path(path, run_name="__main__")
    except Exception as error:
        _show(error, path)
        return 1
    return 0


def _become(path, arguments):
    """`sys.argv` and `sys.path` as the script expects them."""
    sys.argv = [path, *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = str(Path(path).resolve().parent)


def _show(error, path):
    """Hand the error to the script's own `sys.excepthook`, with the traceback beginning in the script."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != path:
        trace = trace.tb_next
    sys.excepthook(type(error), error.with_traceback(trace), trace)
