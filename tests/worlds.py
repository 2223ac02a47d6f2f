"""Every test is a function of the namespace `torch`, run in two worlds whose observations must agree.

`@both_worlds` makes a test of such a function, `@expressions` one test of each line of a text.  The referee knows
which worlds play: the candidate is facade, and it is held against torch or against what torch showed when
`python -m tests.record` was last run.
"""

import importlib
import inspect
import json
import pathlib
import textwrap

import numpy as np
import pytest

from tests import oracle
from tests.observations import describe, first_difference, observe

TESTS = pathlib.Path(__file__).parent
EXPECTATIONS = TESTS / "expectations"
KNOWN_GAPS = TESTS / "known_gaps.txt"
SLIPS = ("NameError", "SyntaxError", "IndentationError")
NEVER_RECORDED = "nothing recorded for {}: run python -m tests.record where torch is installed"


def world(name):
    """The namespace called `name`: the oracle's, or a package imported now."""
    return oracle.torch if name == "torch" else importlib.import_module(name)


def test_identity(node):
    """The name of a test in expectations and known gaps: file within tests, then the test, as pytest writes it."""
    return f"{node.path.relative_to(TESTS).as_posix()}::{node.name}"


test_identity.__test__ = False


def expectation_file(identity):
    return EXPECTATIONS / (identity.split("::")[0].removesuffix(".py").replace("/", ".") + ".json")


class Referee:
    """Runs programs in the candidate's world and judges them by the expected world."""

    def __init__(self, candidate, against, recording):
        self.candidate, self.against = candidate, against
        self.recording = {} if recording else None
        self.stored = {}

    def expectation(self, identity, program, arguments):
        if self.against == "torch":
            return observe(program, oracle.torch, **arguments)
        path = expectation_file(identity)
        if path not in self.stored:
            self.stored[path] = json.loads(path.read_text()) if path.exists() else {}
        if identity not in self.stored[path]:
            pytest.fail(NEVER_RECORDED.format(identity), pytrace=False)
        return self.stored[path][identity]

    def judge(self, identity, program, arguments=None, source=None, tolerance=None):
        """Fail the running test where the worlds disagree; while recording, only note what torch shows."""
        arguments = arguments or {}
        source = source or source_of(program, arguments)
        expected = self.expectation(identity, program, arguments)
        refuse_slips(expected, source)
        if self.recording is not None:
            self.recording[identity] = expected
            return
        actual = observe(program, world(self.candidate), **arguments)
        found = first_difference(expected, actual, tolerance=tolerance(expected) if tolerance else None)
        if found:
            pytest.fail(report(source, expected, actual, found), pytrace=False)

    def write(self):
        """Store what was recorded, a file for each test module and a line for each test."""
        for path in sorted({expectation_file(identity) for identity in self.recording}):
            lines = [f"{json.dumps(identity)}: {json.dumps(observation, sort_keys=False)}"
                     for identity, observation in sorted(self.recording.items()) if expectation_file(identity) == path]
            path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def source_of(program, arguments):
    """What the reader must see to repeat the program by hand."""
    text = textwrap.dedent(inspect.getsource(getattr(program, "names", program)))
    return "\n".join([text[text.index("def ") if "def " in text else 0:].rstrip(), *map(str, arguments.values())])


def refuse_slips(expected, source):
    """A test whose program is itself at fault would agree in every world, so it must not pass."""
    if expected["error"] and expected["error"]["error"] in SLIPS:
        pytest.fail(f"the test itself is at fault: {describe(expected['error'])}\n{source}", pytrace=False)


def report(source, expected, actual, found):
    lines = ["the worlds disagree", source, f"expected: {describe(expected)}", f"actual:   {describe(actual)}"]
    return "\n".join([*lines, f"first difference: {found}"])


def both_worlds(program):
    """A test of `program(torch, ...)`; further parameters are pytest's."""
    first, *others = inspect.signature(program).parameters.values()

    def test(referee, request, **arguments):
        referee.judge(test_identity(request.node), program, arguments)

    own = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ("referee", "request")]
    test.__signature__ = inspect.Signature(own + others)
    test.__name__, test.__doc__, test.__module__ = program.__name__, program.__doc__, program.__module__
    test.__dict__.update(program.__dict__)
    return test


def run_line(line, names):
    """The value of an expression; after a statement, the names as it left them."""
    try:
        code = compile(line, "<line>", "eval")
    except SyntaxError:
        exec(line, names)
        return {name: value for name, value in names.items() if name not in ("torch", "np", "__builtins__")}
    return eval(code, names)


def expressions(text):
    """One test of each line of `text`, evaluated among the names that the decorated function of `torch` returns."""
    lines = [line.strip() for line in text.strip().splitlines()]

    def decorate(names):
        def program(torch, line):
            return run_line(line, {"torch": torch, "np": np} | (names(torch) or {}))

        program.__name__, program.__doc__, program.__module__ = names.__name__, names.__doc__, names.__module__
        program.names = names
        return pytest.mark.parametrize("line", lines, ids=lines)(both_worlds(program))

    return decorate


def refusal(function, *arguments):
    """The exception that the call raises, to be observed; its result where it raises none."""
    try:
        return function(*arguments)
    except Exception as failure:
        return failure


def read_gaps(text):
    """The lines `test id  # reason` of a list of known gaps, as a mapping; a gap without a reason is an error."""
    gaps = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        if not line.startswith("#"):
            identity, _, reason = line.partition("  # ")
            if not reason.strip():
                raise ValueError(f"a known gap needs a reason: {line!r}")
            gaps[identity.strip()] = reason.strip()
    return gaps
