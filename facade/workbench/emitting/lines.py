"""Lines of an emitted program: broken where they are too long, a name left out where it is given only to be returned."""

import re

WIDTH = 118
_VALUE, _OPERATORS = re.compile(r" *(return |\w+ = )"), (" + ", " - ", " * ", " / ", " @ ")
_OPENING, _CLOSING = "([{", ")]}"


def wrapped(line, depth=0):
    """A line, broken behind commas inside parentheses where it is too long. depth: how many are open when it begins."""
    if len(line) <= WIDTH:
        return [line]
    line = line if depth else _in_parentheses(line)
    indent = len(line) - len(line.lstrip()) + 4 * (not depth)
    best = _break(line, depth)
    if best < indent:
        return [line]
    return [line[:best], *wrapped(" " * indent + line[best + 1:], depth + _opened(line[:best]))]


def _in_parentheses(line):
    """A statement with its value in parentheses, where that is a chain of operations that may then be broken before one."""
    found = _VALUE.match(line)
    if found is None or not _operations(line[:WIDTH], 0, found.end()):
        return line
    return f"{found.group()}({line[found.end():]})"


def _operations(text, depth, start=0):
    """The places of the spaces before operators that stand outside of `depth` parentheses."""
    places, now = [], 0
    for place, letter in enumerate(text):
        now += (letter in _OPENING) - (letter in _CLOSING)
        if now == depth and place > max(start, WIDTH // 3) and text[place:place + 3] in _OPERATORS:
            places.append(place)
    return places


def _break(line, depth):
    """The place of the space where a line is broken: in the fewest parentheses, then as far right as can be; 0 where there is none."""
    operations = _operations(line[:WIDTH], 1) if not depth and _VALUE.match(line) and line[_VALUE.match(line).end()] == "(" else []
    if operations:
        return operations[-1]
    breaks, now = [], depth
    for place, letter in enumerate(line[:WIDTH]):
        now += (letter in _OPENING) - (letter in _CLOSING)
        if letter == " " and line[place - 1] == "," and now and place > WIDTH // 2:
            breaks.append((now, -place))
    return -min(breaks, default=(0, 0))[1]


def _opened(text):
    return sum((letter in _OPENING) - (letter in _CLOSING) for letter in text)


def returned(lines, result, indent=1):
    """Lines and a `return`: what the last of them names only for that, is returned itself."""
    margin = "    " * indent
    last = f"{margin}{result} = "
    if lines and result.isidentifier() and lines[-1].startswith(last):
        return [*lines[:-1], f"{margin}return {lines[-1].removeprefix(last)}"]
    return [*lines, f"{margin}return {result}"]
