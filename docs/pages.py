"""The pages that are made and not written: a hook of mkdocs.

The start and the notebooks come from their files, the differences and the coverage from what `facade check` and `facade coverage` know, the
reference from docstrings. So nothing here can be out of date.
"""

import inspect
import itertools
import json
import re
from collections import defaultdict
from pathlib import Path

from mkdocs.structure.files import File

import facade
from facade.core.ops import creation, rows
from facade.core.ops.composites import COMPOSITES, sampling
from facade.core.ops.table import TABLE
from facade.port.coverage import coverage, namespaces
from facade.port.names import DIFFERENCES, find, note_on, torch_names

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = list((ROOT / "notebooks").glob("*.ipynb"))
README = (ROOT / "README.md").read_text("utf-8")
OWN, INTEROP = "facade", "facade.interop"
NAMESPACES = """torch torch.Tensor torch.nn.functional torch.linalg torch.fft torch.special torch.nn torch.nn.init torch.nn.utils torch.optim
    torch.optim.lr_scheduler torch.autograd torch.func torch.distributions torch.utils.data torch.amp""".split()
OWN_NAMES = "draw explain explain_compiles explaining find_nan install summary trace_program trace_step uninstall".split()
REFERENCE = [OWN, INTEROP, *NAMESPACES]


def on_config(config):
    """The order of the pages."""
    lessons = sorted((path.stem for path in NOTEBOOKS), key=lambda stem: int(stem.split("_")[0]))
    config.nav = ["index.md", "how_it_works.md", "differences.md", "coverage.md",
                  {"Notebooks": ["notebooks/index.md", *(f"notebooks/{stem}.md" for stem in lessons)]},
                  {"Reference": ["reference/index.md", *(f"reference/{name}.md" for name in REFERENCE)]}]
    return config


def on_files(files, config):
    """Add the pages."""
    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def pages():
    """path -> text of every page that is made."""
    made = {"index.md": start(), "differences.md": differences_page(), "coverage.md": coverage_page()}
    made |= {f"notebooks/{path.stem}.md": notebook(json.loads(path.read_text("utf-8"))) for path in NOTEBOOKS}
    made["notebooks/index.md"] = (ROOT / "notebooks" / "README.md").read_text("utf-8").replace(".ipynb)", ".md)")
    made |= {f"reference/{name}.md": reference(name) for name in REFERENCE}
    made["reference/index.md"] = "# Reference\n\n" + "".join(f"- [{name}]({name}.md)\n" for name in REFERENCE)
    return made


# ---------------------------------------------------------------- from files
def readme_section(title):
    """The text under a heading of the README."""
    return re.search(rf"^## {title}\n(.*?)(?=^## )", README, re.DOTALL | re.MULTILINE)[1]


def start():
    """The README up to the first heading that has a page of its own."""
    return README.partition("## How it works")[0]


def notebook(document):
    """A notebook as a page: its texts, its code, what it showed."""
    parts = []
    for cell in document["cells"]:
        text = "".join(cell["source"])
        parts.append(re.sub(r"\((\w+)\.ipynb\)", r"(\1.md)", text) if cell["cell_type"] == "markdown" else fenced(text, "python"))
        for is_picture, outputs in itertools.groupby(cell.get("outputs", ()), lambda output: "image/svg+xml" in output.get("data", {})):
            parts += map(picture, outputs) if is_picture else [fenced("".join(map(shown, outputs)).rstrip("\n"), "{ .text .output }")]
    return "\n\n".join(parts) + "\n"


def picture(output):
    """The picture that an output is."""
    return f'<div class="picture">{"".join(output["data"]["image/svg+xml"])}</div>'


def shown(output):
    """The text of an output."""
    return "".join(output.get("text") or [*output.get("data", {}).get("text/plain", ()), "\n"])


def fenced(text, language):
    """A block of code, in fences longer than any inside."""
    return f"````{language}\n{text}\n````"


# ---------------------------------------------------------------- differences and coverage
def differences_page():
    """What the README says of differences, and those of single names."""
    lines = ["# Differences from PyTorch", "", readme_section("What differs from PyTorch"), "## Names that differ", ""]
    for line in DIFFERENCES.read_text("utf-8").splitlines():
        if line == "[missing]":
            lines += ["", "## Names that are missing, and what to use instead"]
        elif line.startswith("# ----"):
            lines += ["", f"### {line.strip('# -').capitalize()}", ""]
        elif line and line[0] not in "#[":
            name, _, sentence = line.partition(":")
            lines.append(f"- `{name.strip()}`: {prose(sentence.strip())}")
    return "\n".join(lines) + "\n"


