"""utils.benchmark: statements are run to their end, and what was measured is told."""

import pytest

import facade as torch
from facade.core.engine import counters


def test_statement_is_computed():
    before = counters()["evaluations"]
    timer = torch.utils.benchmark.Timer("x @ x", globals={"x": torch.ones(20, 20)}, label="product", sub_label="20", description="facade")
    measured = timer.timeit(10)
    assert counters()["evaluations"] - before >= 10 and measured.number_per_run == 10 and measured.median == measured.mean > 0 and measured.iqr == 0
    assert "product: 20\nfacade\n" in repr(measured) and "1 measurement, 10 runs , 1 thread" in repr(measured)


def test_repeated_and_compared():
    measured = [torch.utils.benchmark.Timer("y = x + 1", setup="x = torch.ones(3)", label="add", sub_label=name, description="time")
                .blocked_autorange(min_run_time=0.02) for name in ("one", "two")]
    assert all(len(each.times) >= 1 and sum(each.raw_times) >= 0.02 for each in measured) and "setup: x = torch.ones(3)" in repr(measured[0])
    table = str(torch.utils.benchmark.Compare(measured))
    assert "add" in table.splitlines()[0] and "Times are in" in table
    assert [line.split()[0] for line in table.splitlines() if "|" in line][1:] == ["one", "two"]
    with pytest.raises(NotImplementedError, match="jax.profiler"):
        torch.utils.benchmark.Timer("1").collect_callgrind()
