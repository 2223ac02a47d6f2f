"""What all schedulers of the learning rate have in common: their place among the optimizer's groups, and the base class."""

import contextlib
import functools
import weakref

from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn
from facade.optim.optimizer import Optimizer

EPOCH_DEPRECATION_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use `scheduler.step()` to step "
    "the scheduler. During the deprecation, if epoch is different from None, the closed form is used instead of the new chainable form, where "
    "available. Please open an issue if you are unable to replicate your use case: https://github.com/pytorch/pytorch/issues/new/choose.")
_SEE = "See more details at https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"


# ---------------------------------------------------------------- groups
def _own(value):
    """The value, a tensor as one that nobody else has."""
    return value.clone() if isinstance(value, Tensor) else value


def _format_param(name, optimizer, param):
    """A value for each group, of one for all or a list of them."""
    groups = len(optimizer.param_groups)
    if not isinstance(param, (list, tuple)):
        param = [param] * groups
    elif len(param) != groups:
        raise ValueError(f"{name} must have the same length as optimizer.param_groups. {name} has {len(param)} values, param_groups has {groups}.")
    return [_own(each) for each in param]


def _param_groups_val_list(optimizer, key):
    """What stands under `key` in each group."""
    return [_own(group[key]) for group in optimizer.param_groups]


def _update_param_group_val(param_group, key, val):
    """Set an option; where it is a tensor, write to that."""
    if isinstance(param_group[key], Tensor):
        param_group[key].fill_(val.squeeze() if isinstance(val, Tensor) else val)
    else:
        param_group[key] = val


def _check_optimizer(optimizer):
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def _note_steps(optimizer):
    """Have the optimizer note that its `step` was called."""
    if hasattr(optimizer.step, "_wrapped_by_lr_sched"):
        return
    reference, function = weakref.ref(optimizer), optimizer.step.__func__

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        owner = reference()
        owner._opt_called = True
        return function(owner, *args, **kwargs)
    wrapper._wrapped_by_lr_sched = True
    optimizer.step = wrapper


@contextlib.contextmanager
def _flag(scheduler, name):
    setattr(scheduler, name, True)
    try:
        yield scheduler
    finally:
        setattr(scheduler, name, False)


def _enable_get_lr_call(o):
    """The block in which `get_lr` may be called."""
    return _flag(o, "_get_lr_called_within_step")


def _warn_get_lr_called_within_step(lr_scheduler):
    if not lr_scheduler._get_lr_called_within_step:
        warn("To get the last learning rate computed by the scheduler, please use `get_last_lr()`.", UserWarning)


class LRScheduler:
    """The base of schedulers: `get_lr` gives the next rates, from `self.last_epoch` and the groups of `self.optimizer`.

    last_epoch: -1 to begin; to go on after that epoch, each group needs its "initial_lr".
    """

    __module__ = "facade.optim.lr_scheduler"
    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer, last_epoch=-1):
        _check_optimizer(optimizer)
        self.optimizer = optimizer
        for index, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", _own(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(f"param 'initial_lr' is not specified in param_groups[{index}] when resuming scheduler with last_epoch >= 0.\n"
                               "This typically happens when:\n"
                               "1. You're trying to resume training from a checkpoint but haven't properly loaded the optimizer state\n"
                               "2. You're using last_epoch >= 0 for a fresh training run (not recommended)")
        self.base_lrs = _param_groups_val_list(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        _note_steps(optimizer)
        self._initial_step()

    def _initial_step(self):
        """Set the rates of the first epoch."""
        self._step_count = 0
        with _flag(self, "_is_initial"):
            self.step()

    def state_dict(self):
        """Everything but the optimizer, as a dict."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict):
        """Take over what `state_dict()` returned."""
        self.__dict__.update(state_dict)

    def get_last_lr(self):
        """The rates that were set last, one a group."""
        return self._last_lr

    def get_lr(self):
        """The rates of this epoch, one a group."""
        raise NotImplementedError

    def step(self, epoch=None):
        """Go on to the next epoch; epoch: deprecated, to go to that one."""
        if self._step_count == 1:
            self._check_order()
        self._step_count += 1
        if epoch is not None:
            warn(EPOCH_DEPRECATION_WARNING, UserWarning)
        self._update_lr(epoch)

    def _check_order(self):
        if not hasattr(self.optimizer.step, "_wrapped_by_lr_sched"):
            warn("Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization. Please, make sure to call "
                 f"`optimizer.step()` before `lr_scheduler.step()`. {_SEE}", UserWarning)
        elif not getattr(self.optimizer, "_opt_called", False):
            warn("Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0 and later, you should call them in the "
                 "opposite order: `optimizer.step()` before `lr_scheduler.step()`.  Failure to do this will result in PyTorch skipping the "
                 f"first value of the learning rate schedule. {_SEE}", UserWarning)

    def _update_lr(self, epoch=None):
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        with _enable_get_lr_call(self):
            values = self.get_lr() if epoch is None or not hasattr(self, "_get_closed_form_lr") else self._get_closed_form_lr()
        self._set(values)

    def _set(self, values):
        for group, rate in zip(self.optimizer.param_groups, values, strict=True):
            _update_param_group_val(group, "lr", rate)
        self._last_lr = self._unchanged()

    def _unchanged(self):
        return _param_groups_val_list(self.optimizer, "lr")

    def _times(self, factor):
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    def _from_first(self, factor):
        return [rate * factor for rate in self.base_lrs]
