"""The two paths of a training step through what was recorded: from parameters to the loss, and from gradients to the optimizer's update.

What lies between is `jax.value_and_grad`'s. Paths have a shape: two steps of the same shape are one function, called with other data.
"""

import numpy as np

from facade.core import engine
from facade.core.engine import Value
from facade.core.engine.graph import SCALARS
from facade.optim._functional import Step
from facade.workbench.naming import Input, scopes_of
from facade.workbench.recording import Number, Path, path_to
from facade.workbench.watching import stops


class StepPaths:
    """The paths of one step that was seen.

    loss: to the losses and the buffers' new values; between: from gradients (raw: value -> parameter's name) to what the optimizer takes
    or, where there is none, to the new parameters (final: name -> value); None where the optimizer takes the gradients as they are.
    steps: the optimizer's entries. trained: the value of each parameter before -> its name; leaves: name -> tensor; buffers: name -> new
    value.
    """

    def __init__(self, seen, entries, namer, given=()):
        self.seen, self.entries, self.namer = seen, entries, namer
        if not seen.losses or not seen.raw:
            raise ValueError("the step calls no backward() on a scalar that leads to these parameters, so it has no loss to show")
        given = set(given) | model_values(seen, namer)
        ranked = sorted(seen.raw, key=lambda leaf: namer.rank(namer.found[seen.before[leaf]]))
        names = {leaf: namer.found[seen.before[leaf]].name for leaf in ranked}
        self.steps = [entry for entry in entries if seen.since <= entry.place < seen.until and isinstance(entry.kernel.operator, Step)
                      and not set(entry.sources).isdisjoint(seen.before[leaf] for leaf in ranked)]
        self.raw = {seen.raw[leaf]: name for leaf, name in names.items()}
        changed = {name: seen.after[leaf] for leaf, name in names.items() if seen.after[leaf] is not seen.before[leaf]}
        if not changed:
            raise ValueError("the step changes no parameter in place, so it has no update to show")
        self.final = self._final(names, changed)
        self.between = None if self.final is None else path_to(entries, list(self.final.values()), given | set(self.raw))
        used = () if self.between is None else [self.raw[value] for value in self.between.inputs if value in self.raw]
        self.leaves = {name: leaf for leaf, name in names.items() if name in changed or name in used}
        self.trained = {seen.before[leaf]: name for name, leaf in self.leaves.items()}
        self.buffers = {namer.found[old].name: new for old, new in seen.changed.items() if namer.found[old].group == "buffers"}
        self.loss = path_to(entries, [*seen.losses, *self.buffers.values()], given)

    def _final(self, names, changed):
        if not self.steps:
            return changed
        stepped, own = {}, {self.seen.before[leaf]: name for leaf, name in names.items()}
        for entry in self.steps:
            width = entry.kernel.operator.width
            start = len(entry.kernel.statics[0])
            pairs = zip(entry.sources[start::width], entry.sources[start + 1::width])
            stepped |= {own[param]: grad for param, grad in pairs if param in own}
        return stepped if any(value not in self.raw for value in stepped.values()) else None

    @property
    def stopped(self):
        """Where derivatives do not go, on the way to the loss."""
        return stops(self.loss.entries, self.seen.nodes, self.trained)

    @property
    def every(self):
        """The paths there are."""
        return [self.loss] if self.between is None else [self.loss, self.between]

    @property
    def shape(self):
        """Equal for steps that are the same function."""
        return (tuple((path.shape, tuple(self._role(value) for value in path.inputs)) for path in self.every), tuple(self.leaves),
                tuple((entry.kernel.operator, entry.kernel.statics, len(entry.sources)) for entry in self.steps),
                frozenset((place, index) for place, _, index in self._relative(self.stopped)))

    def _role(self, value):
        return self.trained.get(value) or self.raw.get(value)

    def _relative(self, stopped):
        places = {(entry.epoch, entry.slot): place for place, entry in enumerate(self.loss.entries)}
        return [(places[epoch, slot], None, index) for epoch, slot, index in stopped]

    def input(self, value):
        """The `Input` of a value that goes in: what is trained is a parameter, and parameters that are not are among the buffers."""
        if value in self.raw and value not in self.trained:
            return Input("grads", self.raw[value])
        if value in self.trained:
            return Input("params", self.trained[value])
        named = self.namer.found.get(value)
        return named and (Input("buffers", named.name) if named.group == "params" else named)

    @property
    def scopes(self):
        """Value of a module's parameter -> the module's name, after which what it computes is called."""
        return scopes_of(self.namer.found)

    # ------------------------------------------------------------ numbers
    def numbers(self):
        """(path, entry, source) by number -> the Python number that stands there."""
        return {(which, place, index): source for which, path in enumerate(self.every) for place, entry in enumerate(path.entries)
                for index, source in enumerate(entry.sources) if source.__class__ is Number}

    def take_numbers(self, places):
        """Make the numbers at these places inputs; taken: place -> the value that each became."""
        self.taken = {}
        for which, path in enumerate(self.every):
            entries, inputs = list(path.entries), list(path.inputs)
            for _, place, index in (each for each in places if each[0] == which):
                sources = list(entries[place].sources)
                number = sources[index]
                sources[index] = engine.constant(np.asarray(number.number, SCALARS[number.kind]))
                self.taken[which, place, index] = sources[index]
                entries[place], inputs = entries[place]._replace(sources=tuple(sources)), [*inputs, sources[index]]
            made = Path(entries, inputs, path.outputs)
            if which:
                self.between = made
            else:
                self.loss = made


def model_values(seen, namer):
    """The values that parameters and buffers had before a step."""
    held = {value for value, named in namer.found.items() if named.group in ("params", "buffers")}
    return held | {seen.before[leaf] for leaf in seen.raw}


def data_only(entries, values):
    """The values that do not depend on these."""
    depending, free = set(values), set()
    for entry in entries:
        if depending.isdisjoint(each for each in entry.sources if each.__class__ is Value):
            free.update(entry.results)
        else:
            depending.update(entry.results)
    return free
