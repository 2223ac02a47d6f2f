"""Lines that repeat become a loop: layers, time steps, the norm of each gradient.

A run of statements is a loop where it is followed by others of the same text, but for three things: names that the statements themselves
give, integers that count up (also inside a key, "blocks.0.weight"), and names that were there before, one for each round. A name of the
round before is carried; before the first round it is what the first one had in its place.
"""

import re
from collections import Counter

TOKEN = re.compile(r'"[^"]*"|\.[A-Za-z_]\w*|[A-Za-z_]\w*=(?!=)|[A-Za-z_]\w*|\d+\.?\d*(?:e[-+]?\d+)?|\s+|.')
LEAST_GAIN, MOST_ITEMS, LONGEST = 2, 6, 200       # lines that a loop has to save; what a round may be handed; lines of a round


class Statement:
    """One line: its tokens, the names that it gives (None for a line that can be in no loop)."""

    def __init__(self, line, variables):
        self.line, self.tokens = line, TOKEN.findall(line)
        given = re.match(r" {4}([A-Za-z_][\w, ]*?),? = ", line)
        self.targets = tuple(each.strip() for each in given.group(1).split(",")) if given else None
        self.shape = tuple(_shape(token, variables) for token in self.tokens) if given else None

    def is_like(self, other):
        """Whether another line may be this one's in the next round."""
        return self.shape is not None and self.shape == other.shape


def _shape(token, variables):
    """A token but for what may differ from round to round: names, whole numbers, numbers in a key."""
    if token in variables:
        return "?"
    return re.sub(r"\d+", "#", token) if token[0] in '"0123456789' and not re.fullmatch(r"\d+\..*", token) else token


def targets_of(lines):
    """The names that these lines give."""
    return {name for line in lines for name in Statement(line, ()).targets or ()} - {"_"}


def folded(lines, arguments=()):
    """The body of a function with its repetitions as loops. arguments: names that the function has from outside."""
    lines = merged(lines)
    while True:
        found = _best(lines, targets_of(lines) | set(arguments))
        if found is None:
            return lines
        lines = found


def merged(lines):
    """Lines without those that give a name to what has one already."""
    first, same, kept = {}, {}, []
    for line in lines:
        line = "".join(same.get(token, token) for token in TOKEN.findall(line))
        targets = Statement(line, ()).targets
        if targets is not None and len(targets) == 1:
            name, text = line.strip().split(" = ", 1)
            if first.setdefault(text, name) != name:
                same[name] = first[text]
                continue
        kept.append(line)
    return kept


