"""One workload on one backend, measured in this process and printed as one line of JSON.

    python -m benchmarks.worker 0 facade "LeNet 64x3x32x32"

Time is CPU time of the whole process, all threads counted, on processor 0: on a shared machine wall time swings
tenfold.  With `all` in place of the number it is wall time on all processors.  Every block of steps ends in a read
of the last loss, so that no backend is measured by what it postpones.

    import    importing the backend
    first, second   the first step and the second, each with a read
    settling  what the steps before the steady state took beyond as many steady ones: compiles above all
    step      a steady step: the median of several blocks
    whole     of a cold workload, which has no steady state: everything since the process began
    programs  how many programs XLA compiled, or how many graphs `torch.compile` did
    memory    the largest resident set, in bytes, of the whole life of the process: the interpreter, what importing
              takes and what the compiler uses are part of what a backend asks of a machine
"""

import functools
import importlib
import json
import resource
import statistics
import sys
import time

from benchmarks.processes import namespace_of, pin

BLOCKS = 5
# Blocks that are not counted, of the same length: a program is compiled when it is met for the third time.
WARM_UPS = 3
COMPILED = "/jax/core/compile/backend_compile_duration"


def main(processor, backend, name):
    pin(processor)
    clock = time.perf_counter if processor == "all" else time.process_time
    seconds, module = timed(clock, lambda: importlib.import_module(namespace_of(backend)))
    programs = count_programs(backend)
    if backend.startswith("torch") and processor != "all":
        module.set_num_threads(1)
    # By name and only now: the workloads import NumPy, whose import is part of what a backend costs.
    workload = importlib.import_module("benchmarks.workloads").WORKLOADS[name]
    figures = measure(clock, workload, workload.build(backend, module))
    print(json.dumps({"import": seconds} | figures | {"programs": programs(), "memory": largest_memory()}))


def timed(clock, action):
    """Seconds an action took, and its result."""
    start = clock()
    result = action()
    return clock() - start, result


def measure(clock, workload, step):
    """The figures in seconds of a workload's step."""

    def block(count):
        for _ in range(count):
            loss = step()
        return loss.tolist()

    def seconds(*counts):
        return [timed(clock, functools.partial(block, count))[0] for count in counts]

    if workload.is_cold:
        first, second, _ = seconds(1, 1, workload.steps - 2)
        return {"first": first, "second": second, "whole": time.process_time()}
    early_counts = 1, 1, *[workload.steps] * WARM_UPS
    early = seconds(*early_counts)
    steady = statistics.median(seconds(*[workload.steps] * BLOCKS)) / workload.steps
    return {"first": early[0], "second": early[1], "settling": sum(early) - sum(early_counts) * steady, "step": steady}


def count_programs(backend):
    """A function that says how many programs were compiled since, None for a backend that compiles none."""
    if backend == "torch.compile":
        counters = importlib.import_module("torch._dynamo.utils").counters
        return lambda: counters["stats"]["unique_graphs"]
    if "jax" not in sys.modules:
        return lambda: None
    compiled = []
    monitoring = importlib.import_module("jax.monitoring")
    monitoring.register_event_duration_secs_listener(lambda event, seconds, **_: event == COMPILED and compiled.append(seconds))
    return lambda: len(compiled)


def largest_memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
