"""A training script as JAX source: `facade port --style jax`.

The script is run as it is, and watched: each change of parameters after backward passes is a training step. Steps of the same shape are one
pure function; what goes into it and is another in each step (batches, random numbers, a scheduled learning rate) is an argument. The script's
own lines around the loop, which load data and print, stay what they are: of them the recorded data is left.
"""

import contextlib
import sys
from pathlib import Path

import numpy as np

from facade.core.tensor.tensor import Tensor
from facade.nn.modules.hooks import register_module_forward_pre_hook
from facade.nn.modules.module import Module
from facade.optim.optimizer import Optimizer
from facade.workbench.naming import LIST, Input, Namer
from facade.workbench.paths import StepPaths, data_only, model_values
from facade.workbench.recording import Recording, fill_in
from facade.workbench.step import TrainingStep
from facade.workbench.trace import arrays_of, as_list, as_written, executed, narrowed
from facade.workbench.watching import Seen, backward_noticed, leaves_of

OURS = str(Path(__file__).parents[1])


class Enough(BaseException):
    """Ends a script whose steps have been seen. No Exception: a script that catches those ends too."""


# ---------------------------------------------------------------- watching a script
class Watch:
    """Sees the training steps of what runs: seen: a `Seen` for each, with the `Namer` of its variables and the line of its backward pass."""

    def __init__(self, steps):
        self.steps, self.seen, self.now, self.buffers, self.last = steps, [], None, {}, (0, 0)

    def run(self, script):
        """Call `script()` until enough steps have been seen."""
        with Recording() as self.recorded, backward_noticed(self._passed), contextlib.suppress(Enough):
            handle = register_module_forward_pre_hook(self._called)
            try:
                script()
            finally:
                handle.remove()
                self._perhaps_over(True)
        return self

    def _called(self, module, inputs):
        self._perhaps_over()
        for buffer in module._buffers.values():
            if buffer is not None:
                self.buffers.setdefault(buffer, buffer.value)

    def _perhaps_over(self, at_end=False):
        if self.now is not None and self.now.is_over():
            self.now.close(self.recorded.place)
            self.seen.append(self.now)
            self.now, self.buffers = None, {}
            if not at_end and [each.line for each in self.seen].count(self.seen[-1].line) >= self.steps:
                raise Enough

    def _passed(self, loss, nodes):
        self._perhaps_over()
        frames = _users_frames()
        if self.now is None:
            self.now = Seen(self.buffers, self.last)
            self.now.line = frames[0].f_code.co_filename, frames[0].f_lineno
            self.now.namer, self.now.optimizers, self.now.scalars = Namer(self.now.before, lists=True), [], {}
        _name_all(self.now, frames)
        for leaf in leaves_of(nodes):
            self.now.namer.add("param", leaf)
        self.now.add(loss, nodes)
        self.last = self.recorded.place


def _users_frames():
    """The frames of the program, innermost first."""
    frame, found = sys._getframe(2), []
    while frame is not None:
        if not frame.f_code.co_filename.startswith((OURS, "<frozen")):
            found.append(frame)
        frame = frame.f_back
    return found


def _name_all(seen, frames):
    """Give the values that a program can reach the names of its variables."""
    things = [(name, thing) for frame in frames for name, thing in _variables(frame)]
    modules = list(dict.fromkeys(thing for _, thing in things if isinstance(thing, Module) and next(thing.parameters(), None) is not None))
    inner = {each for module in modules for each in module.modules() if each is not module}
    outer = [module for module in modules if module not in inner]
    seen.namer.several = len(outer) > 1
    seen.optimizers = [thing for _, thing in things if isinstance(thing, Optimizer)]
    seen.scalars |= {name: thing for name, thing in things[::-1] if thing.__class__ is float}
    for chosen in (lambda thing: thing in outer if isinstance(thing, Module) else False, lambda thing: isinstance(thing, (list, tuple)) and len(thing) >= LIST,
                   lambda thing: isinstance(thing, Tensor), lambda thing: not isinstance(thing, (Tensor, Module))):
        for name, thing in things:
            if chosen(thing):
                seen.namer.add(name, thing)


def _variables(frame):
    found = [(name, thing) for name, thing in frame.f_locals.items() if not name.startswith("_")]
    owner = frame.f_locals.get("self")
    if owner is not None and not isinstance(owner, (Module, Tensor)) and hasattr(owner, "__dict__"):
        found += [(name, thing) for name, thing in vars(owner).items() if not name.startswith("_")]
    return [pair for pair in found if pair[0] != "self" or isinstance(pair[1], Module)]


