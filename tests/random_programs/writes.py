"""Kinds of statement that write: into tensors, through views, into leaves where that is allowed."""

import numpy as np

from tests.random_programs.model import LARGEST, Variable, floating, graded, inputs_of_backward, kind, writable
from tests.random_programs.views import advanced, slicing


@kind(8)
def writing_scalar(author):
    one = author.pick(writable)
    if one is None:
        return
    number, bound, quantum = author.quarter() if one.floating else author.dice.randrange(2), one.memory.bound, one.memory.quantum
    options = [("zero_()", 0, 0.25), (f"fill_({number})", 2, 0.25)]
    if one.dtype != "bool":
        options += [(f"add_({number})", bound + 2, min(quantum, 0.25)), (f"sub_({number})", bound + 2, min(quantum, 0.25)),
                    (f"mul_({number})", 2 * bound, quantum / 4), ("neg_()", bound, quantum)]
    if one.floating and quantum and one.memory.exact:
        options += [("clamp_(-1, 1)", bound, quantum), ("relu_()", bound, quantum), ("abs_()", bound, quantum)]
    if one.floating:
        options += [("div_(2)", bound, quantum / 2), ("sigmoid_()", 1, 0), ("tanh_()", 1, 0)] + [("exp_()", 60, 0)] * (bound <= 4)
    call, bound, quantum = author.dice.choice(options)
    if bound <= LARGEST or not one.floating:
        author.emit(f"{one.name}.{call}")
        author.written(one, bound, quantum)


@kind(7)
def writing_tensor(author):
    one = author.pick(writable, floating)
    two = one and author.pick(floating, one.fits)
    if not two:
        return
    a, b, quantum = one.memory, two.memory, min(one.memory.quantum, two.memory.quantum)
    options = [("{}.add_({})", a.bound + b.bound, quantum), ("{} += {}", a.bound + b.bound, quantum), ("{} -= {}", a.bound + b.bound, quantum),
               ("{}.mul_({})", a.bound * b.bound, a.quantum * b.quantum), ("{} *= {}", a.bound * b.bound, a.quantum * b.quantum),
               ("{}.copy_({})", b.bound, b.quantum), ("{}[:] = {}" if one.shape else "{}[...] = {}", b.bound, b.quantum),
               ("{}.add_({}, alpha=0.5)", a.bound + b.bound, quantum / 2), ("{0}.div_({1} * {1} + 1)", a.bound, 0)]
    form, bound, quantum = author.dice.choice(options)
    if bound <= LARGEST:
        author.emit(form.format(one.name, two.name))
        author.written(one, bound, quantum, two)


@kind(6)
def setting(author):
    one = author.pick(writable, lambda one: one.shape and one.floating)
    if one is None:
        return
    text, cells = advanced(author, one) if author.chance(0.5) else (None, None)
    if text is None:
        text = slicing(author, one.shape)
        cells = eval(f"cells[{text}]", {"cells": one.cells})
    made = Variable("", np.asarray(cells), one.dtype, one.memory, False, True)
    two = author.pick(floating, made.fits, lambda other: other.memory is not one.memory)
    if two and author.chance(0.7):
        author.emit(f"{one.name}[{text}] = {two.name}")
        author.written(one, two.memory.bound, two.memory.quantum, two)
    else:
        author.emit(f"{one.name}[{text}] {author.dice.choice(('=', '=', '+='))} {author.quarter()}")
        author.written(one, one.memory.bound + 2, 0.25)


@kind(3)
def writing_masked(author):
    one = author.pick(writable, floating, lambda one: one.shape)
    mask = one and author.pick(lambda other: other.dtype == "bool", one.fits)
    if mask:
        full = mask.shape == one.shape
        form = author.dice.choice(("{}.masked_fill_({}, {})",) + ("{}[{}] = {}",) * full)
        author.emit(form.format(one.name, mask.name, author.quarter()))
        author.written(one, 2, 0.25)


@kind(2)
def writing_indexed(author):
    one = author.pick(writable, floating, lambda one: one.shape and 0 not in one.shape)
    if one is None:
        return
    dim = author.dim(one)
    index = author.dice.sample(range(one.shape[dim]), author.dice.randrange(1, one.shape[dim] + 1))
    source = f"torch.ones_like({one.name}).index_select({dim}, torch.tensor({index}))"
    options = [f"index_fill_({dim}, torch.tensor({index}), {author.quarter()})", f"index_add_({dim}, torch.tensor({index}), {source})",
               f"index_copy_({dim}, torch.tensor({index}), {source})"]
    author.emit(f"{one.name}.{author.dice.choice(options)}")
    author.written(one, one.memory.bound + 2, 0.25)


@kind(4)
def updating(author):
    """A leaf written where that is allowed, as optimizers by hand do."""
    one = author.pick(inputs_of_backward, lambda one: not one.overlapping, *[graded] * author.chance(0.9))
    if one is None:
        return
    inside = f"with torch.no_grad():\n    {one.name}"
    author.emit(author.dice.choice((f"{one.name}.data.mul_(0.5)", f"{inside} -= 0.5 * {one.name}.grad.tanh()", f"{inside}.add_(0.5)",
                                    f"{one.name}.data.add_({one.name}.grad.tanh(), alpha=-0.5)", f"{inside}.zero_()")))
    author.written(one, one.memory.bound + 1, 0)


@kind(3)
def block(author):
    """A few statements under another gradient mode."""
    if author.block is not None:
        return
    mode, author.tracking, author.block = author.dice.choice((("torch.no_grad()", False, []), ("torch.no_grad()", False, []), ("torch.enable_grad()", True, []),
                                                              ("torch.set_grad_enabled(False)", False, [])))
    for _ in range(author.dice.randrange(1, 4)):
        author.statement(INSIDE)
    lines, author.block, author.tracking = author.block, None, True
    if lines:
        body = "\n".join(lines).replace("\n", "\n    ")
        author.emit(f"with {mode}:\n    {body}")


INSIDE = ("smooth", "polynomial", "binary", "with_scalar", "viewing", "writing_scalar", "writing_tensor", "setting", "data", "reduction")
