"""Finding the operation whose derivative fails: nodes remember where they were made (torch.autograd.anomaly_mode)."""


from facade.core.tensor.modes import modes
from facade.core.warn import warn


def explain(node):
    """Warn with the lines of the program that made `node`, and those whose differentiation led to it."""
    made = node.metadata.get("traceback_")
    if made is None:
        return _say(f"Error detected in {node.name()}. No forward pass information available. "
                    "Enable detect anomaly during forward pass for more information.")
    _say(f"Error detected in {node.name()}. Traceback of forward call that caused the error:\n{''.join(made)}")
    parent = node.metadata.get("parent_")
    while parent is not None:
        lines = "".join(parent.metadata.get("traceback_", ()))
        _say(f"\n\nPrevious calculation was induced by {parent.name()}. Traceback of forward call that induced the previous calculation:\n{lines}")
        parent = parent.metadata.get("parent_")


def _say(text):
    warn(text, UserWarning)


def is_anomaly_enabled():
    """Whether nodes remember where they were made."""
    return modes.anomaly


def is_anomaly_check_nan_enabled():
    """Whether anomaly detection looks for nan."""
    return modes.check_nan


class set_detect_anomaly:
    """Switch anomaly detection on or off: at once, and back again at the end when used as a context.

    check_nan: whether a gradient that is nan is an error, which costs a read of every gradient.
    """

    def __init__(self, mode, check_nan=True):
        if not isinstance(mode, bool):
            raise TypeError(f"set_anomaly_enabled(): argument 'enabled' (position 1) must be bool, not {type(mode).__name__}")
        self.before = modes.anomaly, modes.check_nan
        modes.anomaly, modes.check_nan = mode, check_nan

    def __enter__(self):
        pass

    def __exit__(self, *exc):
        modes.anomaly, modes.check_nan = self.before


class detect_anomaly:
    """Find, within this block, the operation whose derivative fails or gives nan: the error names its node, a warning shows its line."""

    def __init__(self, check_nan=True):
        self.check_nan = check_nan
        warn("Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for debugging.")

    def __enter__(self):
        self.switch = set_detect_anomaly(True, self.check_nan)

    def __exit__(self, *exc):
        self.switch.__exit__(*exc)
