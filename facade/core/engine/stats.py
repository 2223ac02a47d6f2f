"""What the engine has done: counters that tests and benchmarks read."""

import contextlib


class Counters:
    """Totals since the process began.

    evaluations: times a tape was evaluated; host_runs: those that NumPy served; compiled_runs: those that a
    compiled program served; programs: programs compiled; kernels: operations traced; cuts: tapes cut for length.
    """

    __slots__ = ("evaluations", "host_runs", "compiled_runs", "programs", "kernels", "cuts")

    def __init__(self):
        for name in self.__slots__:
            setattr(self, name, 0)

    def as_dict(self):
        """The totals by name."""
        return {name: getattr(self, name) for name in self.__slots__}


totals = Counters()


def counters():
    """A snapshot of the totals, as a dict."""
    return totals.as_dict()


@contextlib.contextmanager
def expect_compiles(at_most):
    """Fail with AssertionError when the block compiles more than `at_most` programs."""
    before = totals.programs
    yield
    compiled = totals.programs - before
    if compiled > at_most:
        raise AssertionError(f"{compiled} programs were compiled where at most {at_most} were expected")
