"""Which torch this stands for, and what it was built with (torch.version)."""

__version__ = "2.13.0"
cuda = hip = xpu = git_version = None
debug = False
