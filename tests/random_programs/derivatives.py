"""Kinds of statement that differentiate, and mistakes that must be refused."""

from tests.random_programs.model import floating, graded, inputs_of_backward, kind


def scalar_of(author, one):
    """The text of a scalar that depends on `one`."""
    forms = ["{}.sum()", "({0} * {0}).sum()", "{}.mean()", "{}.tanh().sum()"] + ["{}"] * (one.cells.size == 1)
    return author.dice.choice(forms).format(one.name)


def differentiable(author):
    """A variable to differentiate, rarely one whose graph has been freed or that has none."""
    candidates = [floating, lambda one: one.tracked and not one.leaf]
    unspent = author.pick(*candidates, lambda one: not one.history & author.spent)
    return author.pick(floating) if author.chance(0.06) else author.pick(*candidates) if author.chance(0.1) else unspent


def differentiated(author, one, retained):
    """Record that a backward pass went through `one`."""
    author.spent |= frozenset() if retained else one.history
    for leaf in author.pool:
        leaf.graded |= leaf.tracked and leaf.leaf and bool(leaf.history & one.history)


def final_backward(author):
    """The last statement: a sum over several variables is differentiated, so that no history goes unread."""
    unspent = [one for one in author.pool if one.tracked and not one.leaf and one.floating and not one.history & author.spent]
    terms = [f"{one.name}.sin().sum()" for one in author.dice.sample(unspent, min(len(unspent), 4))]
    return [f"({' + '.join(terms)}).backward()"] if terms else []


@kind(7)
def backward(author):
    one = differentiable(author)
    if one is None:
        return
    loss, keep, retained = scalar_of(author, one), author.dice.choice(("retain_graph=True", "")), False
    form = author.dice.randrange(5)
    if form < 3:
        author.emit(f"{loss}.backward({keep})")
        retained = bool(keep)
    elif form == 3:
        author.emit(f"{one.name}.backward({one.name}.detach().{author.dice.choice(('cos', 'square'))}())")
    else:
        author.emit(f"loss = {loss}\nloss.backward(retain_graph=True)\nloss.backward()")
    differentiated(author, one, retained)


@kind(2)
def gradient(author):
    """`torch.autograd.grad`, once or through its own result."""
    one = differentiable(author)
    leaf = one and (author.pick(inputs_of_backward, lambda leaf: leaf.history & one.history) or author.pick(inputs_of_backward))
    if not leaf:
        return
    scalar, keep = scalar_of(author, one), author.chance(0.6)
    if author.chance(0.5):
        unused = ", allow_unused=True" if author.chance(0.6) else ""
        name = author.name().replace("t", "g")
        author.emit(f"{name}, = torch.autograd.grad({scalar}, [{leaf.name}], retain_graph={keep}{unused})")
        return differentiated(author, one, keep)
    if 0 in leaf.shape:
        return                  # torch gives an empty gradient a history or none, by the formula that it came from
    author.emit(f"first, = torch.autograd.grad({scalar}, [{leaf.name}], create_graph=True)\nfirst = first * 1\n(first * first).sum().backward()")
    differentiated(author, one, False)


@kind(3)
def forgetting(author):
    one = author.pick(inputs_of_backward, *[graded] * author.chance(0.9))
    if one:
        call = author.dice.choice(("= None", ".zero_()", "*= 0"))
        one.graded = call != "= None"
        author.emit(f"{one.name}.grad{call if call.startswith('.') else ' ' + call}")


@kind(2)
def hooking(author):
    """A hook.  `is_leaf` is read first: torch 2.13 crashes on a view whose base a write has just made differentiable."""
    one = author.pick(lambda one: one.tracked)
    if one:
        call = author.dice.choice(("register_hook(lambda g: g * 0.5)", "register_hook(lambda g: None)", "retain_grad()"))
        author.emit(f"{one.name}.is_leaf\n{one.name}.{call}")


@kind(5)
def mistake(author):
    """A statement that must be refused, or be allowed for a reason that is easy to miss."""
    one, two, rank = author.pick(), author.pick(), len(author.pick().shape)
    author.emit(author.dice.choice((
        f"{one.name} + torch.ones(7)", f"{one.name}.sum({rank + 3})", f"{one.name}.transpose(0, {rank + 4})", f"{one.name}[9]",
        f"{one.name}[(0,) * 5]", f"{one.name}.view(13)", f"{one.name}.reshape(5, 7)", f"{one.name} @ torch.ones(9)", f"{one.name}.item()",
        f"bool({one.name})", f"{one.name}.add_(1)", f"{one.name}.requires_grad_()", f"{one.name}.squeeze({rank + 3})", f"{one.name}.narrow(0, 3, 4)",
        f"{one.name}.backward()", f"{one.name}[0] = torch.ones(5, 6)", f"torch.cat([{one.name}, torch.ones(3, 7)])", f"{one.name}.expand(7, 7)",
        f"{one.name}.copy_(torch.ones(7))", f"torch.autograd.grad({one.name}, {two.name}, retain_graph=True)", f"{one.name}.permute(0, 0)", f"torch.mm({one.name}, torch.ones(6, 6))",
        f"{one.name}.expand(2, *{one.name}.shape).add_(1)", f"{one.name}[[9]].tolist()", f"torch.stack([{one.name}, torch.ones(7)])", f"{one.name}.masked_fill_(torch.ones(2), 0)",
    )))
