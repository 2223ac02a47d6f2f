"""Every knob of the engine, each with the reason for its value."""

import contextlib
import os


class Settings:
    """The engine's knobs; `settings` is the one instance."""

    __slots__ = ("eager", "host_runs", "host_elements", "tape_limit", "piece", "programs", "states", "kernels", "inline_bytes", "donated_elements")

    def __init__(self):
        # FACADE_EAGER=1 evaluates every operation when it is recorded: a debugger's stack then ends at the cause.
        self.eager = os.environ.get("FACADE_EAGER", "") not in ("", "0")
        # A compile takes 20 ms for one operation and 600 ms for an MLP's step; NumPy runs the same small step in 1 ms.
        # So a program compiles when it is met for the third time. Counted, never timed: two runs give the same bits.
        self.host_runs = 2
        # Beyond this many elements in all the values of a program, NumPy is slower than a compile is long.
        self.host_elements = 1 << 18
        # A tape with no read is cut here (an 8-layer Transformer's training step has about 2,500 entries) ...
        self.tape_limit = 8192
        # ... and then into pieces of the loop's period, of about this many entries (compiles in 0.3 s).
        self.piece = 256
        # Bounds of the caches; the least recently used program goes first, the trie goes whole.
        self.programs = 512
        self.states = 1 << 18
        self.kernels = 1 << 15
        # Arrays of NumPy up to this size go to a program as they are (1.5 us); larger ones are put on the device once.
        self.inline_bytes = 4096
        # A 784-500-10 MLP's step with Adam took 2.2 ms, 1.1 ms when its state is updated in place; below this size nothing is won,
        # and which leaves are spent would only make more programs.
        self.donated_elements = 1 << 13


settings = Settings()


@contextlib.contextmanager
def eagerly(enabled=True):
    """Evaluate each operation as it is recorded, for debugging (as FACADE_EAGER=1 does for a whole process)."""
    before, settings.eager = settings.eager, enabled
    try:
        yield
    finally:
        settings.eager = before
