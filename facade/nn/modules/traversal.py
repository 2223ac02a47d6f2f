"""Walking the tree of modules: names joined by dots, and each module, parameter and buffer met once.

The functions here are methods of `Module`: they take the module first.
"""


def named_modules(self, memo=None, prefix="", remove_duplicate=True):
    """(name, module) of this module, whose name is the prefix, and of all below it."""
    memo = set() if memo is None else memo
    if self in memo:
        return
    if remove_duplicate:
        memo.add(self)
    yield prefix, self
    for name, module in self._modules.items():
        if module is not None:
            yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)


def modules(self, remove_duplicate=True):
    """This module and all below it."""
    for _, module in self.named_modules(remove_duplicate=remove_duplicate):
        yield module


def named_children(self):
    """(name, module) of the modules directly in this one."""
    memo = set()
    for name, module in self._modules.items():
        if module is not None and module not in memo:
            memo.add(module)
            yield name, module


def children(self):
    """The modules directly in this one."""
    for _, module in self.named_children():
        yield module


def _named_members(self, get_members_fn, prefix="", recurse=True, remove_duplicate=True):
    """(name, member) for the pairs that `get_members_fn` gives of each module."""
    memo = set()
    found = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
    for path, module in found:
        for name, member in get_members_fn(module):
            if member is None or member in memo:
                continue
            if remove_duplicate:
                memo.add(member)
            yield f"{path}.{name}" if path else name, member


def named_parameters(self, prefix="", recurse=True, remove_duplicate=True):
    """(name, parameter) of this module and, with `recurse`, of those below it."""
    yield from self._named_members(lambda module: module._parameters.items(), prefix, recurse, remove_duplicate)


def parameters(self, recurse=True):
    """The parameters of this module and, with `recurse`, of those below it."""
    for _, parameter in self.named_parameters(recurse=recurse):
        yield parameter


def named_buffers(self, prefix="", recurse=True, remove_duplicate=True):
    """(name, buffer) of this module and, with `recurse`, of those below it."""
    yield from self._named_members(lambda module: module._buffers.items(), prefix, recurse, remove_duplicate)


def buffers(self, recurse=True):
    """The buffers of this module and, with `recurse`, of those below it."""
    for _, buffer in self.named_buffers(recurse=recurse):
        yield buffer