def _best(lines, variables):
    """The lines with the loop that saves most, None where none saves enough."""
    statements = [Statement(line, variables) for line in lines]
    candidates = []
    for length in range(1, min(LONGEST, len(lines) // 2) + 1):
        start = 0
        while start + length < len(lines):
            end = start
            while end + length < len(lines) and statements[end].is_like(statements[end + length]):
                end += 1
            rounds = (end - start) // length + 1
            candidates += [((count - 1) * length - 1, begin, length, count) for begin in range(start, min(start + length, end))
                           for count in [(end - begin) // length + 1] if count > 1] if rounds > 1 else []
            start = end + 1
    for gain, start, length, count in sorted(candidates, key=lambda each: (-each[0], each[1])):
        if gain < LEAST_GAIN:
            return None
        made = Loop(statements, start, length, count, variables).lines()
        if made is not None and len(made) <= len(lines) - LEAST_GAIN:
            return made
    return None


def each_named(lines, names, outputs, whole):
    """The body of a function that gives back a dict: as a comprehension over `whole` where each value has the same text but for its name.
    """
    made = dict(line.strip().split(" = ", 1) for line in lines if " = " in line)
    uses = Counter(token for line in lines for token in TOKEN.findall(line))
    texts = {name: made[output] if output in made and uses[output] == 1 else output for name, output in zip(names, outputs)}
    general = {re.sub(rf'(?<=\[)"{re.escape(name)}"(?=\])', "name", text) for name, text in texts.items()}
    if len(texts) > 1 and len(general) == 1:
        lines = [line for line in lines if line.strip().split(" = ", 1)[0] not in outputs]
        return [*lines, f"    return {{name: {general.pop()} for name in {whole if len(names) > 1 else tuple(names)}}}"]
    return [*lines, "    return {" + ", ".join(f'"{name}": {output}' for name, output in zip(names, outputs)) + "}"]


def each_listed(lines, whole, keys):
    """Lines with the lists that hold the same of each entry of a dict, `whole`, as comprehensions."""
    entry = re.compile(rf'(\[|, )((?:[^\[\],"]|\[(?!"))*){whole}\["([^"]*)"\]([^,\["]*?)(?=, |\])')
    made = []
    for line in lines:
        found = [(match.group(2).lstrip("["), match.group(4), match.group(3)) for match in entry.finditer(line)]
        kinds = {each[:2] for each in found}
        if len(kinds) == 1 and len(found) > 2 and sorted(each[2] for each in found) == sorted(keys):
            before, behind = kinds.pop()
            listed = "[" + ", ".join(f'{before}{whole}["{key}"]{behind}' for _, _, key in found) + "]"
            line = line.replace(listed, f"[{before}{whole}[name]{behind} for name in {whole}]")
        made.append(line)
    return made


class Loop:
    """Rounds of `length` statements from `start`, `count` times."""

    def __init__(self, statements, start, length, count, variables):
        self.statements, self.start, self.length, self.count, self.variables = statements, start, length, count, variables
        self.rounds = [statements[start + length * place:start + length * (place + 1)] for place in range(count)]
        self.places = [{name: (line, which) for line, each in enumerate(one) for which, name in enumerate(each.targets)}
                       for one in self.rounds]
        self.own = {place: name for name, place in self.places[0].items()}
        self.carried, self.items, self.counter = {}, {}, self._unused("i")
        self.counts = Counter()

    def _unused(self, name):
        return name if name not in self.variables else self._unused(name + name[-1])

    def lines(self):
        """All lines with the loop in place; None where the rounds differ in more than they may."""
        if any(len(places) != len(self.places[0]) for places in self.places):
            return None
        body = []
        for line in range(self.length):
            tokens = [self._token(line, each) for each in zip(*(one[line].tokens for one in self.rounds))]
            if None in tokens:
                return None
            body.append("    " + "".join(tokens))
        return self._assembled(body)

    # ------------------------------------------------------------ one token
    def _token(self, line, tokens):
        """What stands in the loop for a token of each round."""
        if tokens[0] not in self.variables and len(set(tokens)) == 1:
            return tokens[0]
        if all(token.isdigit() for token in tokens):
            return self._count([int(token) for token in tokens])
        if tokens[0].startswith('"'):
            return self._key(tokens)
        return self._name(line, tokens)

    def _count(self, numbers):
        step = numbers[1] - numbers[0]
        if any(number != numbers[0] + step * place for place, number in enumerate(numbers)) or not step:
            return str(numbers[0]) if not step and len(set(numbers)) == 1 else None
        self.counts[step, numbers[0]] += 1
        return f"<{step}:{numbers[0]}>"

    def _counted(self, text, first):
        """A line with what counts up written by the counter, which begins at `first`."""
        def written(match):
            step, start = int(match.group(2)), int(match.group(3)) - int(match.group(2)) * first
            counter = self.counter if step == 1 else f"{step} * {self.counter}"
            whole = f"{counter} {'+' if start > 0 else '-'} {abs(start)}" if start else counter
            return match.group(1) + (f"({whole})" if whole != self.counter and match.group(1) not in ("[", "{") else whole)
        return re.sub(r"(.)<(-?\d+):(\d+)>", written, text)

    def _key(self, tokens):
        """A key with a number in it that counts up, as an f-string."""
        parts = [re.split(r"(\d+)", token) for token in tokens]
        made = []
        for pieces in zip(*parts):
            same = len(set(pieces)) == 1
            count = None if same or not all(piece.isdigit() for piece in pieces) else self._count([int(piece) for piece in pieces])
            if not same and count is None:
                return None
            made.append(pieces[0] if same else f"{{{count}}}")
        return "f" + "".join(made)

    def _name(self, line, names):
        """A name that each round has of its own, from the round before, or from before the loop."""
        places = [place.get(name) for place, name in zip(self.places, names)]
        if places[0] is not None and len(set(places)) == 1:
            return self.own[places[0]]
        before = [place.get(name) for place, name in zip(self.places, names[1:])]
        if before[0] is not None and len(set(before)) == 1 and line <= before[0][0]:
            place = before[0]
            return self.own[place] if self.carried.setdefault(place, names[0]) == names[0] else None
        if len(set(names)) == 1 and names[0] not in self.places[0]:
            return names[0]
        if any(name in places for name in names for places in self.places):
            return None
        if names not in self.items and len(self.items) < MOST_ITEMS:
            stem = re.sub(r"_?\d+$", "", names[0])
            tried = (stem, *(f"this_{stem}{count or ''}" for count in range(len(self.items) + len(self.variables) + 1)))
            self.items[names] = next(each for each in tried if each not in self.variables and each not in self.items.values())
        return self.items.get(names)

    # ------------------------------------------------------------ around it
    def _assembled(self, body):
        after = [each.tokens for each in self.statements[self.start + self.length * self.count:]]
        used = Counter(token for tokens in after for token in tokens)
        renamed = {name: self.own[place] for name, place in self.places[-1].items()}
        lists = [place for places in self.places[:-1] for name, place in places.items() if used[name]]
        if any(self.own[place] in used and self.own[place] not in self.places[0] for place in self.own):
            return None
        head = []
        for place in dict.fromkeys(lists):
            name = self._unused(f"{self.own[place]}_each")
            head.append(f"    {name} = []")
            body.append(f"        {name}.append({self.own[place]})")
            renamed |= {next(each for each, at in places.items() if at == place): f"{name}[{number}]"
                        for number, places in enumerate(self.places)}
        head += [f"    {self.own[place]} = {first}" for place, first in self.carried.items() if first != self.own[place]]
        rest = ["".join(renamed.get(token, token) for token in tokens) for tokens in after]
        for name in [line.split()[0] for line in head if line.endswith("[]")]:
            every = ", ".join(f"{name}[{number}]" for number in range(self.count))
            rest = [line.replace(f"[{every}]", name) for line in rest]
        first = max((start for step, start in self.counts if step == 1), key=lambda start: self.counts[1, start], default=0)
        body = [self._counted(line, first) for line in body]
        return [*(each.line for each in self.statements[:self.start]), *head, self._heading(first), *body, *rest]

    def _heading(self, first):
        over = [f"({', '.join(names)})" for names in self.items]
        if not over:
            return f"    for {self.counter if self.counts else '_'} in range({f'{first}, ' if first else ''}{first + self.count}):"
        names, whole = ", ".join(self.items.values()), over[0] if len(over) == 1 else f"zip({', '.join(over)})"
        if not self.counts:
            return f"    for {names} in {whole}:"
        return f"    for {self.counter}, {names if len(over) == 1 else f'({names})'} in enumerate({whole}{f', {first}' if first else ''}):"
