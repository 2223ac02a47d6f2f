"""Readable JAX source from jaxprs: the writer that decides what becomes a statement and what stays inside an expression.

A value that is used once goes into the expression that uses it while that stays short; all others get a name, after the operator that made
them. What a person would not write is left out: a broadcast that arithmetic makes by itself, a dtype that a number takes on anyway.
"""

import builtins
import keyword
import re
from collections import Counter
from dataclasses import replace

import numpy as np
from jax import lax
from jax.extend.core import Literal

from facade.workbench.expressions import ATOM, Expression, call, dtype_text, literal, number_text, tuple_text, typed
from facade.workbench.flat import Name, flatten
from facade.workbench.table import ELEMENTWISE, TABLE, primitive_itself

WIDTH, INLINE, INLINE_ACROSS = 118, 64, 52       # of a line; of what may stand inside an expression of the same operator, of another one
USUAL, KEY, MANY, _WORDS = 6, 10, 4, re.compile(r'"[^"]*"|\w+|.')        # how long a name, and a key, are taken to be; more operands are a list
MODULES = {"jax", "jnp", "lax", "optax", "np"}
_FREE = {"broadcast_in_dim", "transpose", "iota"}          # as cheap to write twice as to name
_NOUNS = {"add": "total", "sub": "difference", "mul": "product", "div": "ratio", "exp": "exponential", "log": "logarithm", "reduce_sum": "total",
          "reduce_max": "largest", "reduce_min": "least", "convert_element_type": "converted", "dot_general": "product", "select_n": "chosen",
          "integer_pow": "power", "max": "larger", "min": "smaller", "neg": "negative", "rsqrt": "inverse_root", "sqrt": "root",
          "gather": "rows", "reshape": "reshaped", "slice": "part", "eq": "is_equal", "ne": "differs", "lt": "is_less", "le": "is_at_most",
          "gt": "is_greater", "ge": "is_at_least", "stop_gradient": "constant", "iota": "positions", "squeeze": "squeezed", "pow": "power"}


class Equation:
    """One equation as the table of primitives sees it."""

    def __init__(self, flat, operands, untyped):
        self.name, self.params, self.operands, self.untyped = flat.name, flat.params, operands, untyped
        self.shapes = [tuple(np.shape(each.val)) if isinstance(each, Literal) else _aval(each).shape for each in flat.sources]
        self.dtypes = [_aval(each).dtype for each in flat.sources]
        self.out = flat.results[0].aval
        self.primitive_home = next((f"{path}.{flat.name}_p" for path, module in (("lax", lax), ("lax.linalg", lax.linalg))
                                    if getattr(module, f"{flat.name}_p", None) is flat.primitive), None)


def _aval(source):
    return source if isinstance(source, np.ndarray) or hasattr(source, "devices") else source.aval


class Names:
    """The names of one module; each is given once."""

    def __init__(self, taken=()):
        self.taken = {*MODULES, *taken}

    def inner(self):
        """Names for a function inside, which sees these."""
        return Names(self.taken)

    def new(self, wish):
        """The name that is wished for, or one like it."""
        name = "".join(letter if letter.isalnum() else "_" for letter in wish).strip("_") or "value"
        name = f"v{name}" if name[0].isdigit() else name
        name = f"{name}_" if keyword.iskeyword(name) or hasattr(builtins, name) else name
        found, count = name, 2
        while found in self.taken:
            found, count = f"{name}_{count}", count + 1
        self.taken.add(found)
        return found


