"""A whole training step as pure functions: the loss, its gradient by `jax.value_and_grad`, the optimizer's update.

The step is run once, on what the program has, and everything that it changed is put back. Where `backward()` was called on tells the
loss; what arrived at the leaves, the gradients; the recorded operation of the optimizer, its rule. What autograd did not go through
(`detach`, `no_grad`) becomes `lax.stop_gradient`.
"""

from typing import NamedTuple

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr

from facade.workbench.emitting.arguments import arrays_of, as_arguments, as_list, stands_in_source
from facade.workbench.emitting.comparing import compare
from facade.workbench.emitting.emitted import as_written, assembled, executed
from facade.workbench.emitting.names import Names
from facade.workbench.naming import Input, Namer, model_and_optimizer
from facade.workbench.training.optax_rules import transformation
from facade.workbench.training.paths import StepPaths
from facade.workbench.recording import Recording
from facade.workbench.training.rules import Rule
from facade.workbench.training.step_source import StepSource
from facade.workbench.watching import Seen, backward_noticed, leaves_of, unchanged


class NamedCut(NamedTuple):
    """A part of a step as a function: its jaxpr, and of each argument the value, the `Input` and the array."""

    jaxpr: ClosedJaxpr
    values: list
    names: list
    arrays: list


class TrainingStep:
    """A recorded training step.

    arguments: what the emitted `step` takes, by name: params, state, buffers and constants are dicts; loss: as it was recorded;
    gradients: by the parameters' names; inputs, jaxpr: of the loss; optax: the text of the optimizer, where optax has it.
    """

    def __init__(self, paths, optimizer_name, varying=None, suffix="", before=None):
        """varying: input values that are others in each step -> their `Input`, and the optimizer's options that are; suffix: of the
        functions' names; before: the step of another kind whose optimizer this one goes on with.
        """
        self.paths, self.varying, self.suffix, self.owner = paths, varying or {}, suffix, before or self
        self.rules = [Rule.of(entry, paths.trained, optimizer_name) for entry in paths.steps]
        for rule in self.rules:
            rule.varying = tuple(name for name in rule.numbers if name in self.varying)
        self._constants, self._taken = {}, Names()
        self.loss_cut = self._named(paths.loss.jaxpr(paths.scopes, paths.stopped))
        self.between = None if paths.between is None else self._named(paths.between.jaxpr(paths.scopes, is_differentiated=False))
        self.params = {name: arrays_of([value])[0] for value, name in paths.trained.items()}
        raw = {name: value for value, name in paths.raw.items()}
        self.gradients = {name: arrays_of([raw[name]])[0] for name in paths.leaves}
        self.loss = sum(arrays_of(paths.seen.losses))
        self.optax = self._optax() if before is None else before.optax
        self._arguments = self._collected()

    def _optax(self):
        """The optimizer as optax's, where one rule is all parameters'."""
        is_one = len(self.rules) == 1 and set(self.rules[0].gradients) == set(self.paths.leaves)
        return transformation(self.rules[0]) if is_one else None

    @property
    def jaxpr(self):
        """Of the loss."""
        return self.loss_cut.jaxpr

    @property
    def inputs(self):
        """Of the loss: an `Input` for each argument of the jaxpr."""
        return self.loss_cut.names

    # ------------------------------------------------------------ what goes in
    def _named(self, cut):
        found = [self.varying.get(value) or self.paths.input(value) or self._constant(value, cut.wishes[value]) for value in cut.inputs]
        return NamedCut(cut.jaxpr, cut.inputs, found, arrays_of(cut.inputs))

    def _constant(self, value, wish):
        """The `Input` of a value without a name, the same wherever it goes in."""
        if value not in self._constants:
            self._constants[value] = Input("constants", self._taken.new(wish))
        return self._constants[value]

    def _collected(self):
        """What goes into the emitted step, in the order of its signature, without the optimizer's state."""
        cuts = [self.loss_cut, *([] if self.between is None else [self.between])]
        self.values = {each: value for cut in cuts for value, each in zip(cut.values, cut.names)}
        handed = {each: (each, array) for cut in cuts for each, array in zip(cut.names, cut.arrays)
                  if each.group not in ("params", "grads") and not stands_in_source(each, array)}
        alone, groups = as_arguments(sorted(handed.values(), key=lambda pair: self.paths.namer.rank(pair[0])))
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

    # ------------------------------------------------------------ text
    def called(self, name):
        """The name of one of the functions."""
        return name + self.suffix

    @property
    def optimizer(self):
        """The name of optax's optimizer."""
        return self.owner.called("optimizer")

    def to_source(self):
        """The step as JAX source: `loss_of`, the optimizer, and `step`."""
        source = StepSource(self)
        return assembled(source.wide, source.parts())

    def stablehlo(self):
        """The whole step as XLA gets it, as text (https://openxla.org/stablehlo)."""
        with as_written(self.to_source()):
            return self.function().lower(**self.arguments).as_text()

    def function(self):
        """The emitted `step`, ready to call with `**arguments` (within `jax.enable_x64(True)` where the source switches that on)."""
        return executed(self.to_source())[self.called("step")]

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
        given = given | ({"grads": made_by("prepared")} if self.between is not None else {})
        updates, state = names[self.optimizer].update(given["grads"], given["state"], given["params"])
        rate = given["lr"] if "lr" in self.varying else 1
        return {name: param + rate * updates[name] for name, param in given["params"].items()}, state

    def _check_loss(self, loss, grads, buffers, tolerance):
        compare("loss", loss, self.loss, tolerance)
        scale = max((float(np.abs(each).max(initial=0)) for each in self.gradients.values()), default=0) or 1
        for name, expected in self.gradients.items():
            apart = float(np.abs(np.asarray(grads[name]) - expected).max(initial=0)) / scale
            if not apart <= max(tolerance, 1e-4):
                raise AssertionError(f"jax.value_and_grad gives another gradient for '{name}' than backward() did, {apart:.2g} apart: "
                                     "the step changes gradients in hooks, adds to old ones, or has a derivative that its forward pass "
                                     "does not show")
        for name, value in self.paths.buffers.items():
            expected = arrays_of([value])[0]
            compare(f"buffer '{name}'", np.asarray(buffers[name]).astype(expected.dtype), expected, tolerance)

    def __repr__(self):
        return (f"<step({', '.join(self.names)}): loss {float(self.loss):.6g}, {len(self.paths.leaves)} parameters, "
                f"{len(self.jaxpr.eqns)} operations of JAX; .to_source()>")

    def _repr_html_(self):
        return self.to_source()._repr_html_()


def _parameters_of(function):
    return function.__code__.co_varnames[:function.__code__.co_argcount]


def trace_step(step, *args, model=None, optimizer=None, **kwargs):
    """The training step that `step(*args, **kwargs)` makes, as a `TrainingStep`: forward, `backward()`, and `optimizer.step()` or writes
    by hand.

    model, optimizer: found among the names that the function uses, where they are not given. The step runs once; parameters, gradients,
    state and random numbers are afterwards as they were. It should start from gradients that are None (`zero_grad()`).
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
