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


def residual(torch):
    """A block of some operations, an addition last."""
    class Residual(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = torch.nn.LayerNorm(3)
            self.inner = torch.nn.Sequential(torch.nn.Linear(3, 6), torch.nn.Tanh(), torch.nn.Linear(6, 3))

        def forward(self, x):
            return (x + self.inner(self.norm(x)).sin()).relu()
    return Residual()


def tower(torch, depth):
    return torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Sequential(*[residual(torch) for _ in range(depth)]), torch.nn.Linear(3, 1))


def test_modules_fold_into_boxes():
    model = tower(torch, 12)
    drawing = torch.draw((model(torch.ones(2, 3)) ** 2).mean(), model)
    assert drawing.nodes > 150 and len(rectangles(drawing)) == 16
    assert {"1.0 Residual", "1.11 Residual", "7 operations, 51 parameters", "0 Linear", "2 Linear", "Pow", "result = Mean"} <= set(texts(drawing))
    assert "Relu" not in texts(drawing), "all blocks end with it"
    small = torch.draw(model(torch.ones(2, 3)), folded=False)
    assert len(rectangles(small)) == small.nodes


def test_what_lies_in_no_module_stays_outside():
    model = tower(torch, 6)
    drawing = torch.draw(model[2](model[1](model[0](torch.ones(2, 3))).exp()).sum(), model, folded=True)
    assert {"Exp", "1.5.inner Sequential", "3 operations, 45 parameters", "Sin", "Relu"} <= set(texts(drawing))


def test_modules_of_several_variables():
    encoder, decoder = tower(torch, 6), stack(torch, 1)
    decoder[0].bias = None
    shown = set(texts(torch.draw(decoder(encoder[1](torch.ones(2, 3))))))
    assert {"encoder.1.0.norm LayerNorm", "decoder.0 Linear"} <= shown


def test_a_deep_graph_is_folded():
    model = stack(torch, 40)
    drawing = torch.draw(model(torch.ones(2, 3)).sum())
    assert drawing.nodes == 161 and len(rectangles(drawing)) < 12
    assert {"39 more times the same 2 operations", "2 … 78", "468 parameters"} <= set(texts(drawing))
    with_modules_out_of_reach = torch.draw(model(torch.ones(2, 3)).sum(), {})
    assert any("more times the same 2 operations" in text for text in texts(with_modules_out_of_reach))


def test_values_and_gradients():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    assert {"1 … 2", "grad 2 … 4", "5"} <= set(texts(torch.draw(loss, values=True, gradients=True)))
    assert "1 … 2" not in texts(torch.draw(loss))


def test_names_are_the_users():
    a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    assert {"a", "b"} <= set(texts(torch.draw(a * b)))
    assert {"first", "b <&>"} <= set(texts(torch.draw(a * b, {"first": a, "b <&>": b})))
    assert "a" in texts(torch.draw(a))
    with pytest.raises(ValueError, match="has no graph"):
        torch.draw(torch.ones(2))


def test_the_longest_way_is_straight_and_so_is_what_passes_by():
    boxes = [Box(["box"], "leaf" if index > 5 else "operation", 30 + 20 * (index % 3), 10) for index in range(9)]
    _, _, routes = arrange(boxes, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (1, 5), (6, 0), (7, 3), (8, 3)])
    assert len({round(box.x) for box in boxes[:6]}) == 1
    assert len({x for x, _ in routes[5][1:-1]}) == 1


def test_edges_go_down():
    boxes = [Box([str(index)], "operation", 30, 10) for index in range(5)]
    width, height, routes = arrange(boxes, [(0, 1), (1, 2), (0, 3), (3, 2), (4, 2), (0, 2)])
    assert all(one[1] < other[1] for route in routes for one, other in zip(route, route[1:]))
    assert width > 0 and max(box.y + box.height / 2 for box in boxes) == height