class Writer:
    """Writes the statements of one function. untyped: inputs that may be Python numbers, so they have no methods."""

    def __init__(self, names, indent=1):
        self.names, self.indent, self.lines, self.wide = names, indent, [], False
        self.known, self.untyped = {}, set()

    def body(self, flat, inputs, wishes=()):
        """Write a flat program whose inputs are these expressions; the expressions of its outputs. wishes: names for those."""
        self.known.update((id(name), expression) for name, expression in zip(flat.inputs, inputs))
        self.uses = _uses(flat)
        self.consumers = _consumers(flat)
        self.wishes = {id(output): wish for output, wish in zip(flat.outputs, wishes)}
        self.makers = {id(result): equation.name for equation in flat.equations for result in equation.results}
        for equation in flat.equations:
            self._write(equation)
        return [typed(self._operand(each), _aval(each).dtype) for each in flat.outputs]

    def say(self, line):
        """One more line."""
        self.lines.append("    " * self.indent + line)

    def _width(self, text):
        """How long a text is with names and keys of usual length: what is the same but for them has to be written the same, to become a loop."""
        names = self.names.taken - MODULES
        return sum(KEY if word[0] == '"' else USUAL if word in names else len(word) for word in _WORDS.findall(text))

    # ------------------------------------------------------------ operands
    def _operand(self, source):
        if isinstance(source, Literal) and np.ndim(source.val) == 0:
            return literal(np.asarray(source.val, _plain(source.aval.dtype)))
        if isinstance(source, Literal):
            return written_out(source.val)
        if not isinstance(source, Name):
            return written_out(source)
        return self.known[id(source)]

    def _operands(self, flat):
        """The operands; those of elementwise operations without the broadcasts that they make by themselves."""
        operands = [self._operand(each) for each in flat.sources]
        if flat.name not in ELEMENTWISE:
            return operands
        shapes = [() if each.is_literal else _aval(source).shape for each, source in zip(operands, flat.sources)]
        wanted = flat.results[0].aval.shape
        for place, each in enumerate(operands):
            if each.loose is not None:
                tried = [*shapes[:place], each.loose[1], *shapes[place + 1:]]
                if np.broadcast_shapes(*tried) == wanted:
                    operands[place], shapes = each.loose[0], tried
        return operands

    # ------------------------------------------------------------ statements
    def _write(self, flat):
        if flat.name in _CONTROL:
            _CONTROL[flat.name](self, flat)
            return
        operands = self._operands(flat)
        made = self._made(flat, operands)
        if len(flat.results) == 1 and len(operands) <= MANY and self._width(made.text) > WIDTH - 4 * self.indent - 16 and not self._stays_inside(flat, made, flat.results[0]):
            self._name_longest(flat, operands)
            operands = self._operands(flat)
            made = self._made(flat, operands)
        if flat.primitive is not None:
            if flat.name in ELEMENTWISE and all(each.is_literal or isinstance(source, Name) and id(source) in self.untyped
                                                for each, source in zip(operands, flat.sources)):
                self.untyped.add(id(flat.results[0]))
        if len(flat.results) > 1 or flat.primitive is not None and flat.primitive.multiple_results:
            self._name_several(flat, made)
        else:
            self._place(flat, made)

    def _made(self, flat, operands):
        """The expression of one equation."""
        if flat.primitive is None:
            return call(flat.name, *operands, **flat.params)
        untyped = bool(flat.sources) and isinstance(flat.sources[0], Name) and id(flat.sources[0]) in self.untyped
        return TABLE.get(flat.name, primitive_itself)(Equation(flat, operands, untyped))

    def _name_longest(self, flat, operands):
        """Give the longest operand of a line that is too long a name."""
        long = [(self._width(each.text), source) for each, source in zip(operands, flat.sources)
                if isinstance(source, Name) and not each.cheap and each.loose is None and self._width(each.text) > 24]
        if long:
            source = max(long, key=lambda pair: pair[0])[1]
            name = self.names.new(_NOUNS.get(self.makers.get(id(source)), flat.scope or "part"))
            self.say(f"{name} = {self.known[id(source)].text}")
            self.known[id(source)] = Expression(name, cheap=True)

    def _place(self, flat, made):
        """Give the result a name, or leave it to stand in what uses it."""
        result = flat.results[0]
        if flat.name == "broadcast_in_dim" and made.loose and not made.cheap and not self._stays_inside(flat, made, result):
            made = self._named_narrow(flat, made)
        if not self._stays_inside(flat, made, result):
            name = Expression(self.names.new(self._wish(flat)), cheap=True)
            self.say(f"{name.text} = {made.text}")
            made = replace(name, loose=(name, made.loose[1]) if made.loose and made.loose[1] == result.aval.shape else None)
        self.known[id(result)] = made

    def _named_narrow(self, flat, made):
        """A broadcast whose operand has a name."""
        narrow, shape = made.loose
        if not narrow.cheap:
            name = Expression(self.names.new(flat.scope or "spread"), cheap=True)
            self.say(f"{name.text} = {narrow.text}")
            narrow = name
        wide = flat.results[0].aval.shape
        text = narrow.text if shape == wide else f"jnp.broadcast_to({narrow.text}, {tuple_text(wide)})"
        return Expression(text, loose=(narrow, shape), cheap=True)

    def _stays_inside(self, flat, made, result):
        if id(result) in self.wishes:
            return made.level == ATOM and made.cheap and made.text.isidentifier()
        if made.is_literal or made.cheap or flat.name in _FREE and self._width(made.text) <= INLINE:
            return True
        consumer = self.consumers.get(id(result))
        if self.uses[id(result)] != 1 or consumer is None or consumer.name in _CONTROL:
            return False
        if flat.name == consumer.name == flat.scope == consumer.scope == "add":      # a running sum: `x = x + part`, and again
            return False
        return self._width(made.text) <= (INLINE if consumer.scope == flat.scope else INLINE_ACROSS)

    def _wish(self, flat):
        result = flat.results[0]
        if id(result) in self.wishes:
            return self.wishes[id(result)]
        consumer = self.consumers.get(id(result))
        if consumer is not None and consumer.scope == flat.scope:
            return _NOUNS.get(flat.name, flat.name.removeprefix("jax.nn."))
        return flat.scope or _NOUNS.get(flat.name, flat.name)

    def _name_several(self, flat, made):
        names = [self._named(result, self.wishes.get(id(result), flat.scope or flat.name)) if self.uses[id(result)] else "_" for result in flat.results]
        self.say(f"{', '.join(names)}{',' * (len(names) == 1)} = {made.text}")

    def _named(self, result, wish):
        name = self.names.new(wish)
        self.known[id(result)] = Expression(name, cheap=True)
        return name

    # ------------------------------------------------------------ functions inside
    def function(self, wish, closed, captured, parameters, wishes, unpack, pack):
        """Write a function for a jaxpr; its name. captured: expressions of its first inputs; parameters: its signature; wishes: names of the other
        inputs; unpack(names): the lines and expressions of the other inputs; pack(outputs): what it returns.
        """
        flat = flatten(closed)
        name = self.names.new(wish)
        inner = Writer(self.names.inner(), self.indent + 1)
        rest = [inner.names.new(each) for each in wishes]
        self.say(f"def {name}({', '.join(parameters)}):")
        for line in unpack(rest):
            inner.say(line)
        outputs = inner.body(flat, [*captured, *(Expression(each, cheap=True) for each in rest)])
        inner.say(f"return {pack([each.text for each in outputs])}")
        self.lines += inner.lines
        return name

    def atoms(self, sources):
        """Operands as plain names, for a function to capture."""
        found = []
        for source in sources:
            operand = typed(self._operand(source), _aval(source).dtype)
            if not (operand.cheap or operand.level == ATOM and operand.text.isidentifier()):
                name = self.names.new("captured")
                self.say(f"{name} = {operand.text}")
                operand = Expression(name, cheap=True)
            found.append(operand)
        return found


