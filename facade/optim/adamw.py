"""AdamW: Adam with weight decay that does not go through the means (Loshchilov and Hutter, https://arxiv.org/abs/1711.05101)."""

from facade.optim.adam import Adam

__all__ = ["AdamW"]


class AdamW(Adam):
    """Adam after param * (1 - lr * weight_decay); see `Adam` for the options.

    >>> optimizer = AdamW(model.parameters(), lr=3e-4, weight_decay=0.1)
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, amsgrad=False, *, maximize=False, foreach=None,
                 capturable=False, differentiable=False, fused=None):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize, capturable=capturable,
                         differentiable=differentiable, fused=fused, decoupled_weight_decay=True)

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True
