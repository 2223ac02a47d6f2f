"""Which torch this stands for, and what it was built with (torch.version)."""

from facade.torch_version import TorchVersion

__version__ = TorchVersion("2.13.0")
cuda = hip = xpu = git_version = None
debug = False