def _plain(dtype):
    return np.dtype(dtype) if not str(dtype).startswith("key<") else dtype


def is_range(array):
    """Whether an array counts up by one."""
    return array.ndim == 1 and array.size > 1 and array.dtype.kind in "iu" and bool((array == np.arange(array.size) + array[0]).all())


def written_out(array):
    """A small array written out."""
    array = np.asarray(array)
    dtype, filling = dtype_text(array.dtype), array.flat[:1].tolist()
    if array.size > 4 and (array == array.flat[0]).all():
        name = {0: "zeros", 1: "ones"}.get(filling[0], "full")
        return call(f"jnp.{name}", tuple_text(array.shape), *[number_text(filling[0])] * (name == "full"), dtype)
    if is_range(array):
        return call("jnp.arange", *[filling[0]] * (filling[0] != 0), filling[0] + array.size, dtype=dtype)
    if array.size > 64:
        raise NotImplementedError(f"a constant of shape {list(array.shape)} inside the program is too long to be written out; hand it to the function")
    return call("jnp.array", array.tolist(), dtype)


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


# ---------------------------------------------------------------- loops and branches
def _tuple_of(names):
    return tuple_text(names) if names else "()"


def _unpacking(names, whole):
    return [f"{', '.join(names)}{',' * (len(names) == 1)} = {whole}"] if names else []


