"""What recording and dispatch cost on one backend, measured in this process and printed as one line of JSON.

    python -m benchmarks.micro_worker 0 facade

See `benchmarks.micro` for what the figures are.
"""

import importlib
import json
import statistics
import sys
import time

from benchmarks.processes import pin

ARRAYS = 4, 40, 400
OPERATIONS = 10, 1000, 100_000
# Repetitions that are not counted: a program is compiled when it is met for the third time.
WARM_UPS = 5


def main(processor, backend):
    pin(processor)
    namespace = importlib.import_module(backend)
    make = dispatch_by_hand if backend == "jax" else dispatch
    figures = {f"dispatch, {count:,} arrays": median_time(*make(namespace, count), 100) for count in ARRAYS}
    if backend != "jax":
        figures |= {f"record, {count:,} operations": median_time(*recording(namespace, count), max(5, 5000 // count)) for count in OPERATIONS}
    print(json.dumps(figures))


def dispatch(namespace, count):
    """A function that makes work and one that does it, whose time counts."""
    arrays = [namespace.zeros(4) for _ in range(count)]

    def record():
        arrays[:] = [array + 1 for array in arrays]

    def run():
        return arrays[-1].tolist()

    return (record, run) if namespace.__name__ == "facade" else (lambda: None, lambda: (record(), run()))


def dispatch_by_hand(jax, count):
    arrays = [jax.numpy.zeros(4) for _ in range(count)]
    advance = jax.jit(lambda arrays: [array + 1 for array in arrays])

    def run():
        arrays[:] = advance(arrays)
        return arrays[-1].tolist()

    return lambda: None, run


def recording(namespace, count):
    factor = namespace.ones(4, requires_grad=True)
    product = factor

    def forget():
        nonlocal product
        product.tolist()
        product = factor

    def record():
        nonlocal product
        for _ in range(count):
            product = product * factor

    return forget, record


def median_time(prepare, action, repetitions):
    times = []
    for _ in range(WARM_UPS + repetitions):
        prepare()
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return statistics.median(times[WARM_UPS:])


if __name__ == "__main__":
    main(*sys.argv[1:])
