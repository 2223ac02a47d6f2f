"""Operators that take several lines and come several times become functions: `layer_norm(x, weight, bias)`, written once.

Each operator is handed to JAX under a mark, the name of a `jit`. Two of them are one function where their text is the same: so nothing has to
be known of any operator, and one that is used for other shapes is the same function as far as its text does not speak of shapes.
"""

from collections import Counter

from jax.extend.core import ClosedJaxpr

from facade.workbench.expressions import Expression
from facade.workbench.flat import flatten
from facade.workbench.known import MARK
from facade.workbench.source import Names, Writer

LINES = 3           # a shorter operator stands where it is used
_RENAMED = {"self": "x", "input": "x"}


class Helpers:
    """The functions for what comes several times in these programs (closed jaxprs). lines: of each function; flats: their programs; named: text -> name."""

    def __init__(self, programs, taken=()):
        self.names, self.lines, self.flats, self.named, self._texts = Names(taken), [], [], {}, {}
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
            self.flats.append(flatten(params["jaxpr"]))
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
            writer = Writer(Names(operands))
            try:
                outputs = writer.body(flatten(params["jaxpr"]), [Expression(each, cheap=True) for each in operands])
                self._texts[key] = (*writer.lines, f"    return {', '.join(each.text for each in outputs)}")
            except NotImplementedError:         # the whole program will say what it is that has no text
                self._texts[key] = ()
        return self._texts[key]


def _marked_in(jaxpr):
    """The parameters of the marked equations of a jaxpr."""
    for equation in jaxpr.eqns:
        if equation.primitive.name in ("jit", "pjit") and equation.params["name"].startswith(MARK) and isinstance(equation.params["jaxpr"], ClosedJaxpr):
            yield equation.params
