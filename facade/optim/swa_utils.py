"""Averages of a model's parameters over its training (Izmailov et al., https://arxiv.org/abs/1803.05407)."""

import itertools
import math
from copy import deepcopy

from facade.autograd.grad_mode import no_grad
from facade.core import dtypes
from facade.core.ops import creation
from facade.core.tensor.tensor import Tensor
from facade.nn.modules.batchnorm import _BatchNorm
from facade.nn.modules.module import Module
from facade.optim._scheduling import LRScheduler, _format_param, _warn_get_lr_called_within_step

__all__ = ["AveragedModel", "update_bn", "SWALR", "get_ema_multi_avg_fn", "get_swa_multi_avg_fn", "get_ema_avg_fn", "get_swa_avg_fn"]


# ---------------------------------------------------------------- averages
def _check_decay(decay):
    if decay < 0.0 or decay > 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def _has_fractions(tensor):
    return tensor.is_floating_point() or tensor.is_complex()


def get_ema_multi_avg_fn(decay=0.999):
    """The exponential moving average, as a function (averages, current parameters, count) that changes the averages."""
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param_list, current_param_list, _):
        for average, current in zip(ema_param_list, current_param_list, strict=True):
            if _has_fractions(ema_param_list[0]):
                average.lerp_(current, 1 - decay)
            else:
                average.copy_(average * decay + current * (1 - decay))
    return ema_update


def get_swa_multi_avg_fn():
    """The mean, as a function (averages, current parameters, count) that changes the averages."""
    @no_grad()
    def swa_update(averaged_param_list, current_param_list, num_averaged):
        for average, current in zip(averaged_param_list, current_param_list, strict=True):
            if _has_fractions(averaged_param_list[0]):
                average.lerp_(current, float(1 / (num_averaged + 1)))
            elif isinstance(num_averaged, Tensor):
                average.addcdiv_(current - average, num_averaged + 1)
            else:
                average.add_(current - average, alpha=1.0 / (num_averaged + 1))
    return swa_update


def get_ema_avg_fn(decay=0.999):
    """The exponential moving average, as a function (average, current parameter, count) -> average."""
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param, current_param, num_averaged):
        return decay * ema_param + (1 - decay) * current_param
    return ema_update


def get_swa_avg_fn():
    """The mean, as a function (average, current parameter, count) -> average."""
    @no_grad()
    def swa_update(averaged_param, current_param, num_averaged):
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)
    return swa_update


class AveragedModel(Module):
    """A copy of a model whose parameters are averages: of those that `update_parameters(model)` has seen, by default their mean.

    avg_fn: (average, current, count) -> average; multi_avg_fn: changes a list of averages; use_buffers: average the buffers too.

    >>> average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.999))
    """

    def __init__(self, model, device=None, avg_fn=None, multi_avg_fn=None, use_buffers=False):
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", creation.FUNCTIONS["tensor"](0, dtype=dtypes.int64, device=device))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args, **kwargs):
        """What the averaged model answers."""
        return self.module(*args, **kwargs)

    def _pairs(self, model):
        """(average, current) of everything that is averaged."""
        if self.use_buffers:
            both = itertools.chain(self.module.parameters(), self.module.buffers()), itertools.chain(model.parameters(), model.buffers())
        else:
            both = self.parameters(), model.parameters()
        return [(average.detach(), current.detach().to(average.device)) for average, current in zip(*both, strict=False)]

    def update_parameters(self, model):
        """Take the present parameters of a model into the averages."""
        pairs = self._pairs(model)
        if self.n_averaged == 0:
            for average, current in pairs:
                average.copy_(current)
        elif self.multi_avg_fn is not None:
            self._update_lists(pairs)
        else:
            function = self.avg_fn or get_swa_avg_fn()
            for average, current in pairs:
                average.copy_(function(average, current, self.n_averaged.to(average.device)))
        if not self.use_buffers:
            for average, current in zip(self.module.buffers(), model.buffers(), strict=True):
                average.detach().copy_(current.detach().to(average.device))
        self.n_averaged += 1

    def _update_lists(self, pairs):
        lists = {}
        for average, current in pairs:
            averages, currents = lists.setdefault((average.device, average.dtype), ([], []))
            averages.append(average)
            currents.append(current)
        for (device, _), (averages, currents) in lists.items():
            self.multi_avg_fn(averages, currents, self.n_averaged.to(device))


@no_grad()
def update_bn(loader, model, device=None):
    """Compute the running statistics of the model's BatchNorm layers again, from all batches of loader (or the first of each tuple)."""
    momenta = {module: module.momentum for module in model.modules() if isinstance(module, _BatchNorm)}
    for module in momenta:
        module.reset_running_stats()
    if not momenta:
        return
    was_training = model.training
    model.train()
    for module in momenta:
        module.momentum = None
    for batch in loader:
        batch = batch[0] if isinstance(batch, (list, tuple)) else batch
        model(batch if device is None else batch.to(device))
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(was_training)


# ---------------------------------------------------------------- the rate
class SWALR(LRScheduler):
    """From the rate of each group to swa_lr, in `anneal_epochs` along a cosine or (anneal_strategy "linear") a line, and there it stays."""

    def __init__(self, optimizer, swa_lr, anneal_epochs=10, anneal_strategy="cos", last_epoch=-1):
        for rate, group in zip(_format_param("swa_lr", optimizer, swa_lr), optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self._set_anneal_func(anneal_strategy)
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    @staticmethod
    def _linear_anneal(t):
        return t

    @staticmethod
    def _cosine_anneal(t):
        return (1 - math.cos(math.pi * t)) / 2

    def _set_anneal_func(self, anneal_strategy):
        self._anneal_strategy = anneal_strategy
        self.anneal_func = self._cosine_anneal if anneal_strategy == "cos" else self._linear_anneal

    @staticmethod
    def _get_initial_lr(lr, swa_lr, alpha):
        return swa_lr if alpha == 1 else (lr - alpha * swa_lr) / (1 - alpha)

    def get_lr(self):
        """The rates of this epoch."""
        _warn_get_lr_called_within_step(self)
        step = self._step_count - 1 if self.anneal_epochs else max(1, self._step_count - 1)
        before, now = (self.anneal_func(max(0, min(1, each / max(1, self.anneal_epochs)))) for each in (step - 1, step))
        groups = self.optimizer.param_groups
        return [group["swa_lr"] * now + self._get_initial_lr(group["lr"], group["swa_lr"], before) * (1 - now) for group in groups]

    def state_dict(self):
        """Everything but the optimizer and functions."""
        return {key: value for key, value in self.__dict__.items() if key not in ("optimizer", "anneal_func")}

    def load_state_dict(self, state_dict):
        """Take over what `state_dict()` returned."""
        self.__dict__.update(state_dict)
        self._set_anneal_func(self._anneal_strategy)
