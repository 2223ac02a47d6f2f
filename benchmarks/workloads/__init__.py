"""All workloads by name, in the order of the table.  A new one is a `Workload` in a module of this package."""

from benchmarks.workloads import loops, notebook, perceptrons, regressions

WORKLOADS = {
    workload.name: workload
    for module in (loops, regressions, perceptrons, notebook)
    for workload in module.WORKLOADS
}
