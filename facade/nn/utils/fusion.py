"""A layer and the batch normalization after it as one layer, for evaluation (torch.nn.utils.fusion)."""

import copy

from facade.core.ops.functions import ops
from facade.nn.parameter import Parameter

__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights"]


def _check_fusible(layer, bn):
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")


def _check_statistics(bn):
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")


def fuse_conv_bn_eval(conv, bn, transpose=False):
    """A copy of a convolution that does what it and the normalization do; transpose: it is a transposed one."""
    _check_fusible(conv, bn)
    fused = copy.deepcopy(conv)
    _check_statistics(bn)
    fused.weight, fused.bias = fuse_conv_bn_weights(fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, transpose)
    return fused


def fuse_conv_bn_weights(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, transpose=False):
    """(weight, bias) of a convolution that normalizes by the running mean and variance, and scales and shifts."""
    conv_b = ops.zeros_like(bn_rm, dtype=conv_w.dtype) if conv_b is None else conv_b
    bn_w = ops.ones_like(bn_rm) if bn_w is None else bn_w
    bn_b = ops.zeros_like(bn_rm) if bn_b is None else bn_b
    scale = (bn_rv + bn_eps).rsqrt()
    shape = [1, -1] if transpose else [-1, 1]
    weight = conv_w * (bn_w * scale).reshape(shape + [1] * (conv_w.ndim - 2))
    bias = (conv_b - bn_rm) * scale * bn_w + bn_b
    return _parameters(weight, bias, conv_w, conv_b)


def fuse_linear_bn_eval(linear, bn):
    """A copy of a Linear that does what it and the normalization do."""
    _check_fusible(linear, bn)
    fused = copy.deepcopy(linear)
    if bn.num_features not in (linear.out_features, 1):
        raise AssertionError("To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got "
                             f"linear.out_features={linear.out_features} and bn.num_features={bn.num_features}")
    _check_statistics(bn)
    fused.weight, fused.bias = fuse_linear_bn_weights(fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias)
    return fused


def fuse_linear_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b):
    """(weight, bias) of a Linear that normalizes by the running mean and variance, and scales and shifts."""
    linear_b = ops.zeros_like(bn_rm, dtype=linear_w.dtype) if linear_b is None else linear_b
    scale = bn_w * (bn_rv + bn_eps).rsqrt()
    return _parameters(linear_w * scale.unsqueeze(-1).to(linear_w.dtype), (linear_b - bn_rm) * scale + bn_b, linear_w, linear_b)


def _parameters(weight, bias, old_weight, old_bias):
    """Both as parameters, of the dtypes of those before and trained where those were."""
    return tuple(Parameter(made.to(old.dtype), old.requires_grad) for made, old in ((weight, old_weight), (bias, old_bias)))
