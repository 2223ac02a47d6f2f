"""Lines that repeat become loops that do the same."""

import pytest

from facade.workbench.emitting.folding import each_listed, each_named, folded

LAYERS = '''    x = first(tokens)
    h = norm(x, params["b.0.w"])
    x_2 = x + act(h[..., :8], m_1)
    y = act(h, 1)
    h_2 = norm(x_2, params["b.1.w"])
    x_3 = x_2 + act(h_2[..., :8], m_2)
    y_2 = act(h_2, 1)
    h_3 = norm(x_3, params["b.2.w"])
    x_4 = x_3 + act(h_3[..., :8], m_3)
    y_3 = act(h_3, 1)
    loss = total([y, y_2, y_3]) @ x_4
    return loss'''.split("\n")

FOLDED = '''    x = first(tokens)
    y_each = []
    x_2 = x
    for i, m in enumerate((m_1, m_2, m_3)):
        h = norm(x_2, params[f"b.{i}.w"])
        x_2 = x_2 + act(h[..., :8], m)
        y = act(h, 1)
        y_each.append(y)
    loss = total(y_each) @ x_2
    return loss'''.split("\n")


def test_layers_become_a_loop():
    assert folded(LAYERS, ["tokens", "m_1", "m_2", "m_3", "params"]) == FOLDED


def test_numbers_that_count_up_are_the_counter():
    lines = [f"    x_{place + 1} = step(x_{place}, rows[{place + 3}], rows[{2 * place}])" for place in range(6)]
    assert folded([*lines, "    return x_6"], ["x_0", "rows"]) == [
        "    x_1 = x_0", "    for i in range(3, 9):", "        x_1 = step(x_1, rows[i], rows[2 * i - 6])", "    return x_1"]


def test_each_item_has_a_name_of_its_own():
    lines = [f"    y_{place + 1} = step(y_{place}, x_{place}, x_{place + 1})" for place in range(5)]
    assert folded([*lines, "    return y_5"], ["y_0", *(f"x_{place}" for place in range(6))]) == [
        "    y_1 = y_0", "    for x, this_x in zip((x_0, x_1, x_2, x_3, x_4), (x_1, x_2, x_3, x_4, x_5)):", "        y_1 = step(y_1, x, this_x)",
        "    return y_1"]


@pytest.mark.parametrize("lines", [
    ["    a = f(x, 1)", "    b = f(a, 2)", "    c = f(b, 4)", "    d = f(c, 8)", "    e = f(d, 16)", "    return e"],        # no counting up
    ["    a = f(x)", "    b = f(a)", "    return b"],                                                                         # too short
    ["    a = x.f(x)", "    b = a.g(a)", "    c = b.h(b)", "    d = c.j(c)", "    e = d.k(d)", "    return e"],              # other methods
])
def test_what_differs_stays(lines):
    assert folded(lines, ["x"]) == lines


def test_a_value_of_two_rounds_before_is_no_loop():
    lines = [f"    x_{place} = f(x_{place - 1}, x_{place - 2})" for place in range(2, 9)]
    names = {"x_0": 1, "x_1": 2, "f": lambda one, other: 3 * one + other}
    before, after = ({**names} for _ in range(2))
    exec("\n".join(line.strip() for line in lines), before)
    exec("\n".join(line[4:] for line in folded([*lines, "    result = x_8"], ["x_0", "x_1"])), after)
    assert after["result"] == before["x_8"]


def test_dicts_and_lists_over_parameters_are_comprehensions():
    lines = ['    a = grads["w.0"] * scale', '    b = grads["bias"] * scale']
    assert each_named(lines, ["w.0", "bias"], ["a", "b"], "grads") == ["    return {name: grads[name] * scale for name in grads}"]
    assert each_named(lines[:1], ["w.0", "bias"], ["a", "scale"], "grads") == [*lines[:1], '    return {"w.0": a, "bias": scale}']
    listed = '    s = stack([norm(grads["a"]), norm(grads["b"]), norm(grads["c"])], axis=0)'
    assert each_listed([listed], "grads", ["a", "b", "c"]) == ["    s = stack([norm(grads[name]) for name in grads], axis=0)"]
    assert each_listed([listed], "grads", ["a", "b", "c", "d"]) == [listed]
