"""A training step as text: `loss_of`, what happens to the gradients, the optimizer, and `step`, which calls them."""

from facade.workbench.emitting.arguments import stands_in_source
from facade.workbench.emitting.expressions import tuple_text
from facade.workbench.emitting.flat import data_first, without_stops
from facade.workbench.emitting.flattening import flatten
from facade.workbench.emitting.folding import each_listed, each_named, folded
from facade.workbench.emitting.helpers import Helpers, idioms_in, names_in
from facade.workbench.emitting.names import Names
from facade.workbench.training.rules import rule_lines
from facade.workbench.emitting.source import Writer
from facade.workbench.emitting.width import needs_wide


class StepSource:
    """The functions of a `TrainingStep`. wide: whether JAX has 64-bit numbers, found out where it is not said."""

    def __init__(self, step, wide=None):
        self.step, self.paths = step, step.paths
        self.cuts = [step.loss_cut, *([] if step.between is None else [step.between])]
        self.wide = self._needs_wide() if wide is None else wide

    def _needs_wide(self):
        flats = [flatten(cut.jaxpr, constants=_constants(cut)) for cut in self.cuts]
        flats += [] if self.step.optax is not None else rule_lines(self.step.rules, True)[1]
        return any(needs_wide(flat) for flat in flats) or any(needs_wide(flat, cut.arrays) for flat, cut in zip(flats, self.cuts))

    def parts(self):
        """The functions, as lists of lines."""
        step = self.step
        own = [*step.names, "grads", *map(step.called, ("loss_of", "update", "step", "prepared", "optimizer"))]
        helpers = Helpers([cut.jaxpr for cut in self.cuts], own, self.wide)
        flats = [flatten(cut.jaxpr, helpers, self.wide, _constants(cut)) for cut in self.cuts]
        functions = [*helpers.lines, *idioms_in(flats, [*own, *helpers.named.values()])]
        self._taken = [*own, *names_in(functions)]
        parts = [self._loss(flats[0])] + ([] if step.between is None else [self._between(flats[1])])
        if step.optax is not None and step.owner is step:
            parts.append([f"{step.optimizer} = {step.optax}"])
        elif step.optax is None and step.rules:
            parts += [*rule_lines(step.rules, self.wide)[0], self._update()]
        return [*functions, *parts, self._step()]

    def _given(self, *leading, inputs=None, more=()):
        """A signature's names: these, and what else goes in; inputs: only the arguments that hold these."""
        rest = [name for name in self.step.names if name not in ("params", "state", *leading)]
        if inputs is not None:
            held = {each.group or each.name for each in inputs} | set(more)
            rest = [name for name in rest if name in held]
        return ", ".join((*leading, *rest))

    def _written(self, flat, cut, wishes=(), names_sums=False):
        """(writer, texts of the outputs) of a flat program."""
        writer = Writer(Names(self._taken), wide=self.wide, names_sums=names_sums)
        data_first(flat, [name for name, each in zip(flat.inputs, cut.names) if each.group in ("params", "grads")])
        outputs = writer.body(flat, [each.expression for each in cut.names], wishes, flat.outputs[len(wishes):])
        return writer, [each.text for each in outputs]

    # ------------------------------------------------------------ the functions
    def _loss(self, flat):
        count, names = len(self.paths.seen.losses), self.paths.buffers
        without_stops(flat, flat.outputs[:count])
        bodies = []
        for names_sums in (False, True):
            writer, outputs = self._written(flat, self.step.loss_cut, ["loss"] * count, names_sums)
            loss = " + ".join(outputs[:count])
            if names:
                writer.say(f"new_buffers = {{**buffers, {_dict_text(names, outputs[count:])[1:]}")
                loss = f"{loss}, new_buffers"
            bodies.append(folded([*writer.lines, f"    return {loss}"], self.step.names))
        return [f"def {self.step.called('loss_of')}({self._given('params', inputs=self.step.inputs)}):", *min(bodies, key=len)]

    def _between(self, flat):
        """The function from gradients to what the optimizer gets (clipped, say), or of a step without an optimizer to the new parameters.
        """
        name, leading = ("prepared", ("grads",)) if self.step.rules else ("update", ("params", "grads"))
        without_stops(flat, ())
        writer, outputs = self._written(flat, self.step.between)
        lines = each_named(each_listed(writer.lines, "grads", self.paths.leaves), self.paths.final, outputs, leading[-1])
        signature = f"def {self.step.called(name)}({self._given(*leading, inputs=self.step.between.names)}):"
        return [signature, *folded(lines, [*leading, *self.step.names])]

    def _prepared(self):
        """The line that prepares the gradients, where that is needed."""
        if self.step.between is None:
            return []
        return [f"    grads = {self.step.called('prepared')}({self._given('grads', inputs=self.step.between.names)})"]

    def _update(self):
        """The function that applies the rules of the optimizer to all parameters."""
        rules, keeps = self.step.rules, self.step.keeps
        stepped = [name for rule in rules for name in rule.gradients]
        partly = "params | " if len(stepped) < len(self.paths.leaves) else ""
        is_all = len(rules) == 1 and not partly
        made = [f"{{name: {rule.call(rules)} for name in {'params' if is_all else names_text(rule.gradients)}}}" for rule in rules]
        signature = f"def {self.step.called('update')}({self._update_arguments()}):"
        if len(made) == 1 and not keeps:
            return [signature, *self._prepared(), f"    return {partly}{made[0]}"]
        lines = [*self._prepared(), *(f"    made {'|=' if place else '='} {each}" for place, each in enumerate(made))]
        if not keeps:
            return [signature, *lines, f"    return {partly}made"]
        new_params = f"{partly}{{name: param for name, (param, _) in made.items()}}"
        return [signature, *lines, f"    return {new_params}, {{name: kept for name, (_, kept) in made.items()}}"]

    def _update_arguments(self):
        leading = ["params", "grads", *["state"] * self.step.keeps]
        more = [name for rule in self.step.rules for name in rule.varying]
        return self._given(*leading, inputs=() if self.step.between is None else self.step.between.names, more=more)

    def _step(self):
        step, changes = self.step, bool(self.paths.buffers)
        made = "(loss, new_buffers), grads" if changes else "loss, grads"
        kept = ["params", *["state"] * step.keeps]
        value = f"jax.value_and_grad({step.called('loss_of')}{', has_aux=True' * changes})({self._given('params', inputs=step.inputs)})"
        lines = ["@jax.jit", f"def {step.called('step')}({', '.join(step.names)}):", f"    {made} = {value}"]
        if step.optax is None:
            lines.append(f"    {', '.join(kept)} = {step.called('update')}({self._update_arguments()})")
        else:
            lines += [*self._prepared(), *self._optax()]
        return [*lines, f"    return {', '.join([*kept, *['new_buffers'] * changes])}, loss"]

    def _optax(self):
        lines = [f"    updates, state = {self.step.optimizer}.update(grads, state, params)"]
        if "lr" in self.step.varying:
            lines.append("    updates = jax.tree.map(lambda each: lr * each, updates)")
        return [*lines, "    params = optax.apply_updates(params, updates)"]


def _constants(cut):
    """place -> array, of the inputs of a cut that stand in the source."""
    return {place: array for place, (each, array) in enumerate(zip(cut.names, cut.arrays)) if stands_in_source(each, array)}


def names_text(names):
    """Names as a tuple of strings."""
    return tuple_text([f'"{name}"' for name in names])


def _dict_text(names, texts):
    return "{" + ", ".join(f'"{name}": {text}' for name, text in zip(names, texts)) + "}"