# ---------------------------------------------------------------- steps of the same shape
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
        steps = [[entry for entry in paths.steps] for paths in self.paths]
        found = {}
        for entry, *others in zip(*steps):
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
                    found[value] = "mask" if TrainingStep.consumer(first, value) == "masked_scale" else "data"
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
        return {name: as_list(dict(sorted(arguments[name].items()))) if isinstance(arguments[name], dict) else arguments[name] for name in step.others}


def _numbers_apart(every):
    """The places of the Python numbers that are others in each of these steps."""
    first, *others = [paths.numbers() for paths in every]
    return [place for place, number in first.items() if any(each[place].number != number.number for each in others)]


def _optimizer_name(paths):
    held = {id(leaf) for leaf in paths.leaves.values()}
    return next((type(each).__name__.lower() for each in paths.seen.optimizers
                 if any(id(param) in held for group in each.param_groups for param in group["params"])), "nonetype")


def _kinds(watch):
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
    given |= {result for entry in entries if entry.place < seen.since and (entry.epoch, entry.slot) not in inside for result in entry.results}
    return StepPaths(seen, entries, namer, given)


# ---------------------------------------------------------------- the whole script
class Training:
    """The training of a script, as pure functions and the data that they were called with.

    kinds: of its steps; losses: as the script had them; data: name -> array, what the emitted `train` takes.
    """

    def __init__(self, watch):
        if not watch.seen:
            raise ValueError("the script changes no parameters after backward(), so there is no training step to show")
        self.kinds = _kinds(watch)
        self.losses = [float(sum(arrays_of(seen.losses))) for seen in watch.seen]
        self.order = sorted((place, kind.suffix.strip("_"), which) for kind in self.kinds for which, place in enumerate(kind.places))
        self.data = {}
        for kind in self.kinds:
            self._collect(kind)

    def _collect(self, kind):
        """Keep a kind's first parameters and buffers, and for each of its steps what goes in; what is the same for all, once."""
        carried = {"params": kind.step.params, "buffers": kind.step.buffers}
        for group, arrays in carried.items():
            for name, array in arrays.items():
                if len(self.kinds) == 1 or not any(f"{other}/{name}" in self.data for other in carried):
                    self.data[f"{group}/{name}"] = array
        every = [_flat(kind.given(which)) for which in range(len(kind.places))]
        self._constant = getattr(self, "_constant", set())
        for name in every[0]:
            arrays = [each[name] for each in every]
            is_list = name.partition("/")[2].isdigit()
            if not is_list and all(np.array_equal(each, arrays[0], equal_nan=each.dtype.kind in "fc") for each in arrays):
                self._constant.add(f"{name}{kind.suffix}")
                self.data[f"{name}{kind.suffix}"] = arrays[0]
            else:
                self.data[f"{name}{kind.suffix}"] = np.stack(arrays)

    # ------------------------------------------------------------ text
    def to_source(self):
        """The whole program: for each kind of step its functions, and `train`, which repeats what was recorded."""
        parts, flats = [], []
        for kind in self.kinds:
            made, some = kind.step.parts()
            parts, flats = parts + [part for part in made if part not in parts], flats + some
        parts += [self._train(), self._main()]
        more = ["from pathlib import Path", ""]
        text = narrowed(flats, "\n\n\n".join("\n".join(part) for part in parts) + "\n", more)
        return type(text)(text.replace("import jax.numpy as jnp\n", "import jax.numpy as jnp\nimport numpy as np\n", 1))

    def _train(self):
        lines = ["def train(data):", '    """The losses of the recorded steps, from the parameters and on the batches and random numbers in `data`."""']
        lines += self._train_alone(self.kinds[0]) if len(self.kinds) == 1 else self._train_several()
        return [*lines, "    return losses"]

    def _train_alone(self, kind):
        """The loop for steps that are all of one kind."""
        step = kind.step
        lines = [f"    {group} = {_group_text(group)}" for group in ("params", "buffers") if group in step.names]
        lines += [f"    state = {_first_state(step)}"] if step.keeps else []
        made = ["params", *["state"] * step.keeps, *["buffers"] * bool(step.paths.buffers), "loss"]
        return [*lines, "    losses = []", f"    for place in range({len(kind.places)}):",
                f"        {', '.join(made)} = {self._call(kind, lambda name: name)}", "        losses.append(float(loss))"]

    def _train_several(self):
        """The loop over steps of several kinds, which hand on the values of parameters and buffers."""
        order = ", ".join(f"({kind}, {which})" for _, kind, which in self.order)
        lines = [f"    values = {_group_text('params')} | {_group_text('buffers')}"]
        for kind in self.kinds:
            lines.append(f"    params{kind.suffix} = {_picked(kind.step.params)}")
            if kind.owner is kind and kind.step.keeps:
                lines.append(f"    state{kind.suffix} = {_first_state(kind.step).replace('params', 'params' + kind.suffix)}")
        lines += ["    losses = []", f"    for kind, place in ({order}):"]
        for kind in self.kinds:
            step = kind.step
            made = ["params", *[f"state{kind.owner.suffix}"] * step.keeps, *["buffers"] * bool(step.paths.buffers), "loss"]
            groups = {"params": f"{{name: values[name] for name in params{kind.suffix}}}", "buffers": _picked(step.buffers),
                      "state": f"state{kind.owner.suffix}"}
            lines += [f"        if kind == {kind.suffix.strip('_')}:", f"            {', '.join(made)} = {self._call(kind, groups.get)}",
                      f"            values |= params{' | buffers' * bool(step.paths.buffers)}"]
        return [*lines, "        losses.append(float(loss))"]

    def _call(self, kind, group_text):
        """The call of a kind's step on the data of the step `place`."""
        given = []
        for name in kind.step.names:
            kept = kind.step.others.get(name)
            if name in ("params", "state", "buffers"):
                given.append(group_text(name))
            elif isinstance(kept, dict) and list(kept) == list(range(len(kept))):
                item = self._item(f"{name}/0{kind.suffix}").replace("/0", "/{key}", 1)
                given.append(f"{{key: {item.replace('data[', 'data[f')} for key in range({len(kept)})}}")
            elif isinstance(kept, dict):
                each = ", ".join(f'{key!r}: {self._item(f"{name}/{key}{kind.suffix}")}' for key in kept)
                given.append(f"{{{each}}}".replace("'", '"'))
            else:
                given.append(self._item(f"{name}{kind.suffix}"))
        return f"step{kind.suffix}({', '.join(given)})"

    def _item(self, name):
        return f'data["{name}"]' + "[place]" * (name not in self._constant)

    def _main(self):
        return ['if __name__ == "__main__":', '    data = dict(np.load(Path(__file__).with_suffix(".npz")))',
                f"    recorded = [{', '.join(f'{loss:.9g}' for loss in self.losses)}]",
                "    for loss, expected in zip(train(data), recorded):", '        print(f"loss {loss:.7g}, recorded {expected:.7g}")']

    # ------------------------------------------------------------ checking, writing
    def run(self):
        """The losses that the emitted program computes."""
        source = self.to_source()
        with as_written(source):
            return executed(source)["train"](self.data)

    def check(self, tolerance=1e-5):
        """The largest relative difference between the emitted program's losses and the script's; AssertionError where it is above `tolerance`."""
        apart = max(abs(one - other) / (abs(other) or 1) for one, other in zip(self.run(), self.losses, strict=True))
        if not apart <= tolerance:
            raise AssertionError(f"the emitted program's losses are {apart:.2g} apart from the script's: what happens between its steps is not all recorded")
        return apart

    def write(self, path):
        """Write the program to `path`, and beside it the data, as .npz."""
        path = Path(path)
        path.write_text(self.to_source())
        np.savez_compressed(path.with_suffix(".npz"), **self.data)


