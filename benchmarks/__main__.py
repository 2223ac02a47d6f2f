"""`python -m benchmarks`: every workload on every backend, in turn, several rounds, and the table of medians."""

import argparse
import json
import sys

from benchmarks import micro
from benchmarks.processes import BACKENDS, DEFAULT_BACKENDS, available, measured, progress
from benchmarks.table import medians, render
from benchmarks.workloads import WORKLOADS


def main():
    options = parse()
    backends = available(options.backends)
    selected = [workload for name, workload in WORKLOADS.items() if any(part in name for part in options.only or [""])]
    rounds = {workload.name: {backend: [] for backend in backends if workload.runs_on(backend)} for workload in selected}
    for number in range(1, options.rounds + 1):
        for name, of_name in rounds.items():
            for backend in of_name:
                progress(f"round {number} of {options.rounds}: {name}, {backend}")
                of_name[backend].append(run(backend, WORKLOADS[name], options.wall))
    progress("")
    results = {name: {backend: medians(found) for backend, found in of_name.items() if all(found)} for name, of_name in rounds.items()}
    print(json.dumps(results, indent=1) if options.json else render(results))
    if not (options.only or options.json):
        print(f"\n{micro.report(backends, options.rounds)}")
    return 0 if all(all(found) for of_name in rounds.values() for found in of_name.values()) else 1


def parse():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="PART", help="only the workloads whose names contain one of these")
    parser.add_argument("--rounds", type=int, default=3, help="processes for each workload and backend (3)")
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=DEFAULT_BACKENDS, help="only these; torch.compile is slow to start")
    parser.add_argument("--wall", action="store_true", help="measure also the wall time of a step on all processors")
    parser.add_argument("--json", action="store_true", help="print the medians as JSON, in seconds and bytes")
    return parser.parse_args()


def run(backend, workload, has_wall):
    """The measurement by one worker, with `wall` from another one on all processors; None where one failed."""
    found = measured("benchmarks.worker", backend, workload.name)
    if found and has_wall:
        freely = measured("benchmarks.worker", backend, workload.name, is_pinned=False)
        return freely and found | {"wall": freely["elapsed" if workload.is_cold else "step"]}
    return found


if __name__ == "__main__":
    sys.exit(main())