def _scan(writer, flat):
    """lax.scan over a function of (carry, items)."""
    params = flat.params
    counts, carries = params["num_consts"], params["num_carry"]
    captured = writer.atoms(flat.sources[:counts])
    starts = [typed(writer._operand(each), _aval(each).dtype).text for each in flat.sources[counts:counts + carries]]
    items = [writer._operand(each).text for each in flat.sources[counts + carries:]]
    body = writer.function(f"{flat.scope or 'loop'}_step", params["jaxpr"], captured, ("carry", "items"),
                           ["state"] * carries + ["item"] * len(items),
                           lambda names: _unpacking(names[:carries], "carry") + _unpacking(names[carries:], "items"),
                           lambda outputs: f"{_tuple_of(outputs[:carries])}, {_tuple_of(outputs[carries:])}")
    names = [writer._named(each, flat.scope or "scanned") if writer.uses[id(each)] else "_" for each in flat.results]
    length = f", length={params['length']}" if not items else ""
    reverse = ", reverse=True" if params["reverse"] else ""
    writer.say(f"{_tuple_of(names[:carries])}, {_tuple_of(names[carries:]) if names[carries:] else '_'} = "
               f"lax.scan({body}, {_tuple_of(starts)}, {_tuple_of(items) if items else 'None'}{length}{reverse})")


def _while(writer, flat):
    """lax.while_loop over a tuple."""
    params = flat.params
    tests, bodies = params["cond_nconsts"], params["body_nconsts"]
    captured = writer.atoms(flat.sources[:tests + bodies])
    starts = [typed(writer._operand(each), _aval(each).dtype).text for each in flat.sources[tests + bodies:]]
    goes_on = writer.function("goes_on", params["cond_jaxpr"], captured[:tests], ("carry",), ["state"] * len(starts), lambda names: _unpacking(names, "carry"),
                              lambda outputs: outputs[0])
    body = writer.function("loop_step", params["body_jaxpr"], captured[tests:], ("carry",), ["state"] * len(starts), lambda names: _unpacking(names, "carry"), _tuple_of)
    names = [writer._named(each, flat.scope or "looped") if writer.uses[id(each)] else "_" for each in flat.results]
    writer.say(f"{_tuple_of(names)} = lax.while_loop({goes_on}, {body}, {_tuple_of(starts)})")


def _cond(writer, flat):
    """lax.switch over functions of no argument."""
    which, *rest = flat.sources
    captured = writer.atoms(rest)
    branches = [writer.function(f"case_{place}", branch, captured, (), [], lambda names: [], _tuple_of)
                for place, branch in enumerate(flat.params["branches"])]
    names = [writer._named(each, flat.scope or "chosen") if writer.uses[id(each)] else "_" for each in flat.results]
    writer.say(f"{_tuple_of(names)} = lax.switch({writer._operand(which).text}, [{', '.join(branches)}])")


_CONTROL = {"scan": _scan, "while": _while, "cond": _cond}


# ---------------------------------------------------------------- lines
def wrapped(line, depth=0):
    """A line, broken behind commas inside parentheses where it is too long. depth: how many are open when it begins."""
    if len(line) <= WIDTH:
        return [line]
    indent, breaks = len(line) - len(line.lstrip()) + 4 * (not depth), []
    now = depth
    for place, letter in enumerate(line[:WIDTH]):
        now += (letter in "([{") - (letter in ")]}")
        if letter == " " and line[place - 1] == "," and now:
            breaks.append((now, -place))
    best = -min([each for each in breaks if -each[1] > WIDTH // 2], default=(0, 0))[1]
    if best < indent:
        return [line]
    depth += sum((letter in "([{") - (letter in ")]}") for letter in line[:best])
    return [line[:best], *wrapped(" " * indent + line[best + 1:], depth)]