def _flat(arguments):
    """name -> array, of a dict with dicts inside."""
    return {key: array for name, kept in arguments.items()
            for key, array in ({f"{name}/{each}": kept[each] for each in kept} if isinstance(kept, dict) else {name: kept}).items()}


def _picked(arrays):
    return f"{{name: values[name] for name in ({', '.join(repr(name) for name in arrays)},)}}".replace("'", '"')


def _group_text(group):
    return f'{{name.removeprefix("{group}/"): array for name, array in data.items() if name.startswith("{group}/")}}'


def _first_state(step):
    """The text of the optimizer's state before the first step."""
    if step.optax is not None:
        return f"{step.called('optimizer')}.init(params)"
    states = [state for rule in step.rules for state in rule.state.values()]
    if any(state is None for state in states):
        return "{name: None for name in params}"
    texts = [{key: _beginning(array) for key, array in state.items()} for state in states]
    if any(each != texts[0] for each in texts) or None in texts[0].values():
        raise NotImplementedError("the optimizer has made steps before the first that was seen: let the script begin with a new one")
    each = ", ".join(f'"{key}": {text}' for key, text in texts[0].items())
    return f"{{name: {{{each}}} for name, param in params.items()}}"


def _beginning(array):
    """The text of a state that begins as one number; None for any other."""
    array = np.asarray(array)
    if not array.size or (array != array.flat[0]).any():
        return None
    number = array.flat[0].item()
    if array.ndim:
        return "jnp.zeros_like(param)" if number == 0 else f"jnp.full_like(param, {number!r})"
    return repr(number) if array.dtype == np.float64 else f"jnp.{array.dtype}({number!r})"


def trace_training(script, steps=5):
    """The `Training` that `script()` does, a function without arguments: it is run until it has made `steps` steps of one loop."""
    return Training(Watch(steps).run(script))
