"""Whether operations are tracked: one flag a thread for gradients, one for inference."""

import threading


class _Modes(threading.local):
    """grad: operations on tensors that require grad get a history; inference: new tensors are inference tensors;
    anomaly, check_nan: nodes remember where they were made, and gradients are searched for nan; saved_hooks: those that see what
    nodes save, the last one on top; hooks_refused: why there may be none; walk, running: the backward pass and its node now;
    asks_subclasses: whether subclasses of Tensor are asked for `__torch_function__`.
    """

    grad = True
    inference = False
    anomaly = False
    check_nan = True
    saved_hooks = ()
    hooks_refused = None
    walk = None
    running = None
    asks_subclasses = True


modes = _Modes()
