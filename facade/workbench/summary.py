"""A module as a table or a page that folds: what it is made of, how many parameters, what it holds in memory, the shapes of what it gives.

    >>> facade.summary(model, images)

In a notebook a module shows itself so; its text stays PyTorch's. Shapes are those of the last `summary` with inputs: a call remembers
nothing.
"""

import html
import weakref

from facade.autograd.grad_mode import no_grad
from facade.core import dtypes
from facade.core.tensor.tensor import Tensor
from facade.nn.parameter import is_lazy
from facade.workbench.training.step import unchanged
from facade.workbench.trace import tensors_in

_outputs = weakref.WeakKeyDictionary()       # module -> the texts of what it last gave
STYLE = ("<style>.facade-module{font-size:13px;line-height:1.7}.facade-module details,.facade-module .leaf{margin-left:1.2em}"
         ".facade-module summary{cursor:pointer}.facade-module .leaf{padding-left:1.05em}.facade-module .of{color:#888}"
         ".facade-module .is{color:#4f7fb5;font-family:monospace}</style>")


def summary(module, *args, **kwargs):
    """The `Summary` of a module. With arguments it is called with them once, and what that changes is put back, but for
    the shapes that a lazy module then has; nothing is computed.
    """
    if args or kwargs:
        _call(module, args, kwargs)
    return Summary(module)


def _call(module, args, kwargs):
    """Note the shapes that all modules inside give."""
    def note(inner, inputs, output):
        _outputs[inner] = ", ".join(map(_spec, tensors_in(output)))
    handles = [each.register_forward_hook(note) for each in module.modules()]
    own = [each for each in (*module.parameters(), *module.buffers()) if not is_lazy(each)]
    try:
        with unchanged([*own, *tensors_in([*args, *kwargs.values()])], None), no_grad():
            module(*args, **kwargs)
    finally:
        for handle in handles:
            handle.remove()


class Summary:
    """What `summary` gives: prints as a table, and folds in a notebook."""

    def __init__(self, module):
        self.module = module

    def rows(self):
        """(path, class, output, parameters, bytes) of the module and of each inside it."""
        return [(path, type(each).__name__, _outputs.get(each, ""), _count(each), _held(each))
                for path, each in self.module.named_modules()]

    def __repr__(self):
        rows = [("module", "class", "output", "parameters", "memory")]
        rows += [(path or "(itself)", kind, output, f"{count:,}", _memory(held)) for path, kind, output, count, held in self.rows()]
        widths = [max(map(len, column)) for column in zip(*rows)]
        aligned = ["ljust", "ljust", "ljust", "rjust", "rjust"]
        lines = ([getattr(text, align)(width) for text, align, width in zip(row, aligned, widths)] for row in rows)
        return "\n".join("  ".join(line).rstrip() for line in lines)

    def _repr_html_(self):
        return f'{STYLE}<div class="facade-module">{_folding("", self.module, True)}</div>'


# ---------------------------------------------------------------- a module's figures
def _spec(tensor):
    return f"{dtypes.BY_NUMPY[tensor._value.spec.dtype]!r}".removeprefix("torch.") + f" {list(tensor.shape)}"


def _made(tensors):
    """Those that have a shape: a lazy module's have none before its first call."""
    return [(name, each) for name, each in tensors if not is_lazy(each)]


def _count(module):
    return sum(each.numel() for _, each in _made(module.named_parameters()))


def _held(module):
    """The bytes of parameters, of their gradients, and of buffers."""
    params = [each for _, each in _made(module.named_parameters())]
    buffers = [each for _, each in _made(module.named_buffers())]
    return sum(map(_bytes, [*params, *buffers, *(each.grad for each in params if isinstance(each.grad, Tensor))]))


def _bytes(tensor):
    return tensor.numel() * tensor.element_size()


def _memory(held):
    return f"{held} B" if held < 1 << 10 else f"{held / 2**10:.1f} KiB" if held < 1 << 20 else f"{held / 2**20:.1f} MiB"


# ---------------------------------------------------------------- the page
def _folding(name, module, is_open=False):
    """A module: a line that unfolds into its own tensors and the modules inside."""
    own = _made([*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)])
    inner = [_tensor(path, each) for path, each in own] + [_folding(path, each) for path, each in module.named_children()]
    line = _line(name, module)
    if not inner:
        return f'<div class="leaf">{line}</div>'
    return f"<details{' open' * is_open}><summary>{line}</summary>{''.join(inner)}</details>"


def _line(name, module):
    extra = "" if module._modules else html.escape(f"({module.extra_repr()})")
    output = f' <span class="is">&rarr; {html.escape(_outputs[module])}</span>' if _outputs.get(module) else ""
    figures = f' <span class="of">{_count(module):,} parameters, {_memory(_held(module))}</span>' if _held(module) else ""
    return f"{html.escape(name)} <b>{type(module).__name__}</b>{extra}{output}{figures}"


def _tensor(name, tensor):
    grad = f", gradient {_memory(_bytes(tensor.grad))}" if isinstance(tensor.grad, Tensor) else ""
    figures = f'<span class="is">{_spec(tensor)}</span> <span class="of">{_memory(_bytes(tensor))}{grad}</span>'
    return f'<div class="leaf">{html.escape(name)} {figures}</div>'
