"""Steps of the same shape: one function, and what of its inputs is another in each step.

A step's path begins at the user's variables that hold data, or, where that makes fewer kinds of steps, where the data has become what
parameters meet. Numbers and arrays that differ from step to step become arguments, under the name of a variable where one has them.
"""

import numpy as np

from facade.workbench.emitting.arguments import arrays_of, as_list
from facade.workbench.naming import LIST, Input
from facade.workbench.training.paths import StepPaths, data_only, model_values
from facade.workbench.recording import fill_in
from facade.workbench.training.step import TrainingStep


class Kind:
    """Steps that are one function: step, the `TrainingStep` that emits it; paths: of each; places: which of the steps they are;
    owner: the kind whose optimizer this one goes on with.
    """

    def __init__(self, members, suffix="", before=()):
        self.suffix, self.places, self.paths = suffix, [place for place, _ in members], [paths for _, paths in members]
        varying = self._varying_numbers() | self._varying_options()
        first = self.paths[0]
        varying |= self._varying_values([path.inputs for path in first.every], varying)
        self.owner = next((each for each in before if each.paths[0].leaves.keys() == first.leaves.keys()), self)
        self.step = TrainingStep(first, _optimizer_name(first), varying, suffix, None if self.owner is self else self.owner.step)

    def _varying_numbers(self):
        """Numbers that are others in each step become inputs, under the name of a variable that has them."""
        every = [paths.numbers() for paths in self.paths]
        apart = _numbers_apart(self.paths)
        for paths in self.paths:
            paths.take_numbers(apart)
        found = {}
        for count, place in enumerate(apart):
            value = self.paths[0].taken[place]
            names = set.intersection(*({name for name, thing in paths.seen.scalars.items() if thing == each[place].number}
                                       for paths, each in zip(self.paths, every)))
            found[value] = Input("", min(names, default=f"number_{count}"))
        return found

    def _varying_options(self):
        """The optimizer's options that a schedule changes."""
        found = {}
        for entry, *others in zip(*(paths.steps for paths in self.paths)):
            for name, source, *rest in zip(entry.kernel.statics[0], entry.sources, *(each.sources for each in others)):
                if name != "step" and any(each != source for each in rest):
                    found[name] = name
        return found

    def _varying_values(self, inputs, known):
        """Values without a name that are others in each step."""
        first, found = self.paths[0], {}
        for which, values in enumerate(inputs):
            for index, value in enumerate(values):
                named = first.input(value)
                if value in known or named is not None and named.group in ("params", "grads"):
                    continue
                arrays = arrays_of([paths.every[which].inputs[index] for paths in self.paths])
                if named is None and any(not np.array_equal(arrays[0], each) for each in arrays[1:]):
                    found[value] = first.every[which].operand(value) or "data"
        return self._named(found)

    def _named(self, wishes):
        """value -> `Input`: of the same wish some are numbered, more are a list."""
        found, taken = {}, {name for each in self.paths[0].namer.tensors for name in each}
        for wish in dict.fromkeys(wishes.values()):
            values = [value for value, name in wishes.items() if name == wish]
            names = [each for each in (wish, *(f"{wish}_{count}" for count in range(2, len(values) + len(taken) + 2))) if each not in taken]
            if len(values) < LIST or f"{wish}s" in taken:
                found |= {value: Input("", name) for value, name in zip(values, names)}
            else:
                found |= {value: Input(f"{wish}s", place) for place, value in enumerate(values)}
        return found

    @property
    def number(self):
        """Its number, from 1, as a text; empty where it is the only one."""
        return self.suffix.strip("_")

    def given(self, which):
        """What goes into the step number `which` of this kind beside parameters, buffers and state: name -> array, or dict of arrays."""
        step, paths = self.step, self.paths[which]
        same = {mine: other for own, others in zip(self.paths[0].every, paths.every) for mine, other in zip(own.inputs, others.inputs)}
        arguments = {}
        for each, value in step.values.items():
            if each.group not in ("params", "buffers", "grads"):
                (arguments.setdefault(each.group, {}) if each.group else arguments)[each.name] = arrays_of([same[value]])[0]
        for rule, entry in zip(step.rules, paths.steps):
            arguments |= {name: np.float32(source.number) for name, source in zip(rule.options, entry.sources) if name in rule.varying}
        return {name: _in_order(arguments[name]) for name in step.others}


def _in_order(argument):
    """A list's arrays in their order, as one array where they can be stacked; any other argument as it is."""
    return as_list(dict(sorted(argument.items()))) if isinstance(argument, dict) else argument


def _numbers_apart(every):
    """The places of the Python numbers that are others in each of these steps."""
    first, *others = [paths.numbers() for paths in every]
    return [place for place, number in first.items() if any(each[place].number != number.number for each in others)]


def _optimizer_name(paths):
    held = {id(leaf) for leaf in paths.leaves.values()}
    return next((type(each).__name__.lower() for each in paths.seen.optimizers
                 if any(id(param) in held for group in each.param_groups for param in group["params"])), "nonetype")


def kinds_of(watch):
    """The kinds of steps that were seen."""
    entries = watch.recorded.entries
    tried = [_by_shape([_paths_of(seen, entries, is_data_given) for seen in watch.seen]) for is_data_given in (False, True)]
    found = min(tried, key=lambda groups: (len(groups), max(len(_numbers_apart([paths for _, paths in members])) for members in groups)))
    fill_in(entries, [value for members in found for _, paths in members for path in paths.every for value in path.inputs])
    kinds = []
    for place, members in enumerate(found):
        kinds.append(Kind(members, f"_{place + 1}" if len(found) > 1 else "", kinds))
    return kinds


def _by_shape(every):
    groups = {}
    for place, paths in enumerate(every):
        groups.setdefault(paths.shape, []).append((place, paths))
    return list(groups.values())


def _paths_of(seen, entries, is_data_given):
    """The paths of a step: they begin at the user's variables that hold data, or where the data has become what parameters meet."""
    namer = seen.namer
    free = data_only(entries, model_values(seen, namer))
    made = {result for entry in entries for result in entry.results}
    given = free if is_data_given else {value for value in namer.found if value in free and value in made}
    inside = {(node.epoch, node.slot) for node in seen.nodes if hasattr(node, "slot")}
    before = [entry for entry in entries if entry.place < seen.since and (entry.epoch, entry.slot) not in inside]
    given |= {result for entry in before for result in entry.results}
    return StepPaths(seen, entries, namer, given)
