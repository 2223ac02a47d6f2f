"""Loops and branches of a jaxpr as text: `lax.scan`, `lax.while_loop` and `lax.switch` over functions written inside."""

from facade.workbench.emitting.expressions import tuple_text


# ---------------------------------------------------------------- tuples, of which one of one element is that element
def _whole(texts):
    """What a function is handed or gives back for so many values."""
    return texts[0] if len(texts) == 1 else tuple_text(texts) if texts else "None"


# ---------------------------------------------------------------- each of them
def scan(writer, flat):
    """lax.scan over a function of what is carried and an item."""
    params = flat.params
    counts, carries = params["num_consts"], params["num_carry"]
    captured = writer.atoms(flat.sources[:counts])
    starts, items = writer.texts(flat.sources[counts:counts + carries]), writer.texts(flat.sources[counts + carries:])
    handed = [("carry", "carried", carries), ("items", "item", len(items))]
    body = writer.function(f"{flat.scope or 'loop'}_step", params["jaxpr"], captured, handed,
                           lambda outputs: f"{_whole(outputs[:carries])}, {_whole(outputs[carries:])}")
    names = writer.targets(flat, "scanned")
    over = f"length={params['length']}" if not items else _whole(items)
    reverse = ", reverse=True" if params["reverse"] else ""
    writer.say(f"{_target(names[:carries])}, {_target(names[carries:])} = lax.scan({body}, {_whole(starts)}, {over}{reverse})")


def _target(names):
    return _whole(names) if any(name != "_" for name in names) else "_"


def while_loop(writer, flat):
    """lax.while_loop over what is carried."""
    params = flat.params
    tests, bodies = params["cond_nconsts"], params["body_nconsts"]
    captured, starts = writer.atoms(flat.sources[:tests + bodies]), writer.texts(flat.sources[tests + bodies:])
    carry = [("carry", "carried", len(starts))]
    goes_on = writer.function("goes_on", params["cond_jaxpr"], captured[:tests], carry, lambda outputs: outputs[0])
    body = writer.function("loop_step", params["body_jaxpr"], captured[tests:], carry, _whole)
    writer.say(f"{_whole(writer.targets(flat, 'looped'))} = lax.while_loop({goes_on}, {body}, {_whole(starts)})")


def cond(writer, flat):
    """lax.switch over functions of no argument."""
    which, *rest = flat.sources
    captured = writer.atoms(rest)
    branches = [writer.function(f"case_{place}", branch, captured, [], _whole) for place, branch in enumerate(flat.params["branches"])]
    writer.say(f"{_whole(writer.targets(flat, 'chosen'))} = lax.switch({writer.operand(which).text}, [{', '.join(branches)}])")


CONTROL = {"scan": scan, "while": while_loop, "cond": cond}
