"""The text of a tensor, character for character as torch prints it.

A text is made in three steps. *Choose*: a tensor of more than `threshold` elements shows
only `edgeitems` at either end of each dimension, and nothing else of it is ever read.
*Style*: all shown elements of a tensor share one notation and one width, found from the
nonzero finite ones among them, so that columns line up; complex tensors have one style
for the real parts and one for the imaginary. *Lay out*: rows are wrapped at `linewidth`,
nested in brackets, and followed by what the elements do not tell: size, dtype, grad_fn.

Everything here works on NumPy arrays, or on whatever has a shape and can be sliced like one.
"""

import contextlib
import dataclasses
import itertools
import math

import numpy as np

from facade.core import dtypes

LARGEST_RATIO, LARGEST, SMALLEST = 1e3, 1e8, 1e-4     # magnitudes outside of these want scientific notation


# ---------------------------------------------------------------- options
@dataclasses.dataclass
class _PrintOptions:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


PRINT_OPTS = _PrintOptions()
_PROFILES = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None):
    """Change how tensors are printed (torch.set_printoptions).

    precision: digits after the decimal point.
    threshold: the number of elements above which a tensor is summarised.
    edgeitems: how many elements a summary shows at either end of a dimension.
    linewidth: characters a line may hold.
    profile: "default", "short" or "full", a set of the four above, which single arguments override.
    sci_mode: scientific notation always, never, or, with None, where the magnitudes ask for it.
    """
    single = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    chosen = _PROFILES.get(profile, {}) | {name: value for name, value in single.items() if value is not None}
    for name, value in chosen.items():
        setattr(PRINT_OPTS, name, value)
    PRINT_OPTS.sci_mode = sci_mode


def get_printoptions():
    """The options in force, as the keyword arguments `set_printoptions` takes."""
    return dataclasses.asdict(PRINT_OPTS)


@contextlib.contextmanager
def printoptions(**kwargs):
    """Print options for the length of a `with` block; the arguments are those of `set_printoptions`."""
    before = get_printoptions()
    set_printoptions(**kwargs)
    try:
        yield
    finally:
        set_printoptions(**before)


# ---------------------------------------------------------------- the whole text
def tensor_text(values, dtype, *, default_dtype, suffixes=(), prefix="tensor(", contents=None, has_data=True):
    """The text of a tensor, such as 'tensor([1., 2.], dtype=torch.float64, requires_grad=True)'.

    values: what has the tensor's shape and gives its elements by NumPy slicing; only what is shown is read.
    dtype, default_dtype: the tensor's dtype, and the one that goes without saying.
    suffixes: what else the tensor wants to say, such as "device='cuda:0'" or "grad_fn=<MulBackward0>".
    prefix: what opens the text; its length is the indentation of the lines that follow.
    contents: a text to stand in place of the elements.
    has_data: False for a tensor that is only a shape (on the meta device); `values` then needs only that shape.
    """
    shape = tuple(values.shape)
    if contents is None:
        contents = _contents(values, shape, dtype, len(prefix)) if has_data else "..."
    told = _told_by_shape_and_dtype(shape, dtype, default_dtype, has_data)
    if suffixes:
        on_device = [suffix for suffix in suffixes if suffix.startswith("device=")]
        told = [*on_device, *told, *(suffix for suffix in suffixes if suffix not in on_device)]
    return _with_suffixes(prefix + contents, told, len(prefix))


def _told_by_shape_and_dtype(shape, dtype, default_dtype, has_data):
    """The suffixes for size and dtype, each only where a reader could not see it from the elements."""
    empty = 0 in shape
    size_unseen = not has_data or (len(shape) != 1 if empty else not PRINT_OPTS.edgeitems)
    dtype_unseen = dtype is not default_dtype and (empty or not has_data or not _is_seen(dtype, default_dtype))
    return [f"size={shape}"] * size_unseen + [f"dtype={dtype}"] * dtype_unseen


def _is_seen(dtype, default_dtype):
    """Whether the elements alone show this dtype: those which `tensor` gives Python numbers."""
    if dtype.is_complex:
        return dtype is (dtypes.complex128 if default_dtype is dtypes.float64 else dtypes.complex64)
    return dtype is dtypes.int64 or dtype is dtypes.bool


def _with_suffixes(text, suffixes, indent):
    """`text` closed by a bracket, after the suffixes, each on a new line where the line is full."""
    used = len(text) - text.rfind("\n") + 1     # torch reckons the first line two longer than it is
    for suffix in suffixes:
        if used + len(suffix) + 2 > PRINT_OPTS.linewidth:
            text += ",\n" + " " * indent + suffix
            used = indent + len(suffix)
        else:
            text += ", " + suffix
            used += len(suffix) + 2
    return text + ")"


