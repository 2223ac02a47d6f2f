"""Switches for what PyTorch may do one day (torch.__future__). Modules here always convert their parameters in place, whatever is set."""

__all__ = ["get_overwrite_module_params_on_conversion", "get_swap_module_params_on_conversion", "set_overwrite_module_params_on_conversion",
           "set_swap_module_params_on_conversion"]

_state = {"overwrite": False, "swap": False}


def set_overwrite_module_params_on_conversion(value):
    """Accepted: a module's `to` keeps its parameters, with other values."""
    _state["overwrite"] = value


def get_overwrite_module_params_on_conversion():
    """What set_overwrite_module_params_on_conversion was told."""
    return _state["overwrite"]


def set_swap_module_params_on_conversion(value):
    """Accepted, as set_overwrite_module_params_on_conversion."""
    _state["swap"] = value


def get_swap_module_params_on_conversion():
    """What set_swap_module_params_on_conversion was told."""
    return _state["swap"]
