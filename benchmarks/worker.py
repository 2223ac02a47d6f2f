"""One workload on one backend, measured in this process and printed as one line of JSON.

Time is CPU time of the whole process, all threads counted, on one processor: on a shared machine wall time
swings tenfold.  Every block of steps ends in a read of the last loss, so that no backend is measured by
what it postpones.  A cold workload has no steady state: its figure is everything since the process began.
"""

import importlib
import json
import os
import resource
import statistics
import sys
import time

BLOCKS = 5
COMPILED = "/jax/core/compile/backend_compile_duration"


def main(backend, workload_name, processor):
    pin(processor)
    seconds, module = timed(lambda: importlib.import_module(backend))
    programs = count_programs()
    if backend == "torch":
        module.set_num_threads(1)
    # By name and only now: the workloads import NumPy, whose import is part of what a backend costs.
    workload = importlib.import_module("benchmarks.workloads").WORKLOADS[workload_name]
    print(json.dumps({"import": seconds} | measure(workload, workload.build(backend, module)) | after(programs)))


def pin(processor):
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {processor})


def timed(action):
    """CPU seconds of an action, and its result."""
    start = time.process_time()
    result = action()
    return time.process_time() - start, result


def measure(workload, step):
    """Seconds of the first and second step, of a later one, and, of a cold workload, of the whole process."""

    def block(count):
        for _ in range(count):
            loss = step()
        return loss.tolist()

    figures = {"first": timed(lambda: block(1))[0], "second": timed(lambda: block(1))[0]}
    block(workload.steps - 2)
    if workload.is_cold:
        return figures | {"whole": time.process_time()}
    blocks = [timed(lambda: block(workload.steps))[0] for _ in range(BLOCKS)]
    return figures | {"step": statistics.median(blocks) / workload.steps}


def count_programs():
    """A list that grows by one with each program XLA compiles in this process; None where there is no JAX."""
    if "jax" not in sys.modules:
        return None
    compiled = []
    monitoring = importlib.import_module("jax.monitoring")
    monitoring.register_event_duration_secs_listener(lambda event, seconds, **_: event == COMPILED and compiled.append(seconds))
    return compiled


def after(programs):
    """What is known at the end only: programs compiled and the largest memory, in bytes."""
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"programs": None if programs is None else len(programs), "memory": kibibytes * 1024}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
