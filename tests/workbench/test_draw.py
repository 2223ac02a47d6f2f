"""Pictures of graphs: what stands in them, that boxes do not overlap, and that large ones are folded."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

import facade as torch
from facade.workbench.layout import Box, arrange


def texts(drawing):
    return [each.text for each in ElementTree.fromstring(drawing.svg).iter("{http://www.w3.org/2000/svg}text")]


def rectangles(drawing):
    found = re.findall(r'<rect x="([-\d.]+)" y="([-\d.]+)" width="([\d.]+)" height="([\d.]+)" rx', drawing.svg)
    return [tuple(map(float, each)) for each in found]


def overlap(one, other):
    return all(one[axis] < other[axis] + other[axis + 2] and other[axis] < one[axis] + one[axis + 2] for axis in (0, 1))


def stack(torch, depth):
    torch.manual_seed(0)
    layers = [each for _ in range(depth) for each in (torch.nn.Linear(3, 3), torch.nn.Tanh())]
    return torch.nn.Sequential(*layers)


def test_a_small_graph(tmp_path):
    model = stack(torch, 1)
    loss = (model(torch.ones(2, 3)) ** 2).mean()
    drawing = torch.draw(loss, values=True)
    assert {"0.weight", "0.bias", "float32 [3, 3]", "Addmm", "Tanh", "Pow", "loss = Mean", f"{loss.item():.4g}"} <= set(texts(drawing))
    assert drawing._repr_svg_() == drawing.svg and "6 nodes" in repr(drawing)
    path = drawing.save(tmp_path / "graph.svg")
    assert path.read_text() == drawing.svg


def test_no_box_lies_on_another():
    for drawing in (torch.draw(stack(torch, 6)(torch.ones(2, 3)).sum()), torch.draw(stack(torch, 40)(torch.ones(2, 3)).sum(), folded=False)):
        boxes = rectangles(drawing)
        assert len(boxes) == drawing.nodes
        assert not [pair for index, one in enumerate(boxes) for pair in boxes[:index] if overlap(one, pair)]


def test_a_deep_graph_is_folded():
    model = stack(torch, 40)
    drawing = torch.draw(model(torch.ones(2, 3)).sum())
    assert drawing.nodes == 161 and len(rectangles(drawing)) < 12
    folded = next(text for text in texts(drawing) if "more times" in text)
    assert re.fullmatch(r"\d+ more times the same 2 operations", folded)


def test_names_are_the_users():
    a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    assert {"a", "b"} <= set(texts(torch.draw(a * b)))
    assert {"first", "b <&>"} <= set(texts(torch.draw(a * b, {"first": a, "b <&>": b})))
    assert "a" in texts(torch.draw(a))
    with pytest.raises(ValueError, match="has no graph"):
        torch.draw(torch.ones(2))


def test_edges_go_down():
    boxes = [Box([str(index)], "operation", 30, 10) for index in range(5)]
    width, height, routes = arrange(boxes, [(0, 1), (1, 2), (0, 3), (3, 2), (4, 2), (0, 2)])
    assert all(one[1] < other[1] for route in routes for one, other in zip(route, route[1:]))
    assert width > 0 and max(box.y + box.height / 2 for box in boxes) == height
