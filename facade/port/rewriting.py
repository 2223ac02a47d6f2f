"""`facade port`: a script or notebook that imports facade where it imported torch, with a note at each line that differs.

The text is edited at the places that the syntax tree names, the modules in import statements and nothing else, so that whatever is not
an import stays as it was written.  `import torch.nn` binds the name torch, which the new line does too; before a package is imported that
imports PyTorch itself, the name torch is lent to facade.
"""

import ast
import json
import re
import sys
import tokenize
from io import StringIO
from pathlib import Path

from facade.port.alias import ALIAS, TARGET
from facade.port.checking import findings_in
from facade.port.names import Verdict, imports_torch
from facade.port.sources import NOTEBOOK_SUFFIX, code_cells, parse, read, without_magics

INSTALL = f"import {TARGET}; {TARGET}.install(); "       # on the line of what follows, so that lines keep their numbers
MARK = "  # facade: "
IMPORTERS = ("importlib.import_module", "import_module", "__import__", "pytest.importorskip", "importlib.util.find_spec")


def port(path, output):
    """Write the program at `path`, made to import facade, to `output`; the findings that its notes tell are returned.

    Raises OSError where a file cannot be read or written, and SyntaxError where the program is no Python; a notebook's cell that is none
    stays as it is.
    """
    pieces = read(path)
    if path.endswith(NOTEBOOK_SUFFIX):
        broken = next((piece for piece in pieces if piece.cell is None), None)
    else:
        broken = next((piece for piece in pieces if piece.tree is None), None)
    if broken is not None:
        raise SyntaxError(f"{path}: {broken.problem}")
    findings = findings_in(pieces)
    texts = {piece.cell: rewritten(piece, [each for each in findings if each.cell == piece.cell]) for piece in pieces}
    if path.endswith(NOTEBOOK_SUFFIX):
        _write_notebook(path, output, texts)
    else:
        with open(path, "rb") as file:
            encoding, _ = tokenize.detect_encoding(file.readline)
            newline = "\r\n" if b"\r\n" in file.read() else "\n"
        Path(output).write_text(texts[None], encoding=encoding, newline=newline)
    return findings


def rewritten(piece, findings):
    """The text of a piece with its imports changed and its notes added."""
    if piece.tree is None:
        return piece.text
    return with_notes(replaced(piece.text, import_edits(piece)), notes(findings))


def _write_notebook(path, output, texts):
    notebook = json.loads(Path(path).read_bytes().decode("utf-8-sig"))
    for number, cell, key in code_cells(notebook):
        if number in texts:
            cell[key] = texts[number].splitlines(keepends=True)
    Path(output).write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


# ---------------------------------------------------------------- imports
def _is_alias(name):
    return name is not None and (name == ALIAS or name.startswith(ALIAS + "."))


def _renamed(name):
    return TARGET + name.removeprefix(ALIAS)


def import_edits(piece):
    """(start, end, new text) of each edit, as places in the text."""
    place = _places(piece.text)
    for node in ast.walk(piece.tree):
        if isinstance(node, ast.Import):
            for alias in filter(lambda alias: _is_alias(alias.name), node.names):
                yield place(alias.lineno, alias.col_offset), place(alias.end_lineno, alias.end_col_offset), _imported(alias)
        elif isinstance(node, ast.ImportFrom) and not node.level and _is_alias(node.module):
            start = place(node.lineno, node.col_offset)
            found = re.compile(r"from[\s\\]+(torch)\b").match(piece.text, start)
            yield found.start(1), found.end(1), TARGET
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in IMPORTERS and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str) and _is_alias(name.value):
                yield place(name.lineno, name.col_offset), place(name.end_lineno, name.end_col_offset), repr(_renamed(name.value))
    first = min(_importing_torch(piece.tree), key=lambda node: node.lineno, default=None)
    if first is not None:
        start = place(first.lineno, first.col_offset)
        yield start, start, INSTALL


def _importing_torch(tree):
    """The imports of packages that import PyTorch."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        if any(map(imports_torch, names)):
            yield node


def _imported(alias):
    """`torch.nn as nn` becomes `facade.nn as nn`; what binds the name torch binds it still."""
    if alias.asname:
        return f"{_renamed(alias.name)} as {alias.asname}"
    whole = f"{TARGET} as {ALIAS}"
    return whole if alias.name == ALIAS else f"{_renamed(alias.name)}, {whole}"


def _places(text):
    """A function from a line and a column in bytes, as the tree has them, to a place in the text."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    return lambda line, column: starts[line - 1] + len(lines[line - 1].encode()[:column].decode())


def replaced(text, edits):
    """The text with its edits made, the last first."""
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


# ---------------------------------------------------------------- notes
def notes(findings):
    """line -> what is said there of the names that are not exact: each thing once in a piece."""
    said, found = set(), {}
    for each in findings:
        key = each.note or each.name
        if each.verdict is not Verdict.EXACT and key not in said:
            said.add(key)
            found.setdefault(each.line, []).append(each.sentence)
    return {line: "; ".join(texts) for line, texts in found.items()}


def with_notes(text, said):
    """The text with a comment at the end of each of these lines, or of the next line that can bear one."""
    lines, free = text.split("\n"), _line_ends(text)
    for line, note in sorted(said.items(), reverse=True):
        where = next((each for each in free if each >= line), None)
        if where is not None:
            lines[where - 1] += MARK + note
    return "\n".join(lines)


def _line_ends(text):
    """The lines that can bear a comment: those that do not end inside a string or with a backslash, nor are a magic's."""
    try:
        plain = text if parse(text)[0] is not None else without_magics(text)
        tokens = list(tokenize.generate_tokens(StringIO(plain).readline))
    except (tokenize.TokenError, IndentationError):
        tokens = []
    ends = sorted({token.start[0] for token in tokens if token.type in (tokenize.NEWLINE, tokenize.NL)})
    lines = text.split("\n")
    return [line for line in ends if not lines[line - 1].lstrip().startswith(("%", "!"))]


def main(options):
    """Write the ported file and say what it notes; the exit code is 0, or 2 where a file cannot be used."""
    try:
        findings = port(options.file, options.output)
    except (OSError, SyntaxError) as error:
        print(f"facade: {error}", file=sys.stderr)
        return 2
    said = list(dict.fromkeys(str(each) for each in findings if each.verdict is not Verdict.EXACT))
    print("\n".join([*said, f"{options.output}: imports {TARGET}, {len(said)} note{'s' * (len(said) != 1)}"]))
    return 0
