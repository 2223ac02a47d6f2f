"""Optimizers (torch.optim)."""

from facade.optim import lr_scheduler, swa_utils
from facade.optim._adafactor import Adafactor
from facade.optim._muon import Muon
from facade.optim._stateless import swap_in_optimizer_params_and_state
from facade.optim.adadelta import Adadelta
from facade.optim.adagrad import Adagrad
from facade.optim.adam import Adam
from facade.optim.adamax import Adamax
from facade.optim.adamw import AdamW
from facade.optim.asgd import ASGD
from facade.optim.lbfgs import LBFGS
from facade.optim.nadam import NAdam
from facade.optim.optimizer import Optimizer
from facade.optim.radam import RAdam
from facade.optim.rmsprop import RMSprop
from facade.optim.rprop import Rprop
from facade.optim.sgd import SGD
from facade.optim.sparse_adam import SparseAdam

__all__ = ["ASGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "LBFGS", "Muon", "NAdam", "Optimizer", "RAdam", "RMSprop", "Rprop",
           "SGD", "SparseAdam", "lr_scheduler", "swa_utils", "swap_in_optimizer_params_and_state"]
