"""Measurements run each in a process of its own, pinned to one processor, and come back as a line of JSON."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_BACKENDS = "facade", "torch", "jax"
BACKENDS = *DEFAULT_BACKENDS, "torch.compile"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def available(backends):
    """Those of the backends that can run here; what is left out is said."""
    reasons = {backend: reason for backend in backends if (reason := missing(backend))}
    for backend, reason in reasons.items():
        print(f"{backend} is left out: {reason}", file=sys.stderr)
    return [backend for backend in backends if backend not in reasons]


def missing(backend):
    """What a backend lacks here, in words; None where it lacks nothing."""
    package = namespace_of(backend)
    if importlib.util.find_spec(package) is None:
        return f"{package} is not installed"
    if backend == "torch.compile" and not any(map(shutil.which, (os.environ.get("CXX", "c++"), "g++", "clang++"))):
        return "there is no C++ compiler"
    return None


def namespace_of(backend):
    """The name of the package whose namespace a backend computes with."""
    return backend.split(".")[0]


def measured(module, *arguments, is_pinned=True):
    """What `python -m module processor arguments` printed last, and `elapsed`, its wall time; None where it failed."""
    command = [sys.executable, "-m", module, processor() if is_pinned else "all", *arguments]
    environment = os.environ | {"JAX_PLATFORMS": "cpu"} | (ONE_THREAD if is_pinned else {})
    start = time.perf_counter()
    finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    elapsed = time.perf_counter() - start
    if finished.returncode != 0:
        print(f"\n{' '.join(command[2:])} failed:\n{finished.stderr}", file=sys.stderr)
        return None
    return json.loads(finished.stdout.splitlines()[-1]) | {"elapsed": elapsed}


def processor():
    """The number of the processor to pin to: the last one, since the first serves more interrupts."""
    return str(max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0)


def pin(number):
    """Keep this process on the processor of that number, unless it is "all"."""
    if number != "all" and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(number)})


def progress(text):
    """Show on a terminal what runs at the moment."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
