"""What the engine has done: counters that tests and benchmarks read, and the list of what was compiled (compiles.py fills it)."""

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


compiled = []       # the latest entries, oldest first


def compiles():
    """The programs that were compiled, oldest first: each with where, operations, reason, seconds."""
    return list(compiled)


@contextlib.contextmanager
def expect_compiles(at_most):
    """Fail with AssertionError, which lists them, when the block compiles more than `at_most` programs."""
    before = totals.programs
    yield
    count = totals.programs - before
    if count > at_most:
        listed = "".join(f"\n  {each!r}" for each in compiled[-count:])
        raise AssertionError(f"{count} program{'s were' if count > 1 else ' was'} compiled where at most {at_most} were expected:{listed}")


def operator_name(kernel):
    """What users call the operation of a kernel; a derivative is named after what it is the derivative of."""
    inner = getattr(kernel.operator, "kernel", None)
    if inner is not None:
        return f"{operator_name(inner)}_backward"
    row = getattr(kernel.operator, "row", kernel.operator)
    return getattr(row, "name", None) or type(kernel.operator).__name__.strip("_").lower()
