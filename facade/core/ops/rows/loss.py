"""Losses. All are called by composites, which know the reductions' names and torch's checks."""

import jax.numpy as jnp

from facade.core.dtypes import BOOL, COMPLEX, INTEGER
from facade.core.errors import broadcast_shapes
from facade.core.ops.kernels import loss as kernels
from facade.core.ops.promotion import COMMON, FLOATING
from facade.core.ops.rows.requirements import dtype_of, reject
from facade.core.ops.supported import NOT_FLOAT, every, no_bools, refuse, unimplemented
from facade.core.ops.table import op


def _check_shapes(*arguments):
    broadcast_shapes(*(each.shape for each in arguments if hasattr(each, "shape")))


def _kernel(name):
    """The check of shapes, and that torch has a kernel of this name for the common dtype."""
    return every(_check_shapes, unimplemented(name, *NOT_FLOAT))


def _of_self(name):
    """The check that torch has a kernel of this name for the dtype of the input alone."""
    def check(self, target, *rest):
        reject(self, name, NOT_FLOAT)
    return check


def _check_nll(name):
    """The checks of classes: shapes, the target's dtype, one weight for each class."""
    def check(self, target, weight, *rest):
        _check_classes(self, target, weight)
        reject(self, name, NOT_FLOAT)
        if weight is not None and weight.dtype != self.dtype:
            raise RuntimeError(f"expected scalar type {dtype_of(self).legacy} but found {dtype_of(weight).legacy}")
    return check


def _check_classes(self, target, weight):
    shape, wanted = self.shape, target.shape
    if not shape:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    if len(shape) == 1 and wanted not in ((), (1,)):
        raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {wanted[0]}")
    if len(shape) != 1 and shape[:1] != wanted[:1]:
        raise ValueError(f"Expected input batch_size ({shape[0]}) to match target batch_size ({wanted[0] if wanted else 0}).")
    if len(shape) == 2 and wanted != shape[:1]:
        raise RuntimeError(_misfit(shape, wanted))
    if dtype_of(target).legacy not in ("Long", "Byte"):
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {dtype_of(target).legacy}")
    if len(shape) > 1 and wanted != shape[:1] + shape[2:]:
        raise RuntimeError(_misfit(shape, wanted))
    classes = shape[len(shape) > 1]
    if weight is not None and weight.shape != (classes,):
        raise RuntimeError(f"weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of shape: "
                           f"{list(weight.shape)}" if len(shape) < 3 else "weight tensor should be defined either for all or no classes")


def _misfit(shape, wanted):
    """What torch says of a target that has not the shape of the input less its classes."""
    if len(shape) == 2:
        return "0D or 1D target tensor expected, multi-target not supported"
    if len(shape) != 4:
        return f"Expected target size {[shape[0], *shape[2:]]}, got {list(wanted)}"
    if len(wanted) != 3:
        return f"only batches of spatial targets supported (3D tensors) but got targets of dimension: {len(wanted)}"
    return f"size mismatch (got input: {list(shape)} , target: {list(wanted)}"


def _check_soft_margin(self, target, reduction):
    _check_shapes(self, target)
    refuse((BOOL,), "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, "
           "use the `~` or `logical_not()` operator instead.")(self)
    if dtype_of(self).category == INTEGER:
        raise RuntimeError(f"result type Float can't be cast to the desired output type {dtype_of(self).legacy}")


def _check_poisson_nll(self, target, log_input, full, eps):
    _check_shapes(target, self)
    exact = refuse((BOOL,), "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
                   "use the `~` or `logical_not()` operator instead.")
    exact(*((self, target) if log_input else (self,)))


def _check_gaussian_nll(self, target, var, full, eps):
    _check_shapes(self, target, var)
    no_bools(self, target)


def _loss(line, function, doc, kind=COMMON, node=None, check=_check_shapes):
    return op(line, function, kind, at="", doc=doc, node=node, check=check)


# ---------------------------------------------------------------- regression
MSE = _loss("mse_loss(Tensor self, Tensor target, int reduction=1) -> Tensor", kernels.mse, "The squared distance", check=_kernel("mse_cpu"))
SMOOTH_L1 = _loss("smooth_l1_loss(Tensor self, Tensor target, int reduction=1, float beta=1.0) -> Tensor", kernels.smooth_l1,
                  "The distance, squared where it is small", node="SmoothL1LossBackward0", check=_kernel("smooth_l1_cpu"))
HUBER = _loss("huber_loss(Tensor self, Tensor target, int reduction=1, float delta=1.0) -> Tensor", kernels.huber,
              "The squared distance, linear far away", check=_kernel("huber_cpu"))
POISSON_NLL = _loss("poisson_nll_loss(Tensor self, Tensor target, bool log_input, bool full, float eps) -> Tensor", kernels.poisson_nll,
                    "Minus the log likelihood of a Poisson distribution", FLOATING, node="SubBackward0", check=_check_poisson_nll)
