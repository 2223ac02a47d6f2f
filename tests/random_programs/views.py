"""Kinds of statement that look at a tensor otherwise: views, other handles, indices."""

import numpy as np

from tests.random_programs.model import floating, kind


def slicing(author, shape):
    """A random basic index as text, without an ellipsis."""
    parts = []
    for size in shape[: author.dice.randrange(1, len(shape) + 1)]:
        start = author.dice.randrange(-size, size) if size else 0
        parts.append(author.dice.choice((str(start) if size else ":", f"{start}:", f":{start}", f"::{author.dice.randrange(1, 4)}", ":", f"{start}::2", "None, :")))
    return ", ".join(parts)


def factor(author, size):
    """A random shape of `size` elements, one dimension left to be inferred now and then."""
    divisors = [one for one in range(1, 5) if size % one == 0]
    first = author.dice.choice(divisors)
    return author.dice.choice(((size,), (first, size // first), (1, size), (first, 1, size // first)))


def expanded(author, shape):
    """`shape` with its ones widened and sometimes a dimension more."""
    wide = tuple(author.dice.choice((1, 2, 3)) if size == 1 else size for size in shape)
    return (2,) * author.dice.randrange(2) + wide


def view_options(author, one):
    """Views of `one`: pairs of a text after its name and what that does to its cells."""
    cells, rank = one.cells, len(one.shape)
    a, b = author.dim(one), author.dim(one)
    wider, flat = expanded(author, one.shape), factor(author, cells.size) if cells.size else (0,)
    options = [(f"unsqueeze({author.dim(one, 1)})", None), (f"reshape({flat})", cells.reshape(flat)),
               (f"view({flat})", cells.reshape(flat)), ("squeeze()", cells.squeeze()), ("flatten()", cells.reshape(-1)),
               (f"expand({wider})", np.broadcast_to(cells, wider)), ("view_as({0})", cells), ("detach()", cells), ("contiguous()", cells)]
    if rank:
        permutation = tuple(author.dice.sample(range(rank), rank))
        text = slicing(author, one.shape)
        options += [(f"transpose({a}, {b})", cells.swapaxes(a, b)), (f"permute({permutation})", cells.transpose(permutation))]
        options += [(f"[{text}]", None)] * 3
    if rank and one.shape[a]:
        size = one.shape[a]
        start = author.dice.randrange(size)
        length, step = author.dice.randrange(1, size + 1), author.dice.choice((1, 2))
        taken = [slice(None)] * (a % rank)
        windows = np.lib.stride_tricks.sliding_window_view(cells, length, a)
        options += [(f"narrow({a}, {start}, {size - start})", cells[(*taken, slice(start, None))]),
                    (f"select({a}, {start})", cells[(*taken, start)]),
                    (f"unfold({a}, {length}, {step})", windows[(*taken, slice(None, None, step))])]
    if rank == 2:
        options += [("t()", cells.T), ("diagonal()", np.diagonal(cells)), ("diagonal(1)", np.diagonal(cells, 1)), ("T", cells.T)]
    return options


@kind(12)
def viewing(author):
    one = author.pick()
    text, cells = author.dice.choice(view_options(author, one))
    if text.startswith("["):
        cells = eval(f"cells{text}", {"cells": one.cells})
    elif cells is None:
        cells = np.expand_dims(one.cells, int(text[len("unsqueeze("):-1]))
    text = text.format(one.name)
    made = author.view(one.name + (text if text.startswith("[") else f".{text}"), cells, one)
    if text == "detach()":
        made.tracked, made.leaf = False, True


@kind(3)
def unbinding(author):
    one = author.pick(lambda one: one.shape and 0 < one.shape[0])
    if one is None:
        return
    size = author.dice.randrange(1, one.shape[0] + 1)
    split = [one.cells[start:start + size] for start in range(0, one.shape[0], size)]
    chunks = [one.cells[start:start + -(-one.shape[0] // 2)] for start in range(0, one.shape[0], -(-one.shape[0] // 2))]
    call, parts = author.dice.choice(((f"split({size})", split), ("chunk(2)", chunks), ("unbind()", list(one.cells))))
    first = author.dice.randrange(len(parts))
    author.view(f"{one.name}.{call}[{first}]", parts[first], one)


@kind(3)
def data(author):
    one = author.pick(floating)
    if one:
        made = author.view(f"{one.name}{author.dice.choice(('.data', '.detach()'))}", one.cells, one)
        made.tracked, made.leaf = False, True


@kind(1)
def requiring(author):
    one = author.pick(floating, lambda one: one.leaf and not one.tracked)
    if one:
        author.emit(f"{one.name}.requires_grad_()")
        one.tracked = one.memory.leaf = True


def positions(author, size):
    """Distinct indices into a dimension, some counted from the end."""
    drawn = author.dice.sample(range(size), author.dice.randrange(1, size + 1))
    return [index - size if author.chance(0.3) else index for index in drawn]


def advanced(author, one):
    """An advanced index of text that meets no element twice, and the cells it meets; None where impossible."""
    if not one.shape or 0 in one.shape:
        return None, None
    first = positions(author, one.shape[0])
    options = [(f"{first}", one.cells[first]), (f"torch.tensor({first})", one.cells[first])]
    if len(one.shape) > 1:
        last = positions(author, one.shape[-1])
        common = min(len(first), len(last))
        options += [(f":, {last[:1]}", one.cells[:, last[:1]] if len(one.shape) == 2 else None), (f"..., {last}", one.cells[..., last])]
        if len(one.shape) == 2:
            options.append((f"{first[:common]}, {last[:common]}", one.cells[first[:common], last[:common]]))
        options.append((f"{first}, 0", one.cells[first, 0]))
    return author.dice.choice([option for option in options if option[1] is not None])


@kind(3)
def gathering(author):
    one = author.pick()
    text, cells = advanced(author, one)
    if text is None:
        return
    calls = [f"{one.name}[{text}]"]
    if author.chance(0.3):
        dim = author.dim(one)
        index = [author.dice.randrange(one.shape[dim]) for _ in range(2)]
        calls, cells = [f"{one.name}.index_select({dim}, torch.tensor({index}))"], one.cells.take(index, dim)
    author.result(calls[0], cells.shape, one.dtype, one.memory.bound, one.memory.quantum, one)


@kind(1)
def masking(author):
    mask = author.pick(lambda one: one.dtype == "bool" and one.shape)
    one = mask and author.pick(floating, lambda one: one.shape == mask.shape)
    if one:
        author.result(f"{one.name}[{mask.name}].sum()", (), one.dtype, one.memory.bound * max(1, one.cells.size), one.memory.quantum, one)
