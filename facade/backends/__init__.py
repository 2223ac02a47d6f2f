"""The libraries behind torch's kernels, as programs ask about them (torch.backends). Here there is XLA: flags are kept, and change nothing.

A library is a module, so that `import torch.backends.cudnn as cudnn` works, and a flag is a name in it.
"""

from facade.backends import cpu, cuda, cudnn, mha, mkl, mkldnn, mps, openmp, opt_einsum, quantized

__all__ = ["cpu", "cuda", "cudnn", "mha", "mkl", "mkldnn", "mps", "openmp", "opt_einsum", "quantized"]
