"""Every knob of the engine, each with the reason for its value."""

import contextlib
import os


class Settings:
    """The engine's knobs; `settings` is the one instance."""

    __slots__ = ("eager", "host_runs", "host_elements", "settled_elements", "tape_limit", "piece", "programs", "states", "kernels",
                 "inline_bytes", "numbers", "inline_uses", "donated_elements", "small_elements", "storm", "loop_evaluations",
                 "compiles_kept", "host_only", "worth")

    def __init__(self):
        # FACADE_EAGER=1 evaluates every operation when it is recorded: a debugger's stack then ends at the cause.
        self.eager = os.environ.get("FACADE_EAGER", "") not in ("", "0")
        # A compile takes 20 ms for one operation and 600 ms for an MLP's step; NumPy runs the same small step in 1 ms.
        # So a program compiles when it has returned so often in a row within so many evaluations, or often enough without (`rare_runs`).
        # Counted, never timed: two runs give the same bits.
        self.host_runs, self.loop_evaluations = 2, 4
        # A program that ran fewer times than this after its compilation was not worth it. PPO over episodes of every length met each of its
        # batches three times: 22 compilations, 6 of 9 s.
        self.worth = 16
        # Beyond this many elements in all the values of a program, NumPy is slower than a compile is long.
        self.host_elements = 1 << 28
        # From this many elements on a training step's update is a program of its own: 40 us are then under 5 % of a step, and what is
        # not compiled again (0.5 s for an MLP, 3 s for a GPT) is the same step without an update before it, the first of each epoch.
        self.settled_elements = 1 << 19
        # A tape with no read is cut here (an 8-layer Transformer's training step has about 2,500 entries) ...
        self.tape_limit = 8192
        # ... and then into pieces of the loop's period, of about this many entries (compiles in 0.3 s).
        self.piece = 256
        # Bounds of the caches; the least recently used program goes first, the trie goes whole.
        self.programs = 512
        self.states = 1 << 18
        self.kernels = 1 << 15
        # Arrays of NumPy up to this size go to a program as they are (1.5 us), so many times; others are put on the device once (10 us).
        self.inline_bytes, self.inline_uses = 4096, 4
        # How many Python numbers are kept as arrays, or remembered as having been met.
        self.numbers = 1024
        # A 784-500-10 MLP's step with Adam took 2.2 ms, 1.1 ms when its state is updated in place; below this size nothing is won,
        # and which leaves are spent would only make more programs.
        self.donated_elements = 1 << 13
        # How the CPU's programs are compiled, by how many elements they have. XLA's older fusion emitters compile an MLP's step in 280 ms
        # instead of 550 and it runs as fast, but a GPT's in 3.6 s instead of 1.9. (Unoptimized, the MLP compiles in 120 ms, but a step
        # of 64 us takes 75, one of 88 us 138.)
        self.small_elements = 1 << 19
        # A line that has compiled so many programs gets a warning; how many compilations are remembered.
        self.storm, self.compiles_kept = 8, 1000
        # Set in a process that was forked: it has none of the threads of XLA, which would be waited for without end.
        self.host_only = False

    def compiler_options(self, elements):
        """XLA's options for a program of so many elements on the CPU, or None."""
        return {"xla_cpu_use_fusion_emitters": False} if elements <= self.small_elements else None

    def patience(self, operations, elements):
        """How often in a row a program has to return before it is compiled.

        Compiling grows faster than the program: 210 operations took 1.9 s, 5,700 (a text of 64 words, generated) 68 s and 2.7 GB, where
        NumPy ran them in 0.14 s. So a long one waits until NumPy has cost it an eighth of what compiling would.
        """
        if operations <= 512:
            return self.host_runs
        compiling, running = 9000 * operations * (2000 + operations) // 2000, 10 * operations + elements // 1000      # microseconds
        return max(self.host_runs, compiling // (8 * running))

    def rare_runs(self, elements):
        """After how many runs a program compiles that returns seldom: an RNN over names has one for each length (1.5 to 5 s to compile)."""
        return self.host_runs + min(62, (1 << 24) // (elements + 1))

    @property
    def cache(self):
        """Where JAX keeps compiled programs from one run to the next: FACADE_CACHE=DIR (`facade run --cache` sets it), '' for nowhere.

        An MLP's step that takes 380 ms to compile is read in 125, one of 784-500-10 (740 ms) in 160.
        """
        return os.environ.get("FACADE_CACHE", "")


settings = Settings()


@contextlib.contextmanager
def uncompiled():
    """Leave what is evaluated in this block to NumPy: to compare bits, as NumPy and XLA may differ in the last one."""
    before, settings.host_runs = settings.host_runs, 1 << 30
    try:
        yield
    finally:
        settings.host_runs = before


@contextlib.contextmanager
def eagerly(enabled=True):
    """Evaluate each operation as it is recorded, for debugging (as FACADE_EAGER=1 does for a whole process)."""
    before, settings.eager = settings.eager, enabled
    try:
        yield
    finally:
        settings.eager = before
