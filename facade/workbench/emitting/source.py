"""Readable JAX source from jaxprs: the writer that decides what becomes a statement and what stays inside an expression.

A value that is used once goes into the expression that uses it while that stays short; all others get a name, after the operator that made
them. What a person would not write is left out: a broadcast that arithmetic makes by itself, a dtype that a number takes on anyway.
"""

import re
from collections import Counter
from dataclasses import replace

import numpy as np
from jax import lax
from jax.extend.core import Literal

from facade.workbench.emitting.control import CONTROL
from facade.workbench.emitting.expressions import ATOM, Expression, call, literal, tuple_text, typed, written_out
from facade.workbench.emitting.flat import Name, aval_of
from facade.workbench.emitting.flattening import flatten
from facade.workbench.emitting.lines import WIDTH, returned
from facade.workbench.emitting.names import MODULES, NOUNS, results
from facade.workbench.emitting.primitives.table import ELEMENTWISE, TABLE, primitive_itself

INLINE, INLINE_ACROSS = 64, 52      # letters that may stand inside an expression of the same operator, of another one
USUAL, KEY = 6, 10                  # letters that a name, and a key, are taken to have
MANY, SHORT = 4, 4                  # more operands are a list; a constant of more elements has a name
_WORDS = re.compile(r'"[^"]*"|\w+|.')
_FREE = {"broadcast_in_dim", "transpose", "iota"}          # as cheap to write twice as to name


class Equation:
    """One equation as the table of primitives sees it."""

    def __init__(self, flat, operands, untyped, wide):
        self.name, self.params, self.operands, self.untyped, self.wide = flat.name, flat.params, operands, untyped, wide
        self.shapes = [tuple(aval_of(each).shape) for each in flat.sources]
        self.dtypes = [aval_of(each).dtype for each in flat.sources]
        self.out = flat.results[0].aval
        self.primitive_home = next((f"{path}.{flat.name}_p" for path, module in (("lax", lax), ("lax.linalg", lax.linalg))
                                    if getattr(module, f"{flat.name}_p", None) is flat.primitive), None)


