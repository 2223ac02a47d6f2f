"""The functions of `torch` under one name, for the packages that are written with them: `ops.where(...)`, `ops.zeros(2)`."""

from types import SimpleNamespace

from facade.core.ops import adopting, creation, expose

ops = SimpleNamespace(**creation.FUNCTIONS, **adopting.FUNCTIONS, **expose.namespace("torch"))
