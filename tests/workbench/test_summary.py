"""A module's summary: its figures, the shapes of its outputs, and that looking changes nothing."""

import re
import xml.etree.ElementTree as ElementTree

import facade as torch


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(32, 3)))


def test_the_table():
    lines = repr(torch.summary(network(), torch.ones(5, 1, 6, 6))).splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["module", "class", "output", "parameters", "memory"], "(itself) Sequential float32 [5, 3] 123 516 B".split(),
        "0 Conv2d float32 [5, 2, 4, 4] 20 80 B".split(), "1 BatchNorm2d float32 [5, 2, 4, 4] 4 40 B".split()]
    assert lines[-1].split() == "2.1 Linear float32 [5, 3] 99 396 B".split()


def test_looking_changes_nothing():
    model = torch.nn.Sequential(network(), torch.nn.Dropout(0.5))
    before, numbers = {name: each.clone() for name, each in model.state_dict().items()}, torch.get_rng_state()
    torch.summary(model, torch.ones(5, 1, 6, 6))
    assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), numbers) and not model[0][0]._forward_hooks


def test_the_page_folds():
    model = network()
    plain = model._repr_html_()
    assert "&rarr;" not in plain and "in_features=32" in plain
    torch.summary(model, torch.ones(5, 1, 6, 6))
    model[2][1].weight.grad = torch.ones(3, 32)
    page = model._repr_html_().replace("&rarr;", ">")
    root = ElementTree.fromstring(f"<page>{page.replace('details open', 'details')}</page>")
    assert len(list(root.iter("details"))) == 5 and "Flatten" in page and "float32 [5, 2, 4, 4]" in page and "gradient 384 B" in page
    assert re.search("running_mean <span class=.is.>float32 \\[2]", page)


def test_the_text_stays_torchs():
    assert repr(torch.nn.Sequential(torch.nn.Linear(1, 2))) == "Sequential(\n  (0): Linear(in_features=1, out_features=2, bias=True)\n)"


def test_a_lazy_module_has_no_figures_yet():
    model = torch.nn.Sequential(torch.nn.LazyLinear(3))
    assert "parameters" not in model._repr_html_() and "LazyLinear" in repr(torch.summary(model))
    assert "float32 [2, 3]" in repr(torch.summary(model, torch.ones(2, 4))) and model[0].weight.shape == (3, 4)


def test_names_are_escaped():
    model = torch.nn.ModuleDict({"<b>": torch.nn.ReLU()})
    assert "&lt;b&gt;" in model._repr_html_()