GAUSSIAN_NLL = _loss("gaussian_nll_loss(Tensor self, Tensor target, Tensor var, bool full, float eps) -> Tensor", kernels.gaussian_nll,
                     "Minus the log likelihood of a normal distribution", FLOATING, node="MulBackward0", check=_check_gaussian_nll)

# ---------------------------------------------------------------- classification; the target is in no need of the input's dtype
_NLL = "Tensor self, Tensor target, Tensor? weight=None, int reduction=1, int ignore_index=-100) -> Tensor"
NLL = op(f"nll_loss({_NLL}", kernels.nll, at="", check=_check_nll("nll_loss_out_frame"), doc="Minus the value at the target class")
NLL_2D = op(f"nll_loss2d({_NLL}", kernels.nll, at="", node="NllLoss2DBackward0", check=_check_nll("nll_loss2d_forward_out_frame"),
            doc="Minus the value at the target class of each place")
BCE = _loss("binary_cross_entropy(Tensor self, Tensor target, Tensor? weight=None, int reduction=1) -> Tensor", kernels.binary_cross_entropy,
            "The cross entropy of probabilities of two classes", check=_kernel("binary_cross_entropy"))
BCE_WITH_LOGITS = _loss("binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, Tensor? pos_weight=None, int "
                        "reduction=1) -> Tensor",
                        kernels.binary_cross_entropy_with_logits, "The cross entropy of the sigmoid of logits of two classes",
                        check=every(_check_shapes, _of_self("log_sigmoid_cpu")))
MULTI_MARGIN = op("multi_margin_loss(Tensor self, Tensor target, Scalar p=1, Scalar margin=1, Tensor? weight=None, int reduction=1) -> Tensor",
                  kernels.multi_margin, at="", static=("p", "margin"), check=_of_self("multi_margin_loss_cpu_kernel"),
                  doc="How far the other classes come up to the target")
MULTILABEL_MARGIN = op("multilabel_margin_loss(Tensor self, Tensor target, int reduction=1) -> Tensor", kernels.multilabel_margin, at="",
                       check=_of_self("multilabel_margin_loss_forward_out_frame"), doc="How far the other classes come up to each of the targets")
MULTILABEL_SOFT_MARGIN = _loss("multilabel_soft_margin_loss(Tensor self, Tensor target) -> Tensor", kernels.multilabel_soft_margin,
                               "The logistic loss of each class", FLOATING, node="NegBackward0",
                               check=every(_check_shapes, _of_self("log_sigmoid_cpu")))
CTC = op("ctc_loss(Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor target_lengths, int blank=0, bool zero_infinity=False) -> Tensor",
         kernels.ctc, at="", doc="Minus the log probability of a sequence over all its alignments")

# ---------------------------------------------------------------- margins
SOFT_MARGIN = _loss("soft_margin_loss(Tensor self, Tensor target, int reduction=1) -> Tensor", kernels.soft_margin,
                    "The logistic loss of targets 1 and -1", check=_check_soft_margin)
def _clamped(*operands):
    """The check that what is cut off below zero has an order."""
    _check_shapes(*operands)
    refuse((COMPLEX,), "clamp is not supported for complex types", NotImplementedError)(*operands)


def _check_ranking(input1, input2, target, margin):
    _clamped(input1, input2, target)
    no_bools(input1, input2)


def _check_hinge(self, target, margin):
    _clamped(target, self)
    no_bools(self, self)


HINGE_EMBEDDING = _loss("hinge_embedding_loss(Tensor self, Tensor target, float margin=1.0) -> Tensor", kind=FLOATING, node="AddBackward0",
                        check=_check_hinge, doc=(
    "self where target is 1, what it lacks of the margin where it is -1"), function=lambda self, target, margin:
    jnp.where(target != 1, kernels.positive(margin - self), 0) + jnp.where(target != -1, self, 0))
MARGIN_RANKING = _loss("margin_ranking_loss(Tensor input1, Tensor input2, Tensor target, float margin=0.0) -> Tensor", kind=FLOATING,
                       node="ClampMinBackward0", check=_check_ranking, doc=(
    "What input1 lacks of being over input2 by a margin, target 1, or under it, target -1"), function=lambda input1, input2, target, margin:
    kernels.positive(-target * (input1 - input2) + margin))
COSINE_EMBEDDING = _loss("cosine_embedding_loss(Tensor input1, Tensor input2, Tensor target, float margin=0.0) -> Tensor", kernels.cosine_embedding,
                         "How far two vectors are from pointing the same way, target 1, or apart, target -1", FLOATING,
                         node="AddBackward0", check=refuse((COMPLEX,), "clamp is not supported for complex types", NotImplementedError))
TRIPLET = _loss("triplet_margin_loss(Tensor positive, Tensor negative, float margin=1.0) -> Tensor", kind=FLOATING, node="ClampMinBackward0", doc=(
    "What the distance to the positive lacks of being under that to the negative by a margin"), function=lambda positive, negative, margin:
    kernels.positive(margin + positive - negative))
