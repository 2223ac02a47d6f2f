"""A softmax over very many classes, of which few are frequent (torch.nn.modules.adaptive; Grave et al., 2017)."""

from collections import namedtuple
from itertools import pairwise

from facade.core.ops.functions import ops
from facade.nn.modules.container import ModuleList, Sequential
from facade.nn.modules.linear import Linear
from facade.nn.modules.module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss"]

_ASMoutput = namedtuple("_ASMoutput", ["output", "loss"])


class AdaptiveLogSoftmaxWithLoss(Module):
    """The log-probability of each target, by a head of the frequent classes and one entry for each cluster of the others.

    cutoffs: the first classes of the clusters; div_value: by how much each cluster has fewer features than the one before it.
    """

    def __init__(self, in_features, n_classes, cutoffs, div_value=4.0, head_bias=False, device=None, dtype=None):
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if (cutoffs != sorted(set(cutoffs)) or cutoffs[0] <= 0 or cutoffs[-1] > n_classes - 1 or any(int(each) != each for each in cutoffs)):
            raise ValueError("cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each value is between 1 "
                             "and n_classes-1")
        self.in_features, self.n_classes, self.cutoffs = in_features, n_classes, [*cutoffs, n_classes]
        self.div_value, self.head_bias = div_value, head_bias
        self.shortlist_size, self.n_clusters = cutoffs[0], len(cutoffs)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, bias=head_bias, device=device, dtype=dtype)
        self.tail = ModuleList()
        for place, (first, end) in enumerate(pairwise(self.cutoffs)):
            features = int(in_features // div_value ** (place + 1))
            self.tail.append(Sequential(Linear(in_features, features, bias=False, device=device, dtype=dtype),
                                        Linear(features, end - first, bias=False, device=device, dtype=dtype)))

    def reset_parameters(self):
        """Draw the weights of all maps."""
        for each in (self.head, *(linear for pair in self.tail for linear in pair)):
            each.reset_parameters()

    def forward(self, input_, target_):
        """(the log-probability of each target, the mean loss); input: (batch, in_features), target: (batch,), or both without the batch."""
        _check_batch(input_, target_)
        is_batched = target_.dim() > 0
        input, target = (input_, target_) if is_batched else (input_.unsqueeze(0), target_.unsqueeze(0))
        entry, inside = self._by_cluster(input, target)
        output = inside + self.head(input).log_softmax(1).gather(1, entry.unsqueeze(1)).squeeze()
        return _ASMoutput(output if is_batched else output.squeeze(0), (-output).mean())

    def _by_cluster(self, input, target):
        """(each target's entry of the head, its log-probability within its cluster); a cluster that no target is in takes no part."""
        known = target.numpy_value()
        if known.size and not 0 <= known.min() <= known.max() < self.n_classes:
            raise RuntimeError(f"Target values should be in [0, {self.n_classes - 1}], but values in range [{known.min()}, {known.max()}] were "
                               "found. ")
        entry, inside = target, input.new_zeros(target.size(0))
        for place, (first, end) in enumerate(pairwise(self.cutoffs)):
            if not ((first <= known) & (known < end)).any():
                continue
            here = (target >= first) & (target < end)
            within = self.tail[place](input).log_softmax(1).gather(1, (target - first).clamp(0, end - first - 1).unsqueeze(1)).squeeze(1)
            entry, inside = entry.masked_fill(here, self.shortlist_size + place), ops.where(here, within, inside)
        return entry, inside

    def _get_full_log_prob(self, input, head_output):
        """The log-probabilities of all classes, from the head's output."""
        head = head_output.log_softmax(1)
        out = input.new_empty((head_output.size(0), self.n_classes))
        out[:, :self.shortlist_size] = head[:, :self.shortlist_size]
        for place, (first, end) in enumerate(pairwise(self.cutoffs)):
            out[:, first:end] = self.tail[place](input).log_softmax(1) + head[:, self.shortlist_size + place].unsqueeze(1)
        return out

    def log_prob(self, input):
        """The log-probabilities (batch, n_classes)."""
        return self._get_full_log_prob(input, self.head(input))

    def predict(self, input):
        """The most likely class (batch,), among a cluster's only where the head says that cluster."""
        head_output = self.head(input)
        output = head_output.argmax(1)
        rare = output >= self.shortlist_size
        return output if not rare.any() else ops.where(rare, self._get_full_log_prob(input, head_output).argmax(1), output)


def _check_batch(input, target):
    if target.dim() > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if target.dim() == 1 and input.size(0) != target.size(0):
        raise RuntimeError("Input and target should have the same size in the batch dimension.")
    if input.dim() != target.dim() + 1:
        raise RuntimeError(f"{target.dim()}D target tensor expects {target.dim() + 1}D input tensors, but found inputs with size {input.size()}")
