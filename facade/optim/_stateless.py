"""An optimizer with other parameters, options and state for the length of a block."""

import contextlib
from collections import defaultdict

from facade.core.tensor.tensor import Tensor

_WHO = "swap_in_optimizer_params_and_state requires"


def _check_state(state):
    if not isinstance(state, dict):
        raise RuntimeError(f"{_WHO} swapin_optim_state['state'] to be a dict mapping packed parameter ids to per-param state dicts, "
                           f"got {type(state).__name__}.")
    if any(isinstance(key, Tensor) for key in state):
        raise RuntimeError(f"{_WHO} optimizer.state_dict()-style state keyed by packed parameter ids.")
    if any(isinstance(key, int) and not isinstance(value, dict) for key, value in state.items()):
        raise RuntimeError(f"{_WHO} per-parameter optimizer state entries to be dictionaries.")
    return state


def _check_groups(optimizer, groups):
    if not isinstance(groups, list):
        raise RuntimeError(f"{_WHO} swapin_optim_state['param_groups'] to be a list of param-group dicts, got {type(groups).__name__}.")
    if len(optimizer.param_groups) != len(groups):
        raise RuntimeError("swapin_optim_state has a different number of parameter groups than the live optimizer.")
    return groups


def _check_group(index, live, group):
    """The numbers of the parameters of a group that can take the place of `live`."""
    if not isinstance(group, dict):
        raise RuntimeError(f"{_WHO} each optimizer param group to be a dictionary.")
    numbers = group.get("params")
    if not isinstance(numbers, list) or not all(isinstance(each, int) for each in numbers):
        raise RuntimeError(f"{_WHO} optimizer.state_dict()-style param_groups[*]['params'] entries keyed by packed parameter ids.")
    if len(live["params"]) != len(numbers):
        raise RuntimeError(f"swapin_optim_state param group {index} has a different number of params than the live optimizer param group.")
    ours, theirs = [key for key in live if key not in group], [key for key in group if key not in live]
    if ours or theirs:
        raise RuntimeError(f"{_WHO} optimizer.state_dict()-style param group keys to exactly match the live optimizer group keys for group {index}. "
                           f"Keys only in swap-in: {theirs}. Keys only in live: {ours}.")
    return numbers


def _prepared(optimizer, parameters, saved):
    """(state by number, (group, parameters) for each of the optimizer's groups)."""
    if not optimizer.state:
        raise RuntimeError(f"{_WHO} initialized optimizer state.")
    if not isinstance(saved, dict):
        raise RuntimeError(f"{_WHO} a DCP-style optimizer state_dict.")
    state, groups = _check_state(saved.get("state")), _check_groups(optimizer, saved.get("param_groups"))
    rest, seen, prepared = list(parameters.values()), set(), []
    for index, (live, group) in enumerate(zip(optimizer.param_groups, groups, strict=True)):
        numbers = _check_group(index, live, group)
        seen.update(numbers)
        if len(numbers) > len(rest):
            raise RuntimeError(f"{_WHO} the explicit parameter state to match optimizer.param_groups ordering.")
        prepared.append((group, rest[:len(numbers)]))
        del rest[:len(numbers)]
    extra = [key for key in state if key not in seen]
    if extra:
        raise RuntimeError(f"{_WHO} swapin_optim_state['state'] to be keyed only by packed parameter ids from param_groups[*]['params']; "
                           f"got extra keys {extra!r}.")
    return state, prepared


@contextlib.contextmanager
def swap_in_optimizer_params_and_state(optimizer, swapin_parameters, swapin_optim_state):
    """The block in which the optimizer works on these parameters (a dict, in the order of its groups) with this saved state.

    What it writes to the tensors stays; afterwards it has its own parameters, options and state again.
    """
    saved, prepared = _prepared(optimizer, swapin_parameters, swapin_optim_state)
    own_state, own_groups = optimizer.state, [dict(group) for group in optimizer.param_groups]
    try:
        state = defaultdict(dict)
        for live, (group, params) in zip(optimizer.param_groups, prepared):
            live.update({**group, "params": params})
            state.update((param, dict(saved.get(number, {}))) for param, number in zip(params, group["params"], strict=True))
        optimizer.state = state
        yield
    finally:
        for live, own in zip(optimizer.param_groups, own_groups, strict=True):
            live.clear()
            live.update(own)
        optimizer.state = own_state


swap_in_optimizer_params_and_state.__module__ = "facade.optim"
