"""Operators that take several lines and come several times become functions: `layer_norm(x, weight, bias)`, written once.

Each operator is handed to JAX under a mark, the name of a `jit`. Two of them are one function where their text is the same: so nothing
has to be known of any operator, and one that is used for other shapes is the same function as far as its text does not speak of shapes.
"""

from collections import Counter

from facade.workbench.emitting.expressions import Expression
from facade.workbench.emitting.flattening import flatten
from facade.workbench.emitting.known import IDIOMS, MARK, source_of
from facade.workbench.emitting.lines import returned
from facade.workbench.emitting.names import Names
from facade.workbench.emitting.source import Writer

LINES = 3           # a shorter operator stands where it is used
_RENAMED = {"self": "x", "input": "x"}


class Helpers:
    """The functions for what comes several times in these programs (closed jaxprs). wide: whether JAX has 64-bit numbers; lines: of each
    function; named: text -> name.
    """

    def __init__(self, programs, taken=(), wide=True):
        self.wide, self.names, self.lines, self.named, self._texts = wide, Names(taken), [], {}, {}
        found = Counter(self._text(each) for program in programs for each in _marked_in(program.jaxpr))
        self.often = {text for text, count in found.items() if count > 1 and len(text) >= LINES}

    def name_of(self, params):
        """The name of the function that a marked jit is, None where it stands for itself."""
        text = self._text(params)
        if text not in self.often:
            return None
        if text not in self.named:
            operator, *operands = params["name"].removeprefix(MARK).split()
            self.named[text] = self.names.new(operator.lstrip("_"))
            self.lines.append([f"def {self.named[text]}({', '.join(self._operands(params))}):", *text])
        return self.named[text]

    @staticmethod
    def _operands(params):
        """Names for the operands, as far as the jaxpr still has those that were handed over."""
        wishes = [_RENAMED.get(each, each) for each in params["name"].removeprefix(MARK).split()[1:]]
        count = len(params["jaxpr"].jaxpr.invars)
        names = Names()
        return [names.new(wish) for wish in (wishes if len(wishes) == count else ["x"] * count)]

    def _text(self, params):
        """The lines of the body."""
        key = params["name"], str(params["jaxpr"])
        if key not in self._texts:
            operands = self._operands(params)
            writer = Writer(Names(operands), wide=self.wide)
            try:
                outputs = writer.body(flatten(params["jaxpr"], wide=self.wide), [Expression(each, cheap=True) for each in operands])
                self._texts[key] = tuple(returned(writer.lines, ", ".join(each.text for each in outputs)))
            except NotImplementedError:         # the whole program will say what it is that has no text
                self._texts[key] = ()
        return self._texts[key]


def idioms_in(flats, taken):
    """The functions of `idioms` that flat programs call, as lists of lines; one whose name is taken gets another."""
    names, lines = Names(taken), {}
    for equation in [equation for flat in flats for equation in flat.equations if equation.primitive is None and equation.name in IDIOMS]:
        if equation.name not in lines:
            name = names.new(equation.name)
            head, *body = source_of(equation.name)
            lines[equation.name] = name, [head.replace(equation.name, name, 1), *body]
        equation.name = lines[equation.name][0]
    return [each for _, each in lines.values()]


def names_in(functions):
    """The names of functions that are lists of lines."""
    return [lines[0].removeprefix("def ").partition("(")[0] for lines in functions]


def _marked_in(jaxpr):
    """The parameters of the marked equations of a jaxpr."""
    for equation in jaxpr.eqns:
        if equation.primitive.name in ("jit", "pjit") and equation.params["name"].startswith(MARK):
            yield equation.params
