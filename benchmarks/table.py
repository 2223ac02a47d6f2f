"""From measurements to the printed table: medians over rounds, ratios, geometric means, cost by depth."""

import itertools
import statistics

from benchmarks.workloads import WORKLOADS

UNITS = {
    "import": (1, "s"), "first": (1e3, "ms"), "second": (1e3, "ms"), "settling": (1, "s"), "step": (1e6, "us"), "wall": (1e6, "us"),
    "programs": (1, ""), "memory": (1e-6, "MB"),
}
RATIOS = ("jax", "torch")
PAIRS = ("facade", "torch"), ("facade", "jax"), ("torch", "jax"), ("torch.compile", "torch")


def medians(rounds):
    """One measurement of each figure, from the measurements of several rounds."""
    return {
        figure: None if value is None else statistics.median(one[figure] for one in rounds)
        for figure, value in rounds[0].items()
    }


def steady(measured):
    """The figure that a row is judged by: a step, or the whole of a cold workload."""
    return measured.get("step", measured.get("whole"))


def render(results):
    """The table of `{workload: {backend: measurement}}` as text."""
    has_wall = any("wall" in measured for of_workload in results.values() for measured in of_workload.values())
    figures = [figure for figure in UNITS if has_wall or figure != "wall"]
    head = ["workload", "backend", *(f"{figure} {UNITS[figure][1]}".strip() for figure in figures), *(f"/ {other}" for other in RATIOS)]
    rows = [row(workload, backend, of_workload, figures) for workload, of_workload in results.items() for backend in of_workload]
    return "\n".join([*aligned([head, *rows]), "", *means(results), *by_depth(results)])


def row(workload, backend, of_workload, figures):
    measured = of_workload[backend]
    cells = [shown(measured.get(figure), UNITS[figure][0]) for figure in figures]
    if "whole" in measured:
        cells[figures.index("step")] = f"{measured['whole']:.2f} s in all"
    return [workload, backend, *cells, *(shown(ratio(of_workload, backend, other)) for other in RATIOS)]


def ratio(of_workload, backend, other):
    """How many times the steady time of `other` this backend takes; None beside itself or without the other."""
    if backend == other or other not in of_workload or backend not in of_workload:
        return None
    return steady(of_workload[backend]) / steady(of_workload[other])


def shown(value, scale=1):
    if value is None:
        return "-"
    value *= scale
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"


def aligned(rows, words=2):
    """The rows as lines: as many columns of words to the left, figures to the right, a rule below the first."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    formats = [f"{{:{'<' if number < words else '>'}{width}}}" for number, width in enumerate(widths)]
    head, *lines = ("  ".join(formats).format(*cells) for cells in rows)
    return [head, "-" * len(head), *lines]


def means(results):
    """A line for each pair of backends: the geometric mean of the steady ratios."""
    for backend, other in PAIRS:
        ratios = [found for of_workload in results.values() if (found := ratio(of_workload, backend, other)) is not None]
        if ratios:
            yield f"{backend} / {other}, geometric mean of {len(ratios)}: {statistics.geometric_mean(ratios):.2f}"


def by_depth(results):
    """A line for each backend: what each further layer costs between one depth and the next, equal where cost is linear."""
    depths = {WORKLOADS[name].depth: of_workload for name, of_workload in results.items() if WORKLOADS[name].depth}
    for backend in sorted(set().union(*depths.values())) if len(depths) > 1 else ():
        times = [(depth, steady(of_depth[backend])) for depth, of_depth in sorted(depths.items()) if backend in of_depth]
        costs = [f"{1e3 * (later - earlier) / (deep - shallow):.1f} ms ({shallow} to {deep})"
                 for (shallow, earlier), (deep, later) in itertools.pairwise(times)]
        yield f"{backend}, a further layer of the GPT: {', '.join(costs)}"
