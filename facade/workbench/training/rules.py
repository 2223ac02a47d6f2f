"""The update rule of an optimizer as source: one function for one parameter, from the operation that the optimizer recorded.

Its numbers (learning rate, betas) are keyword arguments with the recorded values as defaults; the number of the step is part of the state.
"""

import numpy as np

from facade.core import engine
from facade.core.engine import Value
from facade.workbench.emitting.expressions import Expression
from facade.workbench.emitting.flat import settle
from facade.workbench.emitting.flattening import flatten
from facade.workbench.recording import Number
from facade.workbench.emitting.names import Names
from facade.workbench.emitting.source import Writer
from facade.workbench.emitting.arguments import arrays_of


class Rule:
    """One recorded `Step`. name: the function's; gradients: parameter's name -> the gradient's value; state: parameter's name -> its
    state before, by name, None where it had none yet; numbers: the options that are Python numbers; keeps: whether there is a state.
    """

    @classmethod
    def of(cls, entry, names, optimizer):
        """The rule of an entry; names: value of a parameter before the step -> its name."""
        self = cls()
        self.name, self.optimizer, self.entry, self.operator = optimizer or "update_one", optimizer, entry, entry.kernel.operator
        self.options, self.flags = entry.kernel.statics
        self.keys = tuple(self.operator.state)
        self.numbers = {name: source for name, source in zip(self.options, entry.sources) if source is not None}
        self.counts = "step" in self.numbers
        self.keeps, self.varying = bool(self.keys) or self.counts, ()
        self.parts = self._parts(names)
        self.gradients = {name: sources[1] for name, sources, _ in self.parts}
        self.state = {name: self._state_before(sources) for name, sources, _ in self.parts}
        return self

    def _parts(self, names):
        """(parameter's name, its sources, its results) for each parameter."""
        width, start, found = self.operator.width, len(self.options), []
        for place in range((len(self.entry.sources) - start) // width):
            sources = self.entry.sources[start + place * width:start + (place + 1) * width]
            if sources[0] not in names:
                raise NotImplementedError("a parameter is written to before the optimizer's step, or steps twice: "
                                          "only one step can be shown")
            found.append((names[sources[0]], sources, self.entry.results[place * (width - 1):(place + 1) * (width - 1)]))
        return found

    def _state_before(self, sources):
        if self.keys and any(each is None for each in sources[2:]):
            return None
        kept = {key: arrays_of([value])[0] for key, value in zip(self.keys, sources[2:])}
        return kept | ({"step": np.float64(self.numbers["step"].number - 1)} if self.counts else {})

    @property
    def is_fresh(self):
        """Whether this is the first step of every parameter."""
        return self.numbers["step"].number == 1 if self.counts else all(
            kept is None or not any(np.any(array) for array in kept.values()) for kept in self.state.values())

    def first_state(self, param):
        """What a parameter's state was before its first step."""
        if not self.keeps:
            return None
        before = next(iter(self.state.values()))
        return before and {key: np.float64(0) if key == "step" else np.zeros(param.shape, kept.dtype) for key, kept in before.items()}

    def option_texts(self):
        """option -> its number as text, without the number of the step."""
        return {name: _number(value) for name, value in self.numbers.items() if name != "step"}

    def flags_by_name(self):
        """option -> True or False, of those that are no numbers."""
        return dict(self.flags)

    def call(self, rules):
        """The call for the parameter `name`; options stand in it where they are not the defaults, which are the first rule's of that
        name.
        """
        first = next(each for each in rules if each.name == self.name)
        defaults = first.option_texts()
        options = "".join(f", {name}={name if name in self.varying else text}" for name, text in self.option_texts().items()
                          if name in self.varying or text != defaults[name])
        return f"{self.name}(params[name], grads[name]{', state[name]' if self.keeps else ''}{options})"

    def check(self, state, compare, tolerance):
        """Hold the state after the emitted update against the recorded one."""
        for name, _, results in self.parts:
            for key, value in zip(self.keys, results[1:]):
                compare(f"{key} of '{name}'", state[name][key], arrays_of([value])[0], tolerance)

    # ------------------------------------------------------------ text
    def signature(self):
        """The def line."""
        options = "".join(f", {name}={text}" for name, text in self.option_texts().items())
        return f"def {self.name}(param, grad{', state' if self.keeps else ''}{options}):"

    def body(self, sources, is_first, wide):
        """(lines, flat program) for a parameter of these sources.

        is_first: as if it had no state yet; wide: whether JAX has 64-bit numbers.
        """
        state = [None if is_first else sources[0].spec if each is None else each.spec for each in sources[2:]]
        flat, names = self._flat(sources, state, wide)
        writer = Writer(Names(["param", "grad", "state", *self.options, self.name]), 2 if is_first else 1, wide)
        inputs = [*names, "param", "grad", *(f'state["{key}"]' for key, each in zip(self.keys, state) if each is not None)]
        self._say_options(writer, flat, names)
        given = [Expression(each, cheap=True) for each in inputs]
        outputs = [each.text for each in writer.body(flat, given, ["new_param", *self.keys])]
        kept = [f'"{key}": {text}' for key, text in zip(self.keys, outputs[1:])] + ['"step": step'] * self.counts
        writer.say(f"return {outputs[0]}{', {' + ', '.join(kept) + '}' if self.keeps else ''}")
        return writer.lines, flat

    def _flat(self, sources, state, wide):
        """(the flat program of the update, its branches decided by the options; the options that go in) for these specs of the state."""
        given = {name: each for name, each in zip(self.options, self.entry.sources) if each is not None}
        leading = (each and _spec(each) for each in self.entry.sources[:len(self.options)])
        kernel = engine.kernel_of(self.operator, self.entry.kernel.statics, (*leading, sources[0].spec, sources[1].spec, *state))
        flat = flatten(kernel.jaxpr, wide=wide)
        fixed = {place: each for place, (name, each) in zip(flat.inputs, given.items()) if each.__class__ is Number and name != "step"}
        settle(flat, fixed)
        return flat, list(given)

    def _say_options(self, writer, flat, names):
        """The lines that make an option an array which is one, and count the step; a Python number has no methods."""
        for place, name in zip(flat.inputs, names):
            if name != "step" and self.numbers[name].__class__ is Number:
                writer.untyped.add(id(place))
            elif name != "step":
                writer.say(f"{name} = jnp.asarray({name}, jnp.{place.aval.dtype})")
        if self.counts:
            writer.say('step = state["step"] + 1')

    def lines(self, wide=True):
        """(the function, flat programs): the same for every parameter, else NotImplementedError."""
        texts, flats = {}, []
        for _, sources, _ in {(each[1][0].spec, each[1][1].spec): each for each in self.parts}.values():
            lines, flat = self.body(sources, False, wide)
            if any(each is None for each in sources[2:]):
                first, first_flat = self.body(sources, True, wide)
                lines, flats = ["    if state is None:", *first, *lines], [*flats, first_flat]
            texts["\n".join(lines)] = lines
            flats.append(flat)
        if len(texts) > 1:
            raise NotImplementedError(f"the update of {self.name} depends on the shape of a parameter, so it is no one rule")
        return [self.signature(), *next(iter(texts.values()))], flats


def _spec(source):
    return source.kind if source.__class__ is Number else source.spec


def _number(source):
    """A default in a signature."""
    if source.__class__ is Number:
        return repr(source.number)
    return repr(float(arrays_of([source])[0].reshape(())) if source.__class__ is Value else source)


def rule_lines(rules, wide):
    """(functions as lists of lines, flat programs): each different rule once, under a name of its own."""
    written, flats, bodies = [], [], {}
    for rule in rules:
        lines, made = rule.lines(wide)
        key = "\n".join(lines[1:]), tuple(rule.numbers)
        if key in bodies:
            rule.name = bodies[key]
            continue
        if rule.name in bodies.values():
            rule.name = f"{rule.name}_{len(bodies) + 1}"
            lines[0] = rule.signature()
        bodies[key] = rule.name
        written.append(lines)
        flats += made
    return written, flats
