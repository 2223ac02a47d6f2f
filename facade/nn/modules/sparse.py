"""Tables of vectors looked up by index (torch.nn.modules.sparse)."""

from facade.autograd.grad_mode import no_grad
from facade.core.ops import creation
from facade.nn import functional as F
from facade.nn import init
from facade.nn.modules.module import Module
from facade.nn.parameter import Parameter

__all__ = ["Embedding", "EmbeddingBag"]


class _Table(Module):
    """A table of num_embeddings vectors, the one at padding_idx being 0 and not trained."""

    def _set_up(self, padding_error, weight, freeze, device, dtype):
        """Check padding_idx, and draw the table or take the one that is given."""
        self.padding_idx = _from_start(self.padding_idx, self.num_embeddings, padding_error)
        shape = [self.num_embeddings, self.embedding_dim]
        if weight is not None and list(weight.shape) != shape:
            raise AssertionError("Shape of weight does not match num_embeddings and embedding_dim")
        self.weight = Parameter(creation.FUNCTIONS["empty"](shape, device=device, dtype=dtype) if weight is None else weight, not freeze)
        if weight is None:
            self.reset_parameters()

    def reset_parameters(self):
        """Draw the vectors from the standard normal distribution."""
        init.normal_(self.weight)
        self._fill_padding_idx_with_zero()

    def _fill_padding_idx_with_zero(self):
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)

    @classmethod
    def from_pretrained(cls, embeddings, freeze=True, **options):
        """A layer with the given table; freeze: it is not trained."""
        if embeddings.dim() != 2:
            raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
        rows, columns = embeddings.shape
        return cls(num_embeddings=rows, embedding_dim=columns, _weight=embeddings, **options)

    def _options(self, **defaults):
        """The text of the options that differ from their defaults."""
        return "".join(f", {name}={getattr(self, name)}" for name, default in defaults.items() if getattr(self, name) != default)


def _from_start(index, count, error):
    """padding_idx counted from the start."""
    if index is None:
        return None
    if not -count <= index < count:
        raise AssertionError(error)
    return index % count


class Embedding(_Table):
    """The vector of each index; max_norm: longer vectors are shortened when they are looked up."""

    def __init__(self, num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False,
                 _weight=None, _freeze=False, device=None, dtype=None):
        super().__init__()
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse = max_norm, norm_type, scale_grad_by_freq, sparse
        self._set_up("Padding_idx must be within num_embeddings", _weight, _freeze, device, dtype)

    @classmethod
    def from_pretrained(cls, embeddings, freeze=True, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False):
        """A layer with the given table; freeze: it is not trained."""
        return super().from_pretrained(embeddings, _freeze=freeze, padding_idx=padding_idx, max_norm=max_norm, norm_type=norm_type,
                                       scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)

    def forward(self, input):
        """input: indices of any shape; the output has one dimension more."""
        return F.embedding(input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse)

    def extra_repr(self):
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        text += self._options(padding_idx=None, max_norm=None, norm_type=2, scale_grad_by_freq=False)
        return text + (", sparse=True" if self.sparse else "")


class EmbeddingBag(_Table):
    """The sum, mean or maximum of the vectors of each bag of indices."""

    def __init__(self, num_embeddings, embedding_dim, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, mode="mean", sparse=False,
                 _weight=None, include_last_offset=False, padding_idx=None, device=None, dtype=None):
        super().__init__()
        self.num_embeddings, self.embedding_dim, self.max_norm, self.norm_type = num_embeddings, embedding_dim, max_norm, norm_type
        self.scale_grad_by_freq, self.padding_idx = scale_grad_by_freq, padding_idx
        self.mode, self.sparse, self.include_last_offset = mode, sparse, include_last_offset
        self._set_up("padding_idx must be within num_embeddings", _weight, False, device, dtype)

    @classmethod
    def from_pretrained(cls, embeddings, freeze=True, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, mode="mean", sparse=False,
                        include_last_offset=False, padding_idx=None):
        """A layer with the given table; freeze: it is not trained."""
        made = super().from_pretrained(embeddings, max_norm=max_norm, norm_type=norm_type, scale_grad_by_freq=scale_grad_by_freq, mode=mode,
                                       sparse=sparse, include_last_offset=include_last_offset, padding_idx=padding_idx)
        made.weight.requires_grad = not freeze
        return made

    def forward(self, input, offsets=None, per_sample_weights=None):
        """input: (bags, indices), or all indices in a row with `offsets`, where each bag starts; weights: of each index."""
        return F.embedding_bag(input, self.weight, offsets, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.mode, self.sparse,
                               per_sample_weights, self.include_last_offset, self.padding_idx)

    def extra_repr(self):
        text = f"{self.num_embeddings}, {self.embedding_dim}" + self._options(max_norm=None, norm_type=2, scale_grad_by_freq=False)
        return f"{text}, mode={self.mode!r}" + self._options(padding_idx=None)
