"""A whole training step as three pure functions: the loss, its gradient by `jax.value_and_grad`, the optimizer's update.

The step is run once, on what the program has, and everything that it changed is put back. Where `backward()` was called on tells the loss; what
arrived at the leaves, the gradients; the recorded operation of the optimizer, its rule. What autograd did not go through
(`detach`, `no_grad`) becomes `lax.stop_gradient`.
"""

import contextlib

import jax
import numpy as np

from facade.autograd.backward import ONES
from facade.core import engine
from facade.core.engine import Value
from facade.core.random.generator import default_generator
from facade.core.tensor.history import AccumulateGrad, KernelNode
from facade.core.tensor.modes import modes
from facade.optim._functional import Step
from facade.workbench.flat import flatten, has_wide
from facade.workbench.naming import Input, Namer, model_and_optimizer
from facade.workbench.recording import function_of, recording
from facade.workbench.rules import Rule, rule_lines
from facade.workbench.source import Names, Writer, written_out
from facade.workbench.trace import arrays_of, as_arguments, assembled, compare, executed, stands_in_source


# ---------------------------------------------------------------- running it once
class _Run:
    """One run of a step. entries; raw: parameter -> its gradient's value as backward left it; nodes: the graph; after: the values then."""

    def __init__(self, step, args, kwargs, tensors):
        self.raw, self.nodes, self.tensors = {}, {}, tensors
        before = [each.value for each in tensors]
        handles = [each.register_post_accumulate_grad_hook(self._arrived) for each in tensors if each.requires_grad and each.is_leaf]
        try:
            with recording() as entries:
                self.result = step(*args, **kwargs)
                self.after = [each.value for each in tensors]
        finally:
            for handle in handles:
                handle.remove()
        self.entries = entries
        self.changed = {old: new for old, new in zip(before, self.after) if old is not new}

    def _arrived(self, leaf):
        self.raw[leaf] = leaf._grad.value
        self.nodes.update(dict.fromkeys(modes.walk.waiting))

    def losses(self):
        """The values that backward() was called on."""
        found = [entry.sources[0] for entry in self.entries if entry.kernel.operator is ONES]
        if not found or not self.raw:
            raise ValueError("the step calls no backward() on a scalar that leads to these parameters, so it has no loss to show")
        return list(dict.fromkeys(found))


@contextlib.contextmanager
def unchanged(tensors, optimizer):
    """Put back what the block does to these tensors, their gradients, an optimizer's state and the random numbers."""
    states = {} if optimizer is None else {param: dict(state) for param, state in optimizer.state.items()}
    kept = [each for state in states.values() for each in state.values() if hasattr(each, "storage_cell")]
    grads = [(each, each._grad) for each in tensors]
    every = [*tensors, *kept, *(grad for _, grad in grads if grad is not None)]
    engine.evaluate_all()
    values, numbers = [each.value for each in every], default_generator.engine.copy()
    try:
        yield
    finally:
        for each, value in zip(every, values):
            if each.value is not value:
                each.storage_cell.write(value)
        for each, grad in grads:
            each._grad = grad
        if optimizer is not None:
            optimizer.state.clear()
            optimizer.state.update(states)
        default_generator.engine = numbers


# ---------------------------------------------------------------- where derivatives do not go
def _stops(entries, nodes, leaves):
    """(epoch, slot, index) of the inputs that lead to the leaves' values but through which autograd did not go."""
    for node in nodes:
        if not isinstance(node, (KernelNode, AccumulateGrad)):
            raise NotImplementedError(f"the step goes through '{node.name()}', whose derivative is its own and cannot be had from the forward pass")
    found = {(node.epoch, node.slot): node for node in nodes if isinstance(node, KernelNode)}
    twins = {(entry.kernel, entry.sources): found[entry.epoch, entry.slot] for entry in entries if (entry.epoch, entry.slot) in found}
    tracked, stopped = set(leaves), set()
    for entry in entries:
        through = [index for index, source in enumerate(entry.sources) if source.__class__ is Value and source in tracked]
        if not through or all(spec.dtype.kind not in "fcV" for spec in entry.kernel.outs):
            continue
        node = found.get((entry.epoch, entry.slot)) or twins.get((entry.kernel, entry.sources))
        wanted = () if node is None else node.wanted
        stopped.update((entry.epoch, entry.slot, index) for index in through if index not in wanted)
        if any(index in wanted for index in through):
            tracked.update(entry.results)
    return frozenset(stopped)


