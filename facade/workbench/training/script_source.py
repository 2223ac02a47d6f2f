"""The loop of an emitted program: `train`, which repeats the recorded steps, and the lines that run it."""

import numpy as np

from facade.workbench.training.step_source import names_text


_SAID = "The losses of the recorded steps, from the parameters and on the batches and random numbers in `data`."


class TrainingSource:
    """The functions around the steps of a `Training`."""

    def __init__(self, training):
        self.training, self.kinds = training, training.kinds

    def parts(self):
        """The functions, as lists of lines."""
        return [self._train(), self._main()]

    def _train(self):
        lines = ["def train(data):", f'    """{_SAID}"""']
        lines += self._several() if len(self.kinds) > 1 else self._alone(self.kinds[0])
        return [*lines, "    return losses"]

    def _alone(self, kind):
        """The loop for steps that are all of one kind."""
        step = kind.step
        lines = [f"    {group} = {_group_text(group)}" for group in ("params", "buffers") if group in step.names]
        lines += [f"    state = {_first_state(step)}"] if step.keeps else []
        return [*lines, "    losses = []", f"    for place in range({len(kind.places)}):",
                f"        {_made(step)} = {self._call(kind, lambda name: name)}", "        losses.append(float(loss))"]

    # ------------------------------------------------------------ several kinds
    def _several(self):
        """The loop over steps of several kinds, which hand on parameters and buffers."""
        lines = self._shared() if self._is_shared() else self._values()
        order = ", ".join(f"({kind}, {which})" for _, kind, which in self.training.order)
        lines += ["    losses = []", f"    for kind, place in ({order}):"]
        for kind in self.kinds:
            made = _made(kind.step, f"state{kind.owner.suffix}")
            word = "if" if kind is self.kinds[0] else "elif"
            lines.append("        else:" if kind is self.kinds[-1] else f"        {word} kind == {kind.number}:")
            lines.append(f"            {made} = {self._call(kind, self._groups(kind).get)}")
            lines += [] if self._is_shared() else [f"            values |= params{' | buffers' * bool(kind.step.paths.buffers)}"]
        return [*lines, "        losses.append(float(loss))"]

    def _is_shared(self):
        """Whether all kinds train the same parameters and have the same buffers."""
        return len({(frozenset(kind.step.params), frozenset(kind.step.buffers)) for kind in self.kinds}) == 1

    def _shared(self):
        """What all kinds begin with."""
        step = self.kinds[0].step
        lines = [f"    {group} = {_group_text(group)}" for group in ("params", "buffers") if group in step.names]
        owners = [kind for kind in self.kinds if kind.owner is kind and kind.step.keeps]
        return lines + [f"    state{kind.suffix} = {_first_state(kind.step)}" for kind in owners]

    def _values(self):
        """What kinds begin with that train different parameters: all values by name, of which each takes its own."""
        groups = dict.fromkeys(name.partition("/")[0] for name in self.training.data if name.startswith(("params/", "buffers/")))
        first, *others = (_group_text(group) for group in groups)
        lines = [f"    values = {first}", *(f"    values |= {other}" for other in others)]
        for kind in self.kinds:
            lines.append(f"    params{kind.suffix} = {_picked(kind.step.params)}")
            if kind.owner is kind and kind.step.keeps:
                lines.append(f"    state{kind.suffix} = {_first_state(kind.step, f'params{kind.suffix}')}")
        return lines

    def _groups(self, kind):
        """What a kind's step is handed for the groups of its arguments."""
        state = {"state": f"state{kind.owner.suffix}"}
        if self._is_shared():
            return state | {"params": "params", "buffers": "buffers"}
        return state | {"params": f"{{name: values[name] for name in params{kind.suffix}}}", "buffers": _picked(kind.step.buffers)}

    # ------------------------------------------------------------ the call of a step
    def _call(self, kind, group_text):
        """The call of a kind's step on the data of the step `place`."""
        given = [group_text(name) if name in ("params", "state", "buffers") else self._given(kind, name) for name in kind.step.names]
        return f"step{kind.suffix}({', '.join(given)})"

    def _given(self, kind, name):
        """An argument that is data: an array, a list or a dict of such."""
        kept = kind.step.others.get(name)
        if not isinstance(kept, dict):
            return self._item(f"{name}{kind.suffix}")
        if list(kept) == list(range(len(kept))):
            item = self._item(f"{name}/0{kind.suffix}").replace("/0", "/{key}", 1)
            return f"{{key: {item.replace('data[', 'data[f')} for key in range({len(kept)})}}"
        return "{" + ", ".join(f'"{key}": {self._item(f"{name}/{key}{kind.suffix}")}' for key in kept) + "}"

    def _item(self, name):
        return f'data["{name}"]' + "[place]" * (name not in self.training.constant)

    def _main(self):
        return ['if __name__ == "__main__":', '    data = dict(np.load(Path(__file__).with_suffix(".npz")))',
                f"    recorded = [{', '.join(f'{loss:.9g}' for loss in self.training.losses)}]",
                "    for loss, expected in zip(train(data), recorded):", '        print(f"loss {loss:.7g}, recorded {expected:.7g}")']


def _made(step, state="state"):
    """What a step gives back, as the targets of an assignment."""
    return ", ".join(["params", *[state] * step.keeps, *["buffers"] * bool(step.paths.buffers), "loss"])


def _picked(arrays):
    return f"{{name: values[name] for name in {names_text(arrays)}}}"


def _group_text(group):
    return f'{{name.removeprefix("{group}/"): array for name, array in data.items() if name.startswith("{group}/")}}'


# ---------------------------------------------------------------- the optimizer's state
def _first_state(step, params="params"):
    """The text of the optimizer's state before the first step."""
    if step.optax is not None:
        return f"{step.optimizer}.init({params})"
    states = [state for rule in step.rules for state in rule.state.values()]
    if any(state is None for state in states):
        return f"{{name: None for name in {params}}}"
    texts = [{key: _beginning(array) for key, array in state.items()} for state in states]
    if any(each != texts[0] for each in texts) or None in texts[0].values():
        raise NotImplementedError("the optimizer has made steps before the first that was seen: let the script begin with a new one")
    each = ", ".join(f'"{key}": {text}' for key, text in texts[0].items())
    return f"{{name: {{{each}}} for name, param in {params}.items()}}"


def _beginning(array):
    """The text of a state that begins as one number; None for any other."""
    array = np.asarray(array)
    if not array.size or (array != array.flat[0]).any():
        return None
    number = array.flat[0].item()
    if array.ndim:
        return "jnp.zeros_like(param)" if number == 0 else f"jnp.full_like(param, {number!r})"
    return repr(number) if array.dtype == np.float64 else f"jnp.{array.dtype}({number!r})"
