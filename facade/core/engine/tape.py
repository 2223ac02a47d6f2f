"""The tape: what a thread has recorded since its last evaluation, as a path in a trie.

Each prefix of a tape is a `State`, interned: the state *is* the key under which the programs of that tape
are filed, and no graph is hashed at the end. An `Epoch` is the data that flows along one path: which computed
values go in, the Python numbers, and the values that came out. Of those only what is alive leaves the program:
what something else than the epoch refers to, as Python's reference counts tell.

An epoch only grows, and its state moves last, so another thread that needs a pending value takes the state and
evaluates the epoch that far: recording needs no lock (running does), and to compute a value twice is harmless, for
values are immutable. For the same reason an exception at any point leaves the tape as it was.
"""

import threading

from facade.core.engine.policy import settings


class State:
    """A node of the trie: everything recorded so far.

    kernel, inputs: the last entry, and where its inputs come from (a slot, a number's type, or None);
    kernel is None for a leaf, whose spec is `inputs`. stretches: recorded before from here on, by whatever key. slots, leaves, numbers,
    length (operations): how many so far.
    """

    __slots__ = ("next", "parent", "kernel", "inputs", "slots", "leaves", "numbers", "length", "programs", "stretches")

    def __init__(self, parent, kernel, inputs, slots, leaves, numbers):
        self.parent, self.kernel, self.inputs = parent, kernel, inputs
        self.slots, self.leaves, self.numbers = slots, leaves, numbers
        self.length = 0 if parent is None else parent.length + (kernel is not None)
        self.next, self.programs, self.stretches = {}, {}, {}

    def path(self):
        """The states from the first entry to this one."""
        states, state = [], self
        while state.parent is not None:
            states.append(state)
            state = state.parent
        return states[::-1]


class Trie:
    """The root that new tapes start from, and how many states hang below it.

    There is a root for each *context*: a fact that operators depend on beside their inputs, such as the default dtype.
    """

    def __init__(self):
        self.context, self.roots = None, {}
        self.clear()

    def clear(self):
        """Forget every path; tapes under way keep theirs."""
        self.roots.clear()
        self.states = 0
        self.enter(self.context)

    def enter(self, context):
        """Start tapes from the root of this context."""
        self.context = context
        self.root = self.roots.setdefault(context, State(None, None, None, 0, 0, 0))


trie = Trie()


class Epoch:
    """What flows along one path of the trie.

    values: slot -> result; leaves: index -> computed values that go in; slot_of: where they are;
    numbers: index -> Python number; checks: (value, judge) pairs for errors that depend on data;
    device: where it runs, None for the CPU; traced: its leaves may be JAX's tracers, so that to evaluate it is to go on with their trace;
    host: nothing is kept, each operation is computed by NumPy as it comes (see aside.py).
    """

    __slots__ = ("state", "values", "leaves", "slot_of", "numbers", "checks", "limit", "traced", "device", "host", "lock")

    def __init__(self, limit, traced=False, host=False):
        self.limit, self.traced, self.device, self.host = limit, traced, None, host or settings.host_only
        self.state = State(None, None, None, 0, 0, 0) if self.host else trie.root
        self.values, self.leaves, self.slot_of, self.numbers, self.checks = {}, {}, {}, {}, []
        self.lock = threading.RLock()


class _Tapes(threading.local):
    """What each thread has for itself.

    epoch: the one it records on; outer: the one that waits while work goes on aside; size: how many elements the last program had;
    evaluations: how many there were; watch: called with each epoch that was evaluated, before its values are forgotten;
    started: when the evaluation began that it is called for, by time.perf_counter.
    """

    def __init__(self):
        self.epoch, self.outer, self.size, self.evaluations, self.watch = Epoch(settings.tape_limit), None, 0, 0, None
        self.started = 0.0

    def owns(self, epoch):
        """Whether this thread records on this epoch, now or again later."""
        return epoch is self.epoch or epoch is self.outer

    def replace(self, epoch, following):
        """Go on with another epoch in place of one that this thread owns."""
        if self.watch is not None:
            self._show(epoch)
        if epoch is self.outer:
            self.outer = following
        else:
            self.epoch = following

    def _show(self, epoch):
        """Call the watcher; what it evaluates itself is not shown to it."""
        watch, self.watch = self.watch, None
        try:
            watch(epoch)
        finally:
            self.watch = watch


tapes = _Tapes()