def coverage_page():
    """How many of PyTorch's names are there, by namespace; which are not."""
    found = [coverage(name) for name in namespaces()]
    lines = ["# Coverage", "", "PyTorch's public names by namespace, how many of them facade has, and how many of these are known to differ.",
             "`facade coverage` prints the same table.", "", "| namespace | PyTorch | facade | % | differ |", "|---|---:|---:|---:|---:|"]
    lines += [f"| `{each.namespace}` | {each.total} | {each.present} | {100 * each.present / each.total:.1f} | {len(each.differing) or ''} |"
              for each in found]
    for each in found:
        if each.missing:
            lines += ["", f'??? note "{each.namespace} lacks {len(each.missing)}"', ""]
            lines += [f"    - `{name}`{': ' + prose(note) if (note := note_on(f'{each.namespace}.{name}')) else ''}" for name in each.missing]
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------- reference
def reference(namespace):
    """A page of a namespace: a section for each family, an entry for each function and class."""
    families = defaultdict(list)
    for name, value in sorted(members(namespace).items(), key=lambda pair: pair[0].lower()):
        families[family(namespace, name, value)].append(entry(f"{namespace}.{name}", value))
    if 2 * len(families) > sum(map(len, families.values())):      # too few in each
        families = {"Functions and classes": list(itertools.chain(*families.values()))}
    sections = [f"## {title}\n\n" + "\n\n".join(entries) for title, entries in sorted(families.items())]
    return "\n\n".join([f"# {namespace}", *sections]) + "\n"


def members(namespace):
    """name -> function or class of a namespace: the public names of PyTorch's that facade has, or its own."""
    if namespace == OWN:
        return {name: getattr(facade, name) for name in OWN_NAMES}
    if namespace == INTEROP:
        return {name: value for name, value in vars(facade.interop).items() if getattr(value, "__module__", "") == INTEROP and name[0] != "_"}
    found = {name: find(f"{namespace}.{name}") for name in torch_names()[namespace]}
    return {name: value for name, value in found.items() if callable(value) and getattr(value, "__doc__", None)}


def family(namespace, name, value):
    """The heading that a name stands under: the file of its row, or its module."""
    if namespace in (OWN, INTEROP):
        return "What facade adds"
    if namespace in ("torch", "torch.Tensor"):
        return ROW_FAMILIES.get(name.removesuffix("_"), "Types, settings and modes")
    return ROW_FAMILIES.get(name.removesuffix("_")) or _title(value.__module__)


def _title(module):
    return module.rpartition(".")[2].strip("_").replace("_", " ").capitalize()


def row_families():
    """The name of an operator -> the title of the file that has its row or function."""
    found = {each.name: _title(inspect.unwrap(each.function).__module__) for each in COMPOSITES}
    found |= {name: "Sampling" for name in sampling.FUNCTIONS} | {name: "Creation" for name in creation.FUNCTIONS}
    written = defaultdict(set)      # name of a row -> the files that have it written out
    for path in Path(rows.__file__).parent.glob("*.py"):
        for name in re.findall(r'\bop\("(\w+)', path.read_text("utf-8")):
            written[name].add(path.stem)
    current = "arithmetic"
    for row in TABLE:               # one that is made in a loop stands behind one that is written out
        current = min(written[row.name]) if len(written[row.name]) == 1 else current
        found.setdefault(row.name, _title(current))
    return found


def entry(name, value):
    """The heading with the signature, and the docstring."""
    short = name.removeprefix("torch.") if name.count(".") > 1 else name
    doc = inspect.getdoc(value).replace(f" ({name}).", ".", 1)
    return f"#### `{short}{signature(value)}` {{ #{name} }}\n\n{documented(doc if doc.endswith(('.', ')')) or chr(10) in doc else doc + '.')}"


def signature(value):
    """(input, *, out=None); (...) where there are several, which the docstring lists."""
    try:
        text = str(inspect.signature(value))
    except (TypeError, ValueError):
        return ""
    return "(...)" if text == "(*args, **kwargs)" else re.sub(r" at 0x\w+", "", text)


def documented(doc):
    """A docstring as Markdown: examples and indented lines as code."""
    parts = []
    for is_code, lines in itertools.groupby(doc.split("\n"), lambda line: line.startswith(("    ", ">>>", "..."))):
        text = "\n".join(lines)
        parts.append(fenced(inspect.cleandoc(text), "python") if is_code else prose(re.sub("::$", ":", text.rstrip())))
    return "\n\n".join(parts)


def prose(text):
    """Text that is not Markdown, but for what stands between backquotes."""
    pieces = text.split("`")
    return "`".join(piece if index % 2 else re.sub(r"([*_<|\[\]\\])", r"\\\1", piece) for index, piece in enumerate(pieces))


ROW_FAMILIES = row_families()
