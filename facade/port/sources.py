"""Scripts and notebooks as text and syntax trees, read without running them.

A file is a list of pieces: a script is one, a notebook has one per code cell.  What is no Python in a notebook (`%time`, `!ls`,
`name?`) is blanked out in the tree and stays in the text; what cannot be read at all is a piece with a reason.
"""

import ast
import io
import json
import re
import tokenize
import warnings
from pathlib import Path
from typing import NamedTuple

NOTEBOOK_SUFFIX = ".ipynb"
SUFFIXES = (".py", NOTEBOOK_SUFFIX)

# Cell magics whose cell is Python; any other (%%bash, %%html) makes it something else.
PYTHON_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun", "%%python", "%%python3", "%%ipytest")
_TIMED_LINE = re.compile(r"^(\s*)%time(it)? (?!\s*-)", re.M)
_MAGIC_LINE = re.compile(r"^([ \t]*)(?:(?:[%!?]|cd |ls\b|pip |conda )(?:.*\\\n)*.*|.*\?[ \t]*)$", re.M)
_MAGIC_VALUE = re.compile(r"^(\s*[\w., ]+=)\s*[!%].*$", re.M)


class Piece(NamedTuple):
    """A script, or a code cell. cell: counted from 1 over all cells, None for a script; problem: why there is no tree."""

    path: str
    cell: int | None
    text: str
    tree: ast.Module | None
    problem: str = ""


def files(paths):
    """The scripts and notebooks at these paths; folders are searched, hidden ones left out."""
    for path in map(Path, paths):
        if not path.is_dir():
            yield str(path)
            continue
        for each in sorted(path.rglob("*")):
            parts = each.relative_to(path).parts
            if each.suffix in SUFFIXES and each.is_file() and not any(part.startswith(".") for part in parts):
                yield str(each)


def read(path):
    """The pieces of a file."""
    try:
        data = Path(path).read_bytes()
        texts = [*cells(data)] if path.endswith(NOTEBOOK_SUFFIX) else [(None, decode(data))]
    except OSError as error:
        return [Piece(path, None, "", None, error.strerror or str(error))]
    except (ValueError, SyntaxError, LookupError, TypeError, AttributeError) as error:
        return [Piece(path, None, "", None, f"not readable: {error}")]
    return [Piece(path, cell, text, *parse(text, cell is not None)) for cell, text in texts]


def decode(data):
    """The text of a script, in the encoding that it names; line ends become \\n, as Python's parser counts them."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return io.TextIOWrapper(io.BytesIO(data), encoding).read()


def code_cells(notebook):
    """(number of the cell, cell, the key of its source) of each Python cell, in any version of the format."""
    sheets = [] if language(notebook) != "python" else notebook.get("worksheets") or [notebook]
    for number, cell in enumerate((cell for sheet in sheets for cell in sheet.get("cells", ())), 1):
        if cell.get("cell_type") == "code":
            yield number, cell, "source" if "source" in cell else "input"


def language(notebook):
    """The language of a notebook's cells."""
    metadata = notebook.get("metadata", {})
    return (metadata.get("kernelspec", {}).get("language") or metadata.get("language_info", {}).get("name") or "python").lower()


def cells(data):
    """(number, text) of each code cell of a notebook's bytes."""
    for number, cell, key in code_cells(json.loads(data.decode("utf-8-sig"))):
        text = "".join(cell.get(key, ""))
        if is_python(text):
            yield number, text


def is_python(text):
    """Whether a cell is Python, as its magic says."""
    first = text.lstrip().split(None, 1)[0] if text.strip() else ""
    return not first.startswith("%%") or first in PYTHON_MAGICS


def parse(text, is_cell=False):
    """(tree, "") or (None, the problem). A cell gets a second try without its magics, each line in its place."""
    try:
        return _tree(text), ""
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if is_cell and (plain := without_magics(text)) != text:
            return parse(plain)
        line = f"line {error.lineno}: " if isinstance(error, SyntaxError) and error.lineno else ""
        return None, f"{line}{getattr(error, 'msg', None) or error or type(error).__name__}"


def _tree(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")     # of the program's own escapes and comparisons
        return ast.parse(text)


def without_magics(text):
    """The text with `pass` for each line that only IPython understands, and None for a value that only it can give."""
    text = _TIMED_LINE.sub(lambda found: f"{found[1]}pass{'  ' * bool(found[2])}; ", text)    # as wide, so that columns stay
    text = _MAGIC_LINE.sub(lambda found: f"{found[1]}pass" + "\n" * found[0].count("\n"), text)
    return _MAGIC_VALUE.sub(r"\1 None", text)
