"""The functions of neural networks (torch.nn.functional): the rows of the table that live here."""

from facade.core.ops import expose

globals().update(expose.namespace("nn.functional"))
