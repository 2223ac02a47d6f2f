"""Profiles: which operations and blocks they show, and that the program computes the same under them."""

import json

import pytest

import facade as torch


def test_operations_and_blocks():
    x = torch.randn(4, 4)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as prof:
        with torch.profiler.record_function("mine"):
            made = (x @ x).relu()
        total = made.sum()
    rows = {each.key: each for each in prof.key_averages()}
    assert {"mine", "aten::mm", "aten::relu", "aten::sum"} <= set(rows)
    mine = next(each for each in prof.events() if each.name == "mine")
    assert [each.name for each in mine.cpu_children] == ["aten::mm", "aten::relu"] and mine.cpu_time_total >= mine.self_cpu_time_total >= 0
    assert total.item() == (x @ x).relu().sum().item()
    text = prof.key_averages().table(sort_by="cpu_time_total", row_limit=2)
    assert "# of Calls" in text and text.splitlines()[3].split()[0] == "mine" and "Self CPU time total: " in text


def test_schedule_and_trace(tmp_path):
    seen, handler = [], torch.profiler.tensorboard_trace_handler(str(tmp_path))
    schedule = torch.profiler.schedule(wait=1, warmup=1, active=2, repeat=1)
    with torch.profiler.profile(schedule=schedule, on_trace_ready=lambda prof: (seen.append(len(prof.events())), handler(prof))) as prof:
        for _ in range(6):
            (torch.ones(3) + 1).sum()
            prof.step()
    assert seen == [4]
    trace, = tmp_path.iterdir()
    assert [each["name"] for each in json.loads(trace.read_text())["traceEvents"]] == ["aten::add", "aten::sum"] * 2


def test_old_names():
    with torch.autograd.profiler.profile() as prof:
        torch.ones(3) + 1
    assert "aten::add" in str(prof) and prof.self_cpu_time_total > 0 and prof.total_average().count == 1
    with torch.autograd.profiler.profile(enabled=False) as prof:
        torch.ones(3) + 1
    with pytest.raises(RuntimeError, match="Profiler didn't finish running"):
        prof.key_averages()
