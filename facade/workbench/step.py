"""A whole training step as pure functions: the loss, its gradient by `jax.value_and_grad`, the optimizer's update.

The step is run once, on what the program has, and everything that it changed is put back. Where `backward()` was called on tells the loss; what
arrived at the leaves, the gradients; the recorded operation of the optimizer, its rule. What autograd did not go through
(`detach`, `no_grad`) becomes `lax.stop_gradient`.
"""

import jax
import numpy as np

from facade.core.engine.stats import operator_name
from facade.workbench.expressions import Expression
from facade.workbench.flat import data_first, flatten
from facade.workbench.folding import each_listed, each_named, folded
from facade.workbench.helpers import Helpers
from facade.workbench.naming import Input, Namer, model_and_optimizer
from facade.workbench.optax_rules import transformation
from facade.workbench.paths import StepPaths
from facade.workbench.recording import Recording
from facade.workbench.rules import Rule, rule_lines
from facade.workbench.source import Names, Writer, written_out
from facade.workbench.trace import arrays_of, as_arguments, as_list, as_written, compare, executed, narrowed, stands_in_source
from facade.workbench.watching import Seen, backward_noticed, leaves_of, unchanged


class TrainingStep:
    """A recorded training step. arguments: what the emitted `step` takes, by name: params, state, buffers and constants are dicts;
    loss: as it was recorded; gradients: by the parameters' names; inputs, jaxpr: of the loss.
    """

    def __init__(self, paths, optimizer_name, varying=None, suffix="", before=None):
        """varying: input values that are others in each step -> their `Input`, and the optimizer's options that are; suffix: of the functions' names;
        before: the step of another kind whose optimizer this one goes on with.
        """
        self.paths, self._varying, self._suffix = paths, varying or {}, suffix
        namer = paths.namer
        self.rules = [Rule.of(entry, paths.trained, optimizer_name) for entry in paths.steps]
        for rule in self.rules:
            rule.varying = tuple(name for name in rule.numbers if name in self._varying)
        loss = paths.loss.jaxpr(paths.stopped)
        self.jaxpr, self._arrays = loss.jaxpr, arrays_of(loss.inputs)
        self._loss_values = loss.inputs
        self.inputs = self._inputs_of(loss.inputs)
        self._between = None
        if paths.between is not None:
            cut = paths.between.jaxpr()
            self._between = cut, self._inputs_of(cut.inputs), arrays_of(cut.inputs)
        self.params = {name: arrays_of([value])[0] for value, name in paths.trained.items()}
        raw = {name: value for value, name in paths.raw.items()}
        self.gradients = {name: arrays_of([raw[name]])[0] for name in paths.leaves}
        self.loss = sum(arrays_of(paths.seen.losses))
        one = len(self.rules) == 1 and set(self.rules[0].gradients) == set(paths.leaves)
        self.optax = (transformation(self.rules[0]) if one else None) if before is None else before.optax
        self.values = {}
        self._arguments = self._collected(namer)

    # ------------------------------------------------------------ what goes in
    def _inputs_of(self, values):
        found = []
        for value in values:
            named = self.paths.input(value)
            if self._varying.get(value):
                named = self._varying[value]
            found.append(named or Input("constants", f"{self.consumer(self.paths, value)}_{len([each for each in found if each.group == 'constants'])}"))
        return found

    @staticmethod
    def consumer(paths, value):
        """The operator that an unnamed value goes into."""
        return next((operator_name(entry.kernel) for path in paths.every for entry in path.entries if value in entry.sources), "c")

    def _stands(self, each, array):
        return each.group != "" and stands_in_source(each, array)

    def _collected(self, namer):
        """What goes into the emitted step, in the order of its signature, without the optimizer's state."""
        cuts = [(self._loss_values, self.inputs, self._arrays)] + ([] if self._between is None else [(self._between[0].inputs, *self._between[1:])])
        self.values = {each: value for values, inputs, _ in cuts for value, each in zip(values, inputs)}
        handed = {each: (each, array) for _, inputs, arrays in cuts for each, array in zip(inputs, arrays)
                  if each.group not in ("params", "grads") and not self._stands(each, array)}
        alone, groups = as_arguments(sorted(handed.values(), key=lambda pair: namer.rank(pair[0])))
        rates = {name: np.float32(rule.numbers[name].number) for rule in self.rules for name in rule.varying}
        own = {group: groups.pop(group) for group in ("buffers", "constants") if group in groups}
        return {"params": self.params} | own | {name: as_list(arrays) for name, arrays in groups.items()} | alone | rates

    @property
    def keeps(self):
        """Whether the optimizer has a state."""
        return self.optax is not None or any(rule.keeps for rule in self.rules)

    @property
    def arguments(self):
        """What the emitted `step` takes, by name, in the order of its signature."""
        if not self.keeps:
            return dict(self._arguments)
        if self.optax is not None:
            state = executed(f"import jax, optax\noptimizer = {self.optax}")["optimizer"].init(self.params)
        else:
            state = {name: kept for rule in self.rules for name, kept in rule.state.items()}
        (first, params), *rest = self._arguments.items()
        return {first: params, "state": state, **dict(rest)}

    @property
    def buffers(self):
        """The buffers and fixed parameters, by name."""
        return self._arguments.get("buffers", {})

    @property
    def others(self):
        """What goes in beside parameters, buffers and state."""
        return {name: kept for name, kept in self._arguments.items() if name not in ("params", "buffers")}

    @property
    def names(self):
        """The names of the arguments."""
        first, *rest = self._arguments
        return [first, *["state"] * self.keeps, *rest]

    # ------------------------------------------------------------ emitting
    def to_source(self):
        """The step as JAX source: `loss_of`, the optimizer, and `step`."""
        parts, flats = self.parts()
        return narrowed(flats, "\n\n\n".join("\n".join(part) for part in parts) + "\n")

    def parts(self):
        """(functions as lists of lines, flat programs)."""
        programs = [self.jaxpr] + ([] if self._between is None else [self._between[0].jaxpr])
        own = [*self.names, "grads", *map(self.called, ("loss_of", "update", "step", "prepared", "optimizer"))]
        helpers = Helpers(programs, own)
        flats = [flatten(program, helpers) for program in programs]
        self._taken = [*own, *helpers.named.values()]
        parts = [self._loss_lines(flats[0])]
        if self._between is not None:
            parts.append(self._between_lines("prepared" if self.rules else "update", flats[-1]))
        if self.optax is not None:
            parts.append([f"{self.called('optimizer')} = {self.optax}"])
        elif self.rules:
            written, rule_flats = rule_lines(self.rules)
            flats += rule_flats
            parts += [*written, self._update_lines()]
        return [*helpers.lines, *parts, self._step_lines()], [*flats, *helpers.flats]

    def called(self, name):
        """The name of one of the functions."""
        return name + self._suffix

    def _given(self, *leading, inputs=None, more=()):
        """A signature's names: these, and what else goes in; inputs: only the arguments that hold these."""
        rest = [name for name in self.names if name not in ("params", "state", *leading)]
        if inputs is not None:
            held = {each.group or each.name for each in inputs} | set(more)
            rest = [name for name in rest if name in held]
        return ", ".join((*leading, *rest))

    def _write(self, flat, inputs, arrays, wishes):
        writer = Writer(Names(self._taken))
        data_first(flat, [name for name, each in zip(flat.inputs, inputs) if each.group in ("params", "grads")])
        made = [self._constant(writer, array) if self._stands(each, array) else each.expression for each, array in zip(inputs, arrays)]
        return writer, [each.text for each in writer.body(flat, made, wishes)]

    @staticmethod
    def _constant(writer, array):
        """A short constant; an array of more than a few elements has a name."""
        made = written_out(array)
        if np.size(array) <= 4:
            return made
        name = writer.names.new(made.text.removeprefix("jnp.").split("(")[0])
        writer.say(f"{name} = {made.text}")
        return Expression(name, cheap=True)

    def _loss_lines(self, flat):
        count, names = len(self.paths.seen.losses), self.paths.buffers
        writer, outputs = self._write(flat, self.inputs, self._arrays, ["loss"] * count)
        loss = " + ".join(outputs[:count])
        if names:
            writer.say(f"new_buffers = {{**buffers, {_dict_text(names, outputs[count:])[1:]}")
            loss = f"{loss}, new_buffers"
        body = folded([*writer.lines, f"    return {loss}"], self.names)
        return [f"def {self.called('loss_of')}({self._given('params', inputs=self.inputs)}):", *body]

    def _between_lines(self, name, flat):
        """The function from gradients to what the optimizer gets (clipped, say), or of a step without an optimizer to the new parameters."""
        writer, outputs = self._write(flat, self._between[1], self._between[2], [])
        leading = ("grads",) if self.rules else ("params", "grads")
        lines = each_named(each_listed(writer.lines, "grads", self.paths.leaves), self.paths.final, outputs, leading[-1])
        return [f"def {self.called(name)}({self._given(*leading, inputs=self._between[1])}):", *folded(lines, [*leading, *self.names])]

    def _prepared_call(self):
        return f"    grads = {self.called('prepared')}({self._given('grads', inputs=self._between[1])})"

    def _update_lines(self):
        lines = [] if self._between is None else [self._prepared_call()]
        stepped = [name for rule in self.rules for name in rule.gradients]
        partly = "params | " if len(stepped) < len(self.paths.leaves) else ""
        every = len(self.rules) == 1 and not partly
        made = [f"{{name: {rule.call(self.rules)} for name in {'params' if every else _each_of(rule)}}}" for rule in self.rules]
        signature = f"def {self.called('update')}({self._update_arguments()}):"
        if len(made) == 1 and not self.keeps:
            return [signature, *lines, f"    return {partly}{made[0]}"]
        lines += [f"    made {'|=' if place else '='} {each}" for place, each in enumerate(made)]
        lines.append(f"    return {partly}{{name: param for name, (param, _) in made.items()}}, {{name: kept for name, (_, kept) in made.items()}}"
                     if self.keeps else f"    return {partly}made")
        return [signature, *lines]

    def _update_arguments(self):
        leading = ["params", "grads", *["state"] * self.keeps]
        more = [name for rule in self.rules for name in rule.varying]
        return self._given(*leading, inputs=() if self._between is None else self._between[1], more=more)

    def _step_lines(self):
        changes = bool(self.paths.buffers)
        loss_of = self.called("loss_of")
        left = "(loss, new_buffers), grads" if changes else "loss, grads"
        kept = ["params", *["state"] * self.keeps]
        lines = ["@jax.jit", f"def {self.called('step')}({', '.join(self.names)}):",
                 f"    {left} = jax.value_and_grad({loss_of}{', has_aux=True' if changes else ''})({self._given('params', inputs=self.inputs)})"]
        if self.optax is None:
            lines.append(f"    {', '.join(kept)} = {self.called('update')}({self._update_arguments()})")
        else:
            lines += ([] if self._between is None else [self._prepared_call()]) + self._optax_lines()
        return [*lines, f"    return {', '.join([*kept, *['new_buffers'] * changes])}, loss"]

    def _optax_lines(self):
        lines = [f"    updates, state = {self.called('optimizer')}.update(grads, state, params)"]
        if "lr" in self._varying:
            lines.append("    updates = jax.tree.map(lambda each: lr * each, updates)")
        return [*lines, "    params = optax.apply_updates(params, updates)"]

    def stablehlo(self):
        """The whole step as XLA gets it, as text (https://openxla.org/stablehlo)."""
        with as_written(self.to_source()):
            return self.function().lower(**self.arguments).as_text()

    # ------------------------------------------------------------ checking
    def check(self, tolerance=1e-5):
        """Run the emitted source on what the recorded step had, and hold loss, gradients, update and buffers against it.

        AssertionError where they differ by more than `tolerance` of the largest gradient, or of the largest element of a result.
        """
        source, arguments = self.to_source(), self.arguments
        names = executed(source)
        loss_of, changes = names[self.called("loss_of")], bool(self.paths.buffers)
        with as_written(source):
            made, grads = jax.jit(jax.value_and_grad(loss_of, has_aux=changes))(*(arguments[name] for name in _parameters_of(loss_of)))
            made, buffers = made if changes else (made, {})
            self._check_loss(made, grads, buffers, tolerance)
            params, state = self._updated(names, arguments | {"grads": self.gradients})
        for name, leaf in self.paths.leaves.items():
            compare(f"parameter '{name}'", params[name], arrays_of([self.paths.seen.after[leaf]])[0], tolerance)
        for rule in self.rules if self.optax is None else ():
            rule.check(state, compare, tolerance)

    def _updated(self, names, given):
        """(parameters, state) after the emitted update along the recorded gradients."""
        def made_by(name):
            function = names[self.called(name)]
            return jax.jit(function)(**{each: given[each] for each in _parameters_of(function)})
        if self.optax is None:
            made = made_by("update")
            return made if self.keeps else (made, {})
        given = given | ({"grads": made_by("prepared")} if self._between is not None else {})
        updates, state = names[self.called("optimizer")].update(given["grads"], given["state"], given["params"])
        rate = given["lr"] if "lr" in self._varying else 1
        return {name: param + rate * updates[name] for name, param in given["params"].items()}, state

    def _check_loss(self, loss, grads, buffers, tolerance):
        compare("loss", loss, self.loss, tolerance)
        scale = max((float(np.abs(each).max(initial=0)) for each in self.gradients.values()), default=0) or 1
        for name, expected in self.gradients.items():
            apart = float(np.abs(np.asarray(grads[name]) - expected).max(initial=0)) / scale
            if not apart <= max(tolerance, 1e-4):
                raise AssertionError(f"jax.value_and_grad gives another gradient for '{name}' than backward() did, {apart:.2g} apart: the step changes "
                                     "gradients in hooks, adds to old ones, or has a derivative that its forward pass does not show")
        for name, value in self.paths.buffers.items():
            expected = arrays_of([value])[0]
            compare(f"buffer '{name}'", np.asarray(buffers[name]).astype(expected.dtype), expected, tolerance)

    def function(self):
        """The emitted `step`, ready to call with `**arguments` (within `jax.enable_x64(True)` where the source switches that on)."""
        return executed(self.to_source())[self.called("step")]

    def __repr__(self):
        kept = ", ".join(self.names)
        return f"<step({kept}): loss {float(self.loss):.6g}, {len(self.paths.leaves)} parameters, {len(self.jaxpr.eqns)} operations of JAX; .to_source()>"

    def _repr_html_(self):
        return self.to_source()._repr_html_()


