"""Models from repositories of code (torch.hub): their code imports torch itself, so none is fetched."""

import os

__all__ = ["download_url_to_file", "get_dir", "help", "list", "load", "load_state_dict_from_url", "set_dir"]

_state = {"dir": None}


def get_dir():
    """Where torch.hub keeps what it fetched."""
    home = os.path.expanduser(os.getenv("TORCH_HOME", os.path.join(os.getenv("XDG_CACHE_HOME", "~/.cache"), "torch")))
    return _state["dir"] or os.path.join(home, "hub")


def set_dir(d):
    """Choose that directory."""
    _state["dir"] = os.path.expanduser(d)


def _refused(name, instead):
    def refuse(*args, **kwargs):
        raise NotImplementedError(f"torch.hub.{name}: facade fetches nothing; {instead}")
    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__ = f"NotImplementedError: {instead}."
    return refuse


_CODE = "run the repository's code with `facade run`, or with facade.install() in force, and load its weights with torch.load"
load, list, help = (_refused(name, _CODE) for name in ("load", "list", "help"))
_FILE = "download the file yourself and read it with torch.load"
load_state_dict_from_url, download_url_to_file = (_refused(name, _FILE) for name in ("load_state_dict_from_url", "download_url_to_file"))
