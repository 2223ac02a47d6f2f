"""Optimizers (torch.optim)."""

from facade.optim.optimizer import Optimizer
from facade.optim.sgd import SGD

__all__ = ["SGD", "Optimizer"]
