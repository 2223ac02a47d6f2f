"""What the author of a random program knows of each variable, without running anything.

`cells` is a NumPy array of element numbers
on which each view is repeated, so shapes and aliases are known.  `Memory` bounds the values of one storage: `bound`
is the largest possible magnitude and `quantum` a power of two that divides every value, 0 where there is none.
Arithmetic on multiples of a quantum is free of rounding, so only there a program may compare, round or clamp: on
other values the last bit would decide which way it goes.
"""

import dataclasses

import numpy as np

LARGEST = 100.0
MANTISSA = 2.0**22
FLOATS = ("float32", "float64")
KINDS = {}


@dataclasses.dataclass
class Memory:
    """What is known of all values in one storage."""

    bound: float
    quantum: float
    leaf: bool = False

    @property
    def exact(self):
        return self.quantum > 0 and self.bound / self.quantum < MANTISSA

    def absorb(self, bound, quantum):
        """Values of this bound and quantum were written here."""
        self.bound, self.quantum = max(self.bound, bound), min(self.quantum, quantum)


@dataclasses.dataclass
class Variable:
    """What is known of one tensor."""

    name: str
    cells: np.ndarray
    dtype: str
    memory: Memory
    tracked: bool
    leaf: bool
    history: frozenset = frozenset()
    graded: bool = False

    @property
    def shape(self):
        return self.cells.shape

    @property
    def floating(self):
        return self.dtype in FLOATS

    @property
    def overlapping(self):
        return len(np.unique(self.cells)) < self.cells.size

    def fits(self, other):
        """Whether `other` can be written into this tensor element by element without reading what it overwrites."""
        wide = (1,) * (len(self.shape) - len(other.shape)) + other.shape
        same = other.memory is not self.memory or other is self
        return same and len(wide) == len(self.shape) and all(b in (a, 1) for a, b in zip(self.shape, wide))


def kind(weight):
    """A kind of statement: a function that adds one to the author's program, where the pool allows."""

    def register(function):
        KINDS[function.__name__] = (weight, function)
        return function

    return register


class Author:
    """Writes one program: draws kinds of statements, and models what each does to the pool of variables."""

    def __init__(self, dice, kinds=None):
        self.dice = dice
        self.kinds = {name: KINDS[name] for name in KINDS if kinds is None or name in kinds}
        self.lines, self.pool, self.block = [], [], None
        self.precisions = dice.choices((FLOATS, FLOATS[:1], FLOATS[1:]), (1, 2, 2))[0]
        self.tracking, self.names, self.next_cell, self.spent = True, 0, 0, frozenset()

    def statement(self, names=None):
        """Add a statement of a kind drawn by weight, of those in `names`; the kind may find nothing to do."""
        kinds = [self.kinds[name] for name in self.kinds if names is None or name in names]
        if kinds:
            self.dice.choices([function for _, function in kinds], [weight for weight, _ in kinds])[0](self)

    def chance(self, probability):
        return self.dice.random() < probability

    def pick(self, *conditions):
        """A variable that meets every condition, late ones more often; None where there is none."""
        fitting = [one for one in self.pool if all(condition(one) for condition in conditions)]
        return fitting[-1 - min(self.dice.randrange(len(fitting)), self.dice.randrange(len(fitting)))] if fitting else None

    def emit(self, line):
        (self.lines if self.block is None else self.block).append(line)

    def fresh(self, shape):
        """Element numbers of a new storage."""
        size = int(np.prod(shape, dtype=int))
        self.next_cell += size
        return np.arange(self.next_cell - size, self.next_cell).reshape(shape)

    def name(self):
        self.names += 1
        return f"t{self.names}"

    def add(self, expression, cells, dtype, memory, tracked=False, leaf=None, inputs=()):
        """Assign `expression` to a new variable."""
        tracked = tracked and dtype in FLOATS
        made = Variable(self.name(), cells, dtype, memory, tracked, (not tracked) if leaf is None else leaf)
        made.history = frozenset([self.names]).union(*(one.history for one in inputs)) if tracked else frozenset()
        memory.leaf |= made.tracked and made.leaf
        self.emit(f"{made.name} = {expression}")
        self.pool.append(made)
        return made

    def result(self, expression, shape, dtype, bound, quantum, *inputs):
        """Assign the result of an operation that allocates."""
        tracked = self.tracking and any(one.tracked for one in inputs)
        memory = Memory(bound, quantum if dtype in FLOATS else max(quantum, 1.0))
        if bound > LARGEST and dtype in FLOATS:
            expression, memory = f"torch.tanh({expression})", Memory(1.0, 0.0)
        return self.add(expression, self.fresh(shape), dtype, memory, tracked, inputs=inputs)

    def view(self, expression, cells, base):
        """Assign a view of `base`."""
        leaf = base.leaf and not (base.tracked and self.tracking)
        return self.add(expression, cells, base.dtype, base.memory, base.tracked, leaf, [base])

    def written(self, target, bound, quantum, *inputs):
        """Record that `target` was written in place."""
        if target.floating:
            target.memory.absorb(bound, quantum)
        if self.tracking and any(one.tracked for one in inputs):
            for alias in self.pool:
                if alias.memory is target.memory:
                    alias.tracked, alias.leaf = True, False
                    alias.history = alias.history.union(*(one.history for one in inputs))

    def dim(self, variable, spare=0):
        """A dimension of `variable`, counted from either end."""
        rank = max(1, len(variable.shape) + spare)
        return self.dice.randrange(-rank, rank)

    def shape(self):
        return tuple(self.dice.choices((0, 1, 2, 3, 4), (1, 4, 8, 8, 3))[0] for _ in range(self.dice.choices((0, 1, 2, 3), (2, 5, 6, 3))[0]))

    def quarter(self, largest=2):
        """A Python number that is a multiple of a quarter."""
        return self.dice.randrange(-4 * largest, 4 * largest + 1) / 4

    def nonzero(self):
        return self.dice.choice((-2.0, -1.5, -1.0, -0.5, 0.5, 1.5, 2.0))


def promoted(one, two):
    """The dtype of an operation on two dimensioned tensors."""
    return max(one, two, key=("bool", "int64", "float32", "float64").index)


def broadcast(one, two):
    """The common shape of two variables, or None."""
    try:
        return np.broadcast_shapes(one.shape, two.shape)
    except ValueError:
        return None


def floating(one):
    return one.floating


def exact(one):
    return one.memory.exact


def inputs_of_backward(one):
    return one.tracked and one.leaf


def graded(one):
    return one.graded


def writable(one):
    return not one.overlapping and not one.memory.leaf
