"""Fourier transforms: the three that all functions of torch.fft are made of, by what goes in and what comes out."""

from facade.core.ops.kernels import fourier as kernels
from facade.core.ops.table import op

C2C = op("fft_c2c(Tensor self, int[] dim, int[] s, str norm, bool forward) -> Tensor", kernels.complex_to_complex, at="", node="FftC2CBackward0",
         doc="The transform of complex numbers")
R2C = op("fft_r2c(Tensor self, int[] dim, int[] s, str norm, bool onesided) -> Tensor", kernels.real_to_complex, at="", node="FftR2CBackward0",
         doc="The transform of real numbers")
C2R = op("fft_c2r(Tensor self, int[] dim, int[] s, str norm) -> Tensor", kernels.complex_to_real, at="", node="FftC2RBackward0",
         doc="The real numbers that have this transform")
OVERLAP_ADD = op("overlap_add(Tensor self, int hop) -> Tensor", kernels.overlap_add, at="", node="UnfoldBackwardBackward0",
                 doc="Frames summed, each starting hop behind the one before")