def _leading_to(entries, values):
    """The entries on the way to these values."""
    needed, found = set(values), []
    for entry in reversed(entries):
        if not needed.isdisjoint(entry.results):
            found.append(entry)
            needed.update(source for source in entry.sources if source.__class__ is Value)
    return found[::-1]


# ---------------------------------------------------------------- what is shown
class TrainingStep:
    """A recorded training step. arguments: what the emitted `step` takes, by name: params, state, buffers and constants are dicts;
    loss: as it was recorded; gradients: by the parameters' names.
    """

    def __init__(self, run, namer, optimizer_name):
        self._run, self._namer, self._optimizer_name = run, namer, optimizer_name
        self._parameters = {namer.found[namer.before[leaf]].name: leaf for leaf in run.raw}
        self._trained = {namer.before[leaf]: name for name, leaf in self._parameters.items()}
        self._losses = run.losses()
        self._cut_loss()
        self._cut_update()
        self.params = {name: arrays_of([value])[0] for value, name in self._trained.items()}
        self.gradients = {name: arrays_of([run.raw[leaf]])[0] for name, leaf in self._parameters.items()}
        self.loss = sum(arrays_of(self._losses))
        self.arguments = self._arguments()

    # ------------------------------------------------------------ cutting
    def _input(self, value, named):
        """The Input of a value that goes into the loss: what is trained is a parameter, and parameters that are not are among the buffers."""
        if value in self._trained:
            return Input("params", self._trained[value])
        return Input("buffers", named.name) if named.group == "params" else named

    def _cut_loss(self):
        run, namer = self._run, self._namer
        buffers = {namer.found[old].name: new for old, new in run.changed.items() if namer.found[old].group == "buffers"}
        self._new_buffers = buffers
        stopped = _stops(_leading_to(run.entries, self._losses), run.nodes, self._trained)
        self._cut = function_of(run.entries, [*self._losses, *buffers.values()], stopped=stopped)
        self.inputs = [self._input(value, each) for value, each in zip(self._cut.inputs, namer.all(self._cut.inputs))]
        self.jaxpr, self._arrays = self._cut.jaxpr, arrays_of(self._cut.inputs)

    def _cut_update(self):
        run, namer = self._run, self._namer
        steps = [entry for entry in run.entries if isinstance(entry.kernel.operator, Step)]
        self._rules = [Rule.of(entry, self._trained, self._optimizer_name) for entry in steps]
        raw = {run.raw[leaf]: name for name, leaf in self._parameters.items()}
        if not steps:
            changed = {name: run.changed.get(namer.before[leaf]) for name, leaf in self._parameters.items()}
            if None in changed.values():
                raise ValueError("the step changes no parameter in place, so it has no update to show")
            self._final = changed
        else:
            stepped = {name: grad for rule in self._rules for name, grad in rule.gradients.items()}
            self._final = stepped if any(raw.get(value) is None for value in stepped.values()) else None
        if self._final is not None:
            cut = function_of(run.entries, list(self._final.values()), given=list(raw))
            inputs = [Input("grads", raw[value]) if value in raw else self._input(value, each)
                      for value, each in zip(cut.inputs, namer.all(cut.inputs))]
            self._between = cut, inputs, arrays_of(cut.inputs)

    def _arguments(self):
        """What goes into the emitted step, in the order of its signature."""
        between = zip(self._between[1], self._between[2]) if self._final is not None else ()
        handed = [(each, array) for each, array in (*zip(self.inputs, self._arrays), *between)
                  if each.group not in ("params", "grads") and not stands_in_source(each, array)]
        alone, groups = as_arguments(sorted(dict((pair[0], pair) for pair in handed).values(), key=lambda pair: self._namer.rank(pair[0])))
        state = {name: kept for rule in self._rules for name, kept in rule.state.items()}
        return {"params": self.params} | ({"state": state} if any(rule.keeps for rule in self._rules) else {}) \
            | {group: groups[group] for group in ("buffers", "constants") if group in groups} | alone

    # ------------------------------------------------------------ emitting
    def to_source(self):
        """The step as JAX source: `loss_of`, the optimizer's rule, `update` and `step`."""
        loss = flatten(self.jaxpr)
        parts, flats = [self._loss_lines(loss)], [loss]
        if self._rules:
            written, rule_flats = rule_lines(self._rules)
            flats += rule_flats
            if self._final is not None:
                flats.append(flatten(self._between[0].jaxpr))
                parts.append(self._between_lines("prepared", "grads", flats[-1]))
            parts += [*written, self._update_lines()]
        else:
            flats.append(flatten(self._between[0].jaxpr))
            parts.append(self._between_lines("update", "params", flats[-1]))
        parts.append(self._step_lines())
        return assembled(has_wide(flats), "\n\n\n".join("\n".join(part) for part in parts) + "\n")

    def _given(self, *leading, inputs=None):
        """A signature's names: these, and what else goes in; inputs: only the arguments that hold these."""
        rest = [name for name in self.arguments if name not in ("params", "state", *leading)]
        if inputs is not None:
            held = {each.group or each.name for each in inputs}
            rest = [name for name in rest if name in held]
        return ", ".join((*leading, *rest))

    def _write(self, flat, inputs, arrays, wishes):
        writer = Writer(Names([*self.arguments, "grads", "loss_of", "update", "step", "prepared"]))
        made = [written_out(array) if stands_in_source(each, array) else each.expression for each, array in zip(inputs, arrays)]
        return writer, [each.text for each in writer.body(flat, made, wishes)]

    def _loss_lines(self, flat):
        count = len(self._losses)
        writer, outputs = self._write(flat, self.inputs, self._arrays, ["loss"] * count)
        loss, buffers = " + ".join(outputs[:count]), _dict_text(self._new_buffers, outputs[count:])
        if self._new_buffers:
            writer.say(f"new_buffers = {{**buffers, {buffers[1:]}")
            loss = f"{loss}, new_buffers"
        return [f"def loss_of({self._given('params')}):", *writer.lines, f"    return {loss}"]

    def _between_lines(self, name, what, flat):
        """The function from gradients to what the optimizer gets (clipped, say), or of a step without an optimizer to the new parameters."""
        writer, outputs = self._write(flat, self._between[1], self._between[2], [])
        leading = ("grads",) if what == "grads" else ("params", "grads")
        writer.say(f"return {_dict_text(self._final, outputs)}")
        return [f"def {name}({self._given(*leading, inputs=self._between[1])}):", *writer.lines]

    def _update_lines(self):
        lines, kept = [], "state" in self.arguments
        if self._final is not None:
            lines.append(f"    grads = prepared({self._given('grads', inputs=self._between[1])})")
        stepped = [name for rule in self._rules for name in rule.gradients]
        partly = "params | " if len(stepped) < len(self._parameters) else ""
        every = len(self._rules) == 1 and not partly
        made = [f"{{name: {rule.call(self._rules)} for name in {'params' if every else _each_of(rule)}}}" for rule in self._rules]
        if len(made) == 1 and not kept:
            return [self._update_signature(), *lines, f"    return {partly}{made[0]}"]
        lines += [f"    made {'|=' if place else '='} {each}" for place, each in enumerate(made)]
        lines.append(f"    return {partly}{{name: param for name, (param, _) in made.items()}}, {{name: kept for name, (_, kept) in made.items()}}"
                     if kept else f"    return {partly}made")
        return [self._update_signature(), *lines]

    def _update_signature(self):
        return f"def update({self._update_arguments()}):"

    def _update_arguments(self):
        leading = [name for name in ("params", "grads", "state") if name == "grads" or name in self.arguments]
        return self._given(*leading, inputs=() if self._final is None else self._between[1])

    def _step_lines(self):
        changes = bool(self._new_buffers)
        made = [name for name in ("params", "state") if name in self.arguments]
        left = "(loss, new_buffers), grads" if changes else "loss, grads"
        return ["@jax.jit", f"def step({self._given(*made)}):",
                f"    {left} = jax.value_and_grad(loss_of{', has_aux=True' if changes else ''})({self._given('params')})",
                f"    {', '.join(made)} = update({self._update_arguments()})",
                f"    return {', '.join([*made, *['new_buffers'] * changes])}, loss"]

    # ------------------------------------------------------------ checking
    def check(self, tolerance=1e-5):
        """Run the emitted source on what the recorded step had, and hold loss, gradients, update and buffers against it.

        AssertionError where they differ by more than `tolerance` of the largest gradient, or of the largest element of a result.
        """
        names = executed(self.to_source())
        with jax.enable_x64(True):
            inputs = {key: value for key, value in self.arguments.items() if key != "state"}
            made, grads = jax.jit(jax.value_and_grad(names["loss_of"], has_aux=bool(self._new_buffers)))(*inputs.values())
            made, buffers = made if self._new_buffers else (made, {})
            self._check_loss(made, grads, buffers, tolerance)
            taken = names["update"].__code__.co_varnames[:names["update"].__code__.co_argcount]
            given = self.arguments | {"grads": {key: np.asarray(value) for key, value in self.gradients.items()}}
            updated = jax.jit(names["update"])(**{name: given[name] for name in taken})
        params, state = updated if "state" in self.arguments else (updated, {})
        for name, leaf in self._parameters.items():
            compare(f"parameter '{name}'", params[name], arrays_of([self._run.changed.get(before := self._namer.before[leaf], before)])[0], tolerance)
        for rule in self._rules:
            rule.check(state, compare, tolerance)

    def _check_loss(self, loss, grads, buffers, tolerance):
        compare("loss", loss, self.loss, tolerance)
        scale = max((float(np.abs(each).max(initial=0)) for each in self.gradients.values()), default=0) or 1
        for name, expected in self.gradients.items():
            apart = float(np.abs(np.asarray(grads[name]) - expected).max(initial=0)) / scale
            if not apart <= max(tolerance, 1e-4):
                raise AssertionError(f"jax.value_and_grad gives another gradient for '{name}' than backward() did, {apart:.2g} apart: the step changes "
                                     "gradients in hooks, adds to old ones, or has a derivative that its forward pass does not show")
        for name, value in self._new_buffers.items():
            compare(f"buffer '{name}'", buffers[name], arrays_of([value])[0], tolerance)

    def function(self):
        """The emitted `step`, ready to call with `**arguments` (within `jax.enable_x64(True)` where the source switches that on)."""
        return executed(self.to_source())["step"]

    def __repr__(self):
        kept = ", ".join(self.arguments)
        return f"<step({kept}): loss {float(self.loss):.6g}, {len(self._parameters)} parameters, {len(self.jaxpr.eqns)} operations of JAX; .to_source()>"

    def _repr_html_(self):
        return self.to_source()._repr_html_()


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
    tensors = namer.every
    namer.before = {each: each.value for each in tensors}
    with unchanged(tensors, optimizer):
        run = _Run(step, args, kwargs, tensors)
    return TrainingStep(run, namer, type(optimizer).__name__.lower())
