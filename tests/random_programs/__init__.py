"""Random programs: text drawn by kind of statement, run in two worlds, compared in every tensor they leave.

A statement that raises is not an accident but an observation: type and text must agree as well.  When a backward pass
fails halfway, the program ends, for what had been accumulated until then is nobody's promise.
"""

import random

import numpy as np

from tests.observations import SINGLE, TOLERANCES, describe, first_difference, observe
from tests.random_programs import operators, writes  # noqa: F401  register their kinds of statement
from tests.random_programs.arithmetic import creation
from tests.random_programs.derivatives import final_backward
from tests.random_programs.model import KINDS, Author
from tests.worlds import refusal

STATEMENTS = 30
HALFWAY = ("modified by an inplace operation", "backward through the graph a second time")


def generate(dice, kinds=None, length=None):
    """A program drawn from `dice`: a seed, or any object with the methods of `random.Random`."""
    dice = random.Random(dice) if isinstance(dice, int) else dice
    author, length = Author(dice, kinds), length or dice.randrange(4, STATEMENTS + 1)
    creation(author)
    for _ in range(20 * length):
        if len(author.lines) < length:
            author.statement()
    return author.lines + final_backward(author)


def live_tensor(name, tensor, gradients):
    """What is compared of a tensor; how often torch wrote into a gradient it made itself is its own affair."""
    record = {name: tensor, "is_leaf": refusal(lambda: tensor.is_leaf)}
    if name.startswith("t"):
        record["version"] = tensor._version
    return record | {"grad": tensor.grad} if gradients else record


def run(torch, program):
    """Execute the statements; observe what each raised, then every tensor that is left."""
    names, raised, gradients = {"torch": torch}, {}, True
    for position, statement in enumerate(program):
        try:
            exec(compile(statement, "<statement>", "exec"), names)
        except Exception as failure:
            raised[f"{position}: {statement}"] = failure
            if any(words in str(failure) for words in HALFWAY):
                gradients = False
                break
    yield raised
    for name, value in sorted(names.items()):
        if isinstance(value, torch.Tensor):
            yield live_tensor(name, value, gradients)


def magnitude(observation):
    """The largest finite magnitude in an observation, at least 1: rounding errors are relative to it."""
    if isinstance(observation, dict):
        return max([1.0, *map(magnitude, observation.values())])
    if isinstance(observation, list):
        return max([1.0, *map(magnitude, observation)])
    return abs(observation) if isinstance(observation, float) and np.isfinite(observation) else 1.0


def tolerance(observation):
    """What rounding may amount to in one program: relative to its largest number, in the shortest dtype it met."""
    single = "float32" in describe(observation)
    return (SINGLE if single else TOLERANCES["float64"]) * magnitude(observation)


def mismatch(program, expected_world, actual_world):
    """Where two worlds part on `program`, or None."""
    expected = observe(run, expected_world, program=program)
    return first_difference(expected, observe(run, actual_world, program=program), tolerance=tolerance(expected))


def undefined(program, torch):
    """How many statements miss a name."""
    return describe(observe(run, torch, program=program)).count("NameError")


def minimised(program, *worlds):
    """The program without the statements that its mismatch does not need; no name is left undefined by that."""
    shorter = True
    while shorter:
        shorter = False
        for position in reversed(range(len(program))):
            candidate = program[:position] + program[position + 1:]
            if undefined(candidate, worlds[0]) <= undefined(program, worlds[0]) and mismatch(candidate, *worlds):
                program, shorter = candidate, True
    return program
