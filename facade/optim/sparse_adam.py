"""SparseAdam: Adam on the rows that a sparse gradient has."""

from facade.optim._functional import check_betas, check_rate, run
from facade.optim.optimizer import Optimizer

__all__ = ["SparseAdam"]


def _refuse(group, params):
    raise RuntimeError("SparseAdam does not support dense gradients, please consider Adam instead")


class SparseAdam(Optimizer):
    """Takes sparse gradients only, as torch's does, and facade has none: every step with a gradient raises RuntimeError."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, maximize=False):
        check_rate(lr)
        if not 0.0 < lr:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not 0.0 < eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        check_betas(betas)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})
        found = [[index, place] for index, group in enumerate(self.param_groups) for place, param in enumerate(group["params"]) if param.is_complex()]
        if found:
            raise ValueError(f"Complex params at indices {found}: SparseAdam does not support complex parameters")

    def step(self, closure=None):
        """Take one step; closure: computes the loss, and its gradients, again."""
        return run(self, closure, _refuse)
