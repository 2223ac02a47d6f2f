"""What importing facade changes in the process, because every step is faster for it. FACADE_LEAVE_PROCESS=1 changes nothing.

Memory: XLA takes the temporaries of a program in one piece at each call. Above 32 MB glibc maps that piece anew and gives it back,
so that the kernel clears it page by page at every step; told to keep it, a step of a GPT with 4 layers takes 37 ms instead of 55.

Garbage: a full collection looks at everything that was ever imported, JAX's half a million objects with it (0.1 s). They are
there to stay, so they are taken out of its sight: 8,000 operations recorded in a row then cost 6 us each instead of 22.
"""

import ctypes
import gc
import os
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3       # of glibc's malloc.h
_LARGEST = 1 << 30


def settle_process():
    """Make these changes; once more when more was imported."""
    if os.environ.get("FACADE_LEAVE_PROCESS", "") in ("", "0"):
        _keep_memory()
        gc.freeze()


def _keep_memory():
    """Have glibc keep large pieces of memory for the next step; elsewhere nothing."""
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    # The second without the first makes things worse (79 ms), and an old glibc refuses so large a piece.
    if mallopt is not None and mallopt(_M_MMAP_THRESHOLD, _LARGEST):
        mallopt(_M_TRIM_THRESHOLD, 2 * _LARGEST - 1)
