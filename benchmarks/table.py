"""From measurements to the printed table: medians over rounds, ratios, geometric means."""

import statistics

UNITS = {"import": (1, "s"), "first": (1e3, "ms"), "second": (1e3, "ms"), "step": (1e6, "us"), "programs": (1, ""), "memory": (1e-6, "MB")}
RATIOS = ("jax", "torch")


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
    head = ["workload", "backend", *(f"{figure} {unit}".strip() for figure, (_, unit) in UNITS.items()), *(f"/ {other}" for other in RATIOS)]
    rows = [row(workload, backend, of_workload) for workload, of_workload in results.items() for backend in of_workload]
    return "\n".join([*aligned([head, *rows]), "", *means(results)])


def row(workload, backend, of_workload):
    measured = of_workload[backend]
    figures = [shown(measured.get(figure), scale) for figure, (scale, _) in UNITS.items()]
    if "whole" in measured:
        figures[list(UNITS).index("step")] = f"{measured['whole']:.2f} s in all"
    return [workload, backend, *figures, *(shown(ratio(of_workload, backend, other)) for other in RATIOS)]


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


def aligned(rows):
    """The rows as lines: words to the left, figures to the right, a rule below the first."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    words = [f"{{:<{width}}}" for width in widths[:2]]
    figures = [f"{{:>{width}}}" for width in widths[2:]]
    head, *lines = ("  ".join([*words, *figures]).format(*cells) for cells in rows)
    return [head, "-" * len(head), *lines]


def means(results):
    """A line for each pair of backends: the geometric mean of the steady ratios."""
    for backend, other in (("facade", "torch"), ("facade", "jax"), ("torch", "jax")):
        ratios = [found for of_workload in results.values() if (found := ratio(of_workload, backend, other)) is not None]
        if ratios:
            yield f"{backend} / {other}, geometric mean of {len(ratios)}: {statistics.geometric_mean(ratios):.2f}"
