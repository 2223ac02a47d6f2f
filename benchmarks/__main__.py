"""`python -m benchmarks`: every workload on every backend, in turn, several rounds, and the table of medians."""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.table import medians, render
from benchmarks.workloads import WORKLOADS

ROOT = Path(__file__).resolve().parents[1]
BACKENDS = ("facade", "torch", "jax")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu"}


def main():
    options = parse()
    backends = [backend for backend in options.backends if is_installed(backend)]
    selected = [name for name in WORKLOADS if any(part in name for part in options.only)]
    rounds = {name: {backend: [] for backend in backends} for name in selected}
    for number in range(1, options.rounds + 1):
        for name in selected:
            for backend in backends:
                progress(f"round {number} of {options.rounds}: {name}, {backend}")
                rounds[name][backend] += run(backend, name)
    progress("")
    results = {name: {backend: medians(found) for backend, found in of_name.items() if found} for name, of_name in rounds.items()}
    print(json.dumps(results, indent=1) if options.json else render(results))
    return 0 if all(found for of_name in rounds.values() for found in of_name.values()) else 1


def parse():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[""], metavar="PART", help="only the workloads whose names contain one of these")
    parser.add_argument("--rounds", type=int, default=3, help="processes for each workload and backend (3)")
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=BACKENDS, help="only these")
    parser.add_argument("--json", action="store_true", help="print the medians as JSON, in seconds and bytes")
    return parser.parse_args()


def is_installed(backend):
    if importlib.util.find_spec(backend) is not None:
        return True
    print(f"{backend} is not installed: left out", file=sys.stderr)
    return False


def run(backend, name):
    """The measurement by one worker as a list of one; an empty list where the worker failed."""
    processor = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    command = [sys.executable, "-m", "benchmarks.worker", backend, name, str(processor)]
    finished = subprocess.run(command, cwd=ROOT, env=os.environ | ONE_THREAD, capture_output=True, text=True)
    if finished.returncode != 0:
        print(f"\n{name} failed on {backend}:\n{finished.stderr}", file=sys.stderr)
        return []
    return [json.loads(finished.stdout.splitlines()[-1])]


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