# ---------------------------------------------------------------- choose
def _contents(values, shape, dtype, indent):
    """The elements in their brackets; the lines after the first are indented by `indent`."""
    if 0 in shape:
        return "[]"
    edge = PRINT_OPTS.edgeitems
    if math.prod(shape) <= PRINT_OPTS.threshold:
        shown, gaps = np.asarray(values), [False] * len(shape)
    elif not edge and shape:
        return "[...]"
    else:
        shown, gaps = _edges(values, edge), [length > 2 * edge for length in shape]
    texts, width = _complex_texts(shown) if dtype.is_complex else _real_texts(shown, dtype.is_floating_point)
    return _nested(iter(texts), shown.shape, gaps, indent, width) if shape else texts[0]


def _edges(values, edge, dim=0):
    """The corners of `values`, joined: `edge` elements at either end of each longer dimension from `dim` on."""
    if dim == len(values.shape):
        return np.asarray(values)
    if values.shape[dim] <= 2 * edge:
        return _edges(values, edge, dim + 1)
    before = (slice(None),) * dim
    ends = values[(*before, slice(edge))], values[(*before, slice(-edge, None))]
    return np.concatenate([_edges(end, edge, dim + 1) for end in ends], axis=dim)


# ---------------------------------------------------------------- style
def _real_texts(array, floating):
    """The text of each element, all as wide as the widest, and the width at which lines are wrapped."""
    if floating:
        return _float_texts(_numbers(array))
    texts = [str(value) for value in array.ravel().tolist()]
    width = max(map(len, texts))
    return [text.rjust(width) for text in texts], width


def _complex_texts(array):
    """The same for complex elements; the imaginary part follows its sign without padding."""
    real_texts, real_width = _float_texts(_numbers(array.real))
    imaginary_texts, imaginary_width = _float_texts(_numbers(array.imag))
    pairs = zip(real_texts, map(str.lstrip, imaginary_texts))
    return [f"{real}{'' if imaginary[0] == '-' else '+'}{imaginary}j" for real, imaginary in pairs], real_width + imaginary_width + 1


def _numbers(array):
    """The elements as Python floats, each exactly; the small formats of ml_dtypes know no `tolist` of floats."""
    native = array.dtype.kind == "f"
    return (array if native else array.astype(np.float32)).ravel().tolist()


def _float_texts(numbers):
    """The text of each number and the width. Zeros, nan and inf have no say in the width, so they may exceed it."""
    isfinite = math.isfinite
    ordinary = [number for number in numbers if number and isfinite(number)]
    pattern = _pattern(ordinary)
    width = max([len(pattern % number) for number in ordinary], default=1)
    return [(pattern % number if isfinite(number) else str(number)).rjust(width) for number in numbers], width


def _pattern(ordinary):
    """The %-format for all the numbers of a tensor whose nonzero finite ones are `ordinary`."""
    if ordinary:
        magnitudes = list(map(abs, ordinary))
        if _is_scientific(min(magnitudes), max(magnitudes)):
            return f"%.{PRINT_OPTS.precision}e"
    return "%.0f." if all(map(float.is_integer, ordinary)) else f"%.{PRINT_OPTS.precision}f"


def _is_scientific(smallest, largest):
    if PRINT_OPTS.sci_mode is not None:
        return PRINT_OPTS.sci_mode
    return largest / smallest > LARGEST_RATIO or largest > LARGEST or smallest < SMALLEST


# ---------------------------------------------------------------- lay out
def _nested(texts, shape, gaps, indent, width):
    """The next elements of the iterator `texts` in the brackets of an array of this shape.

    `gaps` says for each dimension whether its middle was left out.
    """
    if len(shape) == 1:
        return _row(list(itertools.islice(texts, shape[0])), gaps[0], indent, width)
    parts = [_nested(texts, shape[1:], gaps[1:], indent + 1, width) for _ in range(shape[0])]
    if gaps[0]:
        parts.insert(len(parts) // 2, "...")
    between = "," + "\n" * (len(shape) - 1) + " " * (indent + 1)
    return f"[{between.join(parts)}]"


def _row(texts, gap, indent, width):
    """One dimension, wrapped into as many lines as it needs; a gap counts as an element."""
    if gap:
        texts.insert(len(texts) // 2, " ...")
    per_line = max(1, (PRINT_OPTS.linewidth - indent) // (width + 2))
    lines = [", ".join(texts[start:start + per_line]) for start in range(0, len(texts), per_line)]
    between = ",\n" + " " * (indent + 1)
    return f"[{between.join(lines)}]"