def _parameters_of(function):
    return function.__code__.co_varnames[:function.__code__.co_argcount]


def _each_of(rule):
    """The parameters that a rule is for, as a tuple in the source."""
    return "(" + ", ".join(f'"{name}"' for name in rule.gradients) + ",)" * (len(rule.gradients) == 1) + ")" * (len(rule.gradients) > 1)


def _dict_text(names, texts):
    return "{" + ", ".join(f'"{name}": {text}' for name, text in zip(names, texts)) + "}"


def trace_step(step, *args, model=None, optimizer=None, **kwargs):
    """The training step that `step(*args, **kwargs)` makes, as a `TrainingStep`: forward, `backward()`, and `optimizer.step()` or writes by hand.

    model, optimizer: found among the names that the function uses, where they are not given. The step runs once; parameters, gradients, state and
    random numbers are afterwards as they were. It should start from gradients that are None (`zero_grad()`).
    """
    model, optimizer = model_and_optimizer(step, model, optimizer)
    namer = Namer()
    if model is not None:
        namer.add("model", model)
    namer.add_function(step, args, kwargs)
    if optimizer is not None:
        for place, param in enumerate(each for group in optimizer.param_groups for each in group["params"]):
            namer.add(f"param_{place}", param)
    with unchanged(namer.every, optimizer):
        seen, entries = _run(step, args, kwargs, namer)
    return TrainingStep(StepPaths(seen, entries, namer), type(optimizer).__name__.lower())


def _run(step, args, kwargs, namer):
    """What is seen of one run of a step, and the entries."""
    seen = Seen(dict(namer.before))

    def noticed(loss, nodes):
        for leaf in leaves_of(nodes):
            namer.add("param", leaf)
            seen.before.setdefault(leaf, namer.before[leaf])
        seen.add(loss, nodes)
    with Recording() as recorded, backward_noticed(noticed):
        step(*args, **kwargs)
        seen.close(recorded.place)
    return seen, recorded.entries
