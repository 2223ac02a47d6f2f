"""Whether operations are tracked: one flag a thread for gradients, one for inference."""

import threading


class _Modes(threading.local):
    """grad: operations on tensors that require grad get a history; inference: new tensors are inference tensors."""

    grad = True
    inference = False
    anomaly = False
    check_nan = True
    saved_hooks = ()


modes = _Modes()
