"""`python -m benchmarks.micro`: what recording an operation and dispatching a program cost, beside all arithmetic.

    dispatch  a program that adds one to each of 4, 40, 400 small arrays: under facade the evaluation of what was recorded,
              in JAX the call of the compiled function, in PyTorch, which has no programs, the additions themselves
    record    a chain of 10, 1,000, 100,000 products of tensors that require grad, without a read: in PyTorch with the
              arithmetic; a hundred times the operations should take a hundred times as long

Figures are CPU time on one processor, medians over the repetitions in a process and over processes.
"""

import argparse

from benchmarks.micro_worker import ARRAYS, OPERATIONS
from benchmarks.processes import DEFAULT_BACKENDS, available, measured, progress
from benchmarks.table import aligned, medians, shown


def report(backends, rounds):
    """The section as text."""
    found = {backend: [] for backend in backends if backend in DEFAULT_BACKENDS}
    for number in range(1, rounds + 1):
        for backend in found:
            progress(f"round {number} of {rounds}: micro, {backend}")
            found[backend].append(measured("benchmarks.micro_worker", backend))
    progress("")
    return render({backend: medians(each) for backend, each in found.items() if all(each)})


def render(results):
    """Lines of microseconds, and for recording of microseconds an operation, which should not grow with their number."""
    rows = [[figure, *(shown(of_backend.get(figure), 1e6) for of_backend in results.values())]
            for count in ARRAYS for figure in [f"dispatch, {count:,} arrays"]]
    for count in OPERATIONS:
        figure = f"record, {count:,} operations"
        rows.append([f"{figure}, each", *(shown(of_backend.get(figure), 1e6 / count) for of_backend in results.values())])
    return "\n".join(aligned([["us", *results], *rows], words=1))


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.micro", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="processes for each backend (3)")
    parser.add_argument("--backends", nargs="+", choices=DEFAULT_BACKENDS, default=DEFAULT_BACKENDS, help="only these")
    options = parser.parse_args()
    print(report(available(options.backends), options.rounds))


if __name__ == "__main__":
    main()