class Writer:
    """Writes the statements of one function.

    wide: whether JAX has 64-bit numbers; names_sums: whether each sum of a running sum has a name, also the last, so that each may be a
    loop's; untyped: inputs that may be Python numbers, so they have no methods.
    """

    def __init__(self, names, indent=1, wide=True, names_sums=False):
        self.names, self.indent, self.wide, self.lines, self.names_sums = names, indent, wide, [], names_sums
        self.known, self.untyped = {}, set()

    def body(self, flat, inputs, wishes=(), inside=()):
        """Write a flat program whose inputs are these expressions; the expressions of its outputs.

        wishes: names for those; inside: outputs that may stand where they are given back, as short expressions.
        """
        self.inside = {id(output) for output in inside}
        self.known.update((id(name), expression) for name, expression in zip(flat.inputs, inputs))
        self.uses, self.consumers = _uses(flat), _consumers(flat)
        self.wishes = {id(output): wish for output, wish in zip(flat.outputs, wishes)}
        self.makers = {id(result): equation for equation in flat.equations for result in equation.results}
        for equation in flat.equations:
            self._write(equation)
        return [typed(self.operand(each), aval_of(each).dtype) for each in flat.outputs]

    def say(self, line):
        """One more line."""
        self.lines.append("    " * self.indent + line)

    def _width(self, text):
        """How long a text is with names and keys of usual length: what is the same but for them has to be written the same, to become a
        loop.
        """
        names = self.names.taken - MODULES
        return sum(KEY if word[0] == '"' else USUAL if word in names else len(word) for word in _WORDS.findall(text))

    # ------------------------------------------------------------ operands
    def operand(self, source):
        """The expression of a source; a constant of many elements gets a name when it is met first."""
        if isinstance(source, Literal) and np.ndim(source.val) == 0:
            return literal(np.asarray(source.val, np.dtype(source.aval.dtype)))
        if isinstance(source, Name):
            return self.known[id(source)]
        array = np.asarray(getattr(source, "val", source))
        made = written_out(array, self.wide)
        if array.size <= SHORT or made.loose is not None:
            return made
        if id(source) not in self.known:
            self.known[id(source)] = self._said(self.names.new(made.text.removeprefix("jnp.").split("(")[0]), made)
        return self.known[id(source)]

    def _said(self, name, made):
        """A statement that gives an expression a name; that name."""
        self.say(f"{name} = {made.text}")
        return Expression(name, cheap=True)

    def texts(self, sources):
        """The texts of operands that are arrays of their own."""
        return [typed(self.operand(each), aval_of(each).dtype).text for each in sources]

    def _operands(self, flat):
        """The operands; those of elementwise operations without the broadcasts that they make by themselves."""
        operands = [self.operand(each) for each in flat.sources]
        if flat.name not in ELEMENTWISE:
            return operands
        shapes = [() if each.is_literal else aval_of(source).shape for each, source in zip(operands, flat.sources)]
        wanted = flat.results[0].aval.shape
        for place, each in enumerate(operands):
            if each.loose is not None:
                tried = [*shapes[:place], each.loose[1], *shapes[place + 1:]]
                if np.broadcast_shapes(*tried) == wanted:
                    operands[place], shapes = each.loose[0], tried
        return operands

    # ------------------------------------------------------------ statements
    def _write(self, flat):
        if flat.name in CONTROL:
            CONTROL[flat.name](self, flat)
            return
        operands, made = self._made(flat)
        if self._is_too_long(flat, operands, made):
            self._name_longest(flat, operands)
            operands, made = self._made(flat)
        if flat.name in ELEMENTWISE and all(map(self._may_be_a_number, operands, flat.sources)):
            self.untyped.add(id(flat.results[0]))
        if len(flat.results) > 1 or flat.primitive is not None and flat.primitive.multiple_results:
            names = self.targets(flat)
            self.say(f"{', '.join(names)}{',' * (len(names) == 1)} = {made.text}")
        else:
            self._place(flat, made)

    def _made(self, flat):
        """The operands of one equation, and its expression."""
        operands = self._operands(flat)
        if flat.primitive is None:
            return operands, call(flat.name, *operands, **flat.params)
        untyped = bool(flat.sources) and id(flat.sources[0]) in self.untyped
        return operands, TABLE.get(flat.name, primitive_itself)(Equation(flat, operands, untyped, self.wide))

    def _may_be_a_number(self, operand, source):
        return operand.is_literal or id(source) in self.untyped

    def _is_too_long(self, flat, operands, made):
        """Whether a statement would not fit into a line, and a name for one of a few operands helps."""
        return len(flat.results) == 1 and len(operands) <= MANY and self._width(made.text) > WIDTH - 4 * self.indent - 16 \
            and not self._stays_inside(flat, made)

    def _name_longest(self, flat, operands):
        """Give the longest operand of a line that is too long a name."""
        long = [(self._width(each.text), source) for each, source in zip(operands, flat.sources)
                if isinstance(source, Name) and not each.cheap and each.loose is None and self._width(each.text) > 24]
        if long:
            source = max(long, key=lambda pair: pair[0])[1]
            maker = self.makers.get(id(source))
            name = self.names.new(NOUNS.get(maker.name if maker else "", flat.scope or "part"))
            self.known[id(source)] = self._said(name, self.known[id(source)])

    def _place(self, flat, made):
        """Give the result a name, or leave it to stand in what uses it."""
        result = flat.results[0]
        if flat.name == "broadcast_in_dim" and made.loose and not made.cheap and not self._stays_inside(flat, made):
            made = self._named_narrow(flat, made)
        if not self._stays_inside(flat, made):
            name = self._said(self.names.new(self._wish(flat)), made)
            made = replace(name, loose=(name, made.loose[1]) if made.loose and made.loose[1] == result.aval.shape else None)
        self.known[id(result)] = made

    def _named_narrow(self, flat, made):
        """A broadcast whose operand has a name."""
        narrow, shape = made.loose
        if not narrow.cheap:
            narrow = self._said(self.names.new(flat.scope or "spread"), narrow)
        wide = flat.results[0].aval.shape
        text = narrow.text if shape == wide else f"jnp.broadcast_to({narrow.text}, {tuple_text(wide)})"
        return Expression(text, loose=(narrow, shape), cheap=True)

    def _stays_inside(self, flat, made):
        """Whether a result stands in what uses it."""
        result = flat.results[0]
        if id(result) in self.wishes:
            return made.level == ATOM and made.cheap and made.text.isidentifier()
        if made.is_literal or made.cheap or flat.name in _FREE and self._width(made.text) <= INLINE:
            return True
        consumer = self.consumers.get(id(result))
        if self.uses[id(result)] == 1 and id(result) in self.inside:
            return self._width(made.text) <= INLINE
        if flat.name == "concatenate" and consumer is not None and consumer.name.startswith("scatter") and consumer.sources[1] is result:
            return self.uses[id(result)] == 1           # the indices, side by side
        if self.uses[id(result)] != 1 or consumer is None or consumer.name in CONTROL or self._is_running_sum(flat, consumer):
            return False
        return self._width(made.text) <= (INLINE if consumer.scope == flat.scope else INLINE_ACROSS)

    def _is_running_sum(self, flat, consumer):
        """Whether `x = x + part` is said, and again: the stream of residuals, or of losses."""
        if flat.name != "add" or flat.scope != "add":
            return False
        if consumer.name == consumer.scope == "add":
            return True
        makers = [self.makers.get(id(each)) for each in flat.sources]
        return self.names_sums and any(each is not None and each.name == each.scope == "add" for each in makers)

    def _wish(self, flat):
        """The name that a result should have."""
        result = flat.results[0]
        if id(result) in self.wishes:
            return self.wishes[id(result)]
        consumer = self.consumers.get(id(result))
        if consumer is not None and consumer.scope == flat.scope:
            return NOUNS.get(flat.name, flat.name.removeprefix("jax.nn."))
        return results(flat.scope, flat.name)[0] or NOUNS.get(flat.name, flat.name)

    def targets(self, flat, wish=""):
        """Names for the results of a statement that gives several, `_` for those that nothing uses. wish: for what no operator names."""
        wishes = results(flat.scope, flat.name) if flat.primitive is None else [flat.scope or wish or flat.name]
        wishes += wishes[-1:] * (len(flat.results) - len(wishes))
        wishes = [self.wishes.get(id(each), wish) for each, wish in zip(flat.results, wishes)]
        return [self._named(each, wish) if self.uses[id(each)] else "_" for each, wish in zip(flat.results, wishes)]

    def _named(self, result, wish):
        name = self.names.new(wish)
        self.known[id(result)] = Expression(name, cheap=True)
        return name

    # ------------------------------------------------------------ functions inside
    def function(self, wish, closed, captured, parameters, pack):
        """Write a function for a jaxpr; its name. captured: expressions of its first inputs; parameters: (name of all, wish for each, how
        many) of the other inputs, which come as a tuple where they are several; pack(outputs): what it returns.
        """
        flat, name = flatten(closed, wide=self.wide), self.names.new(wish)
        inner = Writer(self.names.inner(), self.indent + 1, self.wide)
        groups = [(whole, [inner.names.new(each) for _ in range(count)]) for whole, each, count in parameters]
        signature = [names[0] if len(names) == 1 else whole if names else "_" for whole, names in groups]
        self.say(f"def {name}({', '.join(signature)}):")
        for whole, names in groups:
            if len(names) > 1:
                inner.say(f"{', '.join(names)} = {whole}")
        outputs = inner.body(flat, [*captured, *(Expression(each, cheap=True) for _, names in groups for each in names)])
        self.lines += returned(inner.lines, pack([each.text for each in outputs]), inner.indent)
        return name

    def atoms(self, sources):
        """Operands as plain names, for a function to capture."""
        found = []
        for source in sources:
            operand = typed(self.operand(source), aval_of(source).dtype)
            if not (operand.cheap or operand.level == ATOM and operand.text.isidentifier()):
                operand = self._said(self.names.new("captured"), operand)
            found.append(operand)
        return found


def _uses(flat):
    """How often each value is used; through what is as cheap to write twice, as often as that is used."""
    uses = Counter(id(each) for each in flat.outputs)
    for equation in reversed(flat.equations):
        often = max(1, uses[id(equation.results[0])]) if equation.name in _FREE else 1
        for source in equation.sources:
            uses[id(source)] += often
    return uses


def _consumers(flat):
    """value -> the equation that uses it, of those used by equations; through what is cheap, the one behind it."""
    found = {}
    for equation in reversed(flat.equations):
        for source in equation.sources:
            found[id(source)] = found.get(id(equation.results[0])) or equation if equation.name in _FREE else equation
    for output in flat.outputs:
        found.setdefault(id(output), None)
    return found
