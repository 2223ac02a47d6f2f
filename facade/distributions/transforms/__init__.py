"""Functions between regions with the logarithm of their Jacobian (torch.distributions.transforms).

A transform has `_call`, `_inverse` and `log_abs_det_jacobian`, takes events of `domain` to events of `codomain`, and with
`cache_size=1` remembers the last pair.
"""

from facade.distributions.transforms.elementwise import (AbsTransform, AffineTransform, ExpTransform, PowerTransform, SigmoidTransform,
                                                         SoftplusTransform, TanhTransform)
from facade.distributions.transforms.joined import CatTransform, CumulativeDistributionTransform, StackTransform
from facade.distributions.transforms.transform import ComposeTransform, IndependentTransform, Transform, _InverseTransform, identity_transform
from facade.distributions.transforms.vectors import (CorrCholeskyTransform, LowerCholeskyTransform, PositiveDefiniteTransform, ReshapeTransform,
                                                     SoftmaxTransform, StickBreakingTransform)

__all__ = ["AbsTransform", "AffineTransform", "CatTransform", "ComposeTransform", "CorrCholeskyTransform", "CumulativeDistributionTransform",
           "ExpTransform", "IndependentTransform", "LowerCholeskyTransform", "PositiveDefiniteTransform", "PowerTransform", "ReshapeTransform",
           "SigmoidTransform", "SoftplusTransform", "TanhTransform", "SoftmaxTransform", "StackTransform", "StickBreakingTransform", "Transform",
           "identity_transform"]

for _made in (_InverseTransform, *(globals()[_name] for _name in __all__[:-1])):
    _made.__module__ = __name__         # PyTorch has them all in one file
