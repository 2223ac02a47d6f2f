"""Stubs and documentation are made from the table, and say what the table says."""

import ast
import inspect

import pytest

import facade
from facade.core.ops.stubs import stubs


def test_stubs_are_up_to_date():
    stale = [str(path) for path, text in stubs().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    assert not stale, f"run `python -m facade.core.ops.stubs`: {stale}"


@pytest.mark.parametrize("text", stubs().values(), ids=[path.stem + str(index) for index, path in enumerate(stubs())])
def test_stubs_are_python(text):
    ast.parse(text)


def test_every_public_name_has_a_stub():
    tree = ast.parse(next(text for path, text in stubs().items() if path.match("facade/__init__.pyi")))
    named = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    named |= {node.target.id for node in tree.body if isinstance(node, ast.AnnAssign)}
    named |= {alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    modules = {name for name, value in vars(facade).items() if inspect.ismodule(value)}
    assert {name for name in vars(facade) if not name.startswith("_")} - modules <= named


@pytest.mark.parametrize("function, signature", [
    (facade.add, "(input, other, *, alpha=1, out=None)"), (facade.Tensor.add_, "(self, /, other, *, alpha=1)"), (facade.sum, "(*args, **kwargs)")])
def test_signatures(function, signature):
    assert str(inspect.signature(function)) == signature


def test_documentation_lists_the_ways_to_call():
    assert facade.exp.__doc__ == "e to the power of each element (torch.exp).\n\nIntegers become the default dtype."
    assert "\n    sum(input, dim, keepdim=False, *, dtype=None, out=None)\n        The sum along dims." in facade.sum.__doc__
    assert facade.Tensor.exp_.__doc__ == "e to the power of each element, in place (torch.Tensor.exp_)."
    assert facade.add.__doc__.startswith("input + alpha * other (torch.add).\n\nOperands broadcast, and")
    assert facade.Tensor.add.__doc__.startswith("self + alpha * other")
    assert facade.argmax.__doc__.endswith("No gradient flows through it.")
