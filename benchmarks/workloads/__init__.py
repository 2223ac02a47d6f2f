"""All workloads by name, in the order of the table.  A new one is a `Workload` in a module of this package."""

from benchmarks.workloads import arrays, convolutional, loops, notebook, perceptrons, recurrent, regressions, transformers

WORKLOADS = {
    workload.name: workload
    for module in (loops, regressions, perceptrons, convolutional, recurrent, transformers, arrays, notebook)
    for workload in module.WORKLOADS
}
