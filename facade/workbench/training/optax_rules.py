"""Optimizers that optax has under the same formula: a person would write `optax.adam(1e-3)`, not what Adam computes.

Each row makes the text of optax's transformation from an optimizer's options. Whether that is the same formula is not believed: both take
some steps, and where they come apart, or optax is not installed, the formula is written out.
"""

import importlib.util

import jax
import numpy as np

STEPS, TOLERANCE = 4, 1e-6      # how far the two are compared, and how close they have to stay


def _call(name, *arguments, **options):
    given = [*arguments, *(f"{key}={value}" for key, value in options.items() if value is not None)]
    return f"optax.{name}({', '.join(given)})"


def _decayed(made, options):
    decay = options.get("weight_decay")
    return made if decay is None else f"optax.chain(optax.add_decayed_weights({decay}), {made})"


def _sgd(rate, options, flags):
    return _decayed(_call("sgd", rate, momentum=options.get("momentum"), nesterov=flags.get("nesterov") or None), options)


def _unless(usual, number):
    return None if float(number) == usual else number


def _adam_options(options):
    return {"b1": _unless(0.9, options["beta1"]), "b2": _unless(0.999, options["beta2"]), "eps": _unless(1e-8, options["eps"])}


def _adam(rate, options, flags):
    if flags.get("decoupled") and "weight_decay" in options:
        return _call("adamw", rate, **_adam_options(options), weight_decay=options["weight_decay"])
    return _decayed(_call("adam", rate, **_adam_options(options)), options)


def _adamax(rate, options, flags):
    return _decayed(_call("adamax", rate, **_adam_options(options)), options)


def _rmsprop(rate, options, flags):
    return _decayed(_call("rmsprop", rate, decay=options["alpha"], eps=options["eps"], eps_in_sqrt=False, momentum=options.get("momentum"),
                          centered=flags.get("centered") or None), options)


def _adadelta(rate, options, flags):
    return _decayed(_call("adadelta", rate, rho=options["rho"], eps=options["eps"]), options)


ROWS = {"sgd": _sgd, "adam": _adam, "adamw": _adam, "adamax": _adamax, "rmsprop": _rmsprop, "adadelta": _adadelta}


def transformation(rule):
    """The text of optax's transformation for a `Rule` at its beginning, or None. A learning rate that varies scales the updates of a rate
    of 1.
    """
    if rule.optimizer not in ROWS or importlib.util.find_spec("optax") is None or not rule.is_fresh or set(rule.varying) - {"lr"}:
        return None
    options, flags = rule.option_texts(), rule.flags_by_name()
    try:
        made = ROWS[rule.optimizer]("1.0" if rule.varying else options["lr"], options, flags)
    except KeyError:            # an optimizer of the user's own under a known name
        return None
    return made if _is_same(ROWS[rule.optimizer](options["lr"], options, flags), rule) else None


def _is_same(text, rule):
    """Whether some steps along gradients of all kinds lead to the same parameter."""
    names = {}
    exec("import jax, optax\nimport jax.numpy as jnp\nfrom jax import lax\n" + "\n".join(rule.lines()[0]), names)
    draws = np.random.default_rng(0)
    param = one = other = draws.normal(size=rule.parts[0][1][0].spec.shape).astype(np.float32)
    with jax.enable_x64(True):
        state, optimizer = rule.first_state(param), eval(text, names)
        optax_state = optimizer.init(param)
        for place in range(STEPS):
            grad = draws.normal(size=param.shape).astype(np.float32) * np.float32(4.0 ** -place)
            made = names[rule.name](one, grad, *[state] * rule.keeps)
            one, state = made if rule.keeps else (made, None)
            updates, optax_state = optimizer.update(grad, optax_state, other)
            other = names["optax"].apply_updates(other, updates)
            if not np.abs(np.asarray(one) - np.asarray(other)).max(initial=0) <= TOLERANCE * max(1, np.abs(param).max(initial=0)):
                return False
    return True
