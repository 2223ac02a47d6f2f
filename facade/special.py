"""Special functions of mathematics (torch.special)."""

from facade.core.ops import expose

globals().update(expose.namespace("special"))
