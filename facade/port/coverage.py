"""`facade coverage`: how many of PyTorch's public names facade has, by namespace.

The names of PyTorch are recorded data, those of facade are looked up; nothing is called, so this counts what is there and not how
right it is.  A name that is there and known to differ counts as there, and is listed with the reason.
"""

import fnmatch
from typing import NamedTuple

from facade.port.names import ABSENT, find, note_on, torch_names

# The namespaces that the summary shows one by one; a submodule that only says again what its package has is left out.
SHOWN = """torch torch.Tensor torch.nn torch.nn.functional torch.nn.init torch.nn.utils torch.nn.utils.rnn torch.nn.utils.parametrize
    torch.nn.utils.parametrizations torch.nn.utils.prune torch.optim torch.optim.lr_scheduler torch.optim.swa_utils torch.autograd
    torch.autograd.functional torch.autograd.forward_ad torch.func torch.utils.data torch.utils.checkpoint torch.linalg torch.fft
    torch.special torch.signal.windows torch.distributions torch.distributions.constraints torch.random torch.serialization torch.amp
    torch.cuda torch.jit
    torch.compiler torch.profiler torch.hub torch.multiprocessing torch.testing torch.sparse torch.nested torch.masked torch.distributed
    torch.fx torch.export torch.onnx torch.quantization""".split()


class Coverage(NamedTuple):
    """One namespace: how many public names torch has there, which of them facade lacks, and which differ, with the reason."""

    namespace: str
    total: int
    missing: list
    differing: dict

    @property
    def present(self):
        """How many of torch's names are there."""
        return self.total - len(self.missing)


def coverage(namespace):
    """The Coverage of one namespace, such as `torch.nn.functional` or `torch.Tensor`."""
    full = {name: f"{namespace}.{name}" for name in torch_names()[namespace]}
    missing = [name for name in full if find(full[name]) is ABSENT]
    differing = {name: note_on(full[name]) for name in full if name not in missing and note_on(full[name])}
    return Coverage(namespace, len(full), missing, differing)


def namespaces(patterns=(), shows_all=False):
    """The namespaces to show: those that fit a pattern (`nn.*` is `torch.nn.*`), all, or those of the summary."""
    named = [pattern if pattern.startswith("torch") else f"torch.{pattern}" for pattern in patterns]
    every = [name for name in sorted(torch_names()) if torch_names()[name]]
    if named:
        return [name for name in every if any(fnmatch.fnmatchcase(name, pattern) for pattern in named)]
    return every if shows_all else SHOWN


def table(found):
    """The counts, a namespace per line, and their sum."""
    width = max(len(each.namespace) for each in found)
    lines = [f"{'namespace':<{width}}  torch  facade       %  differ"]
    rows = [(each.namespace, each.total, each.present, len(each.differing)) for each in found]
    rows.append(("all of these", *(sum(column) for column in list(zip(*rows))[1:])))
    return "\n".join(lines + [f"{name:<{width}}  {total:5}  {present:6}  {100 * present / total:5.1f}  {differing or '':>7}".rstrip()
                              for name, total, present, differing in rows])


def main(options):
    """Print the coverage; the exit code is 2 where no namespace fits."""
    found = [coverage(name) for name in namespaces(options.namespaces, options.all)]
    if not found:
        print(f"facade: PyTorch has no namespace {' or '.join(options.namespaces)}")
        return 2
    print(table(found))
    for each in found:
        if options.missing and each.missing:
            print("\n".join([f"\n{each.namespace} lacks", *(f"    {name}{_because(each, name)}" for name in each.missing)]))
        if options.differing and each.differing:
            print("\n".join([f"\n{each.namespace} differs", *(f"    {name}: {note}" for name, note in each.differing.items())]))
    return 0


def _because(each, name):
    note = note_on(f"{each.namespace}.{name}")
    return f": {note}" if note else ""
