"""The page that `facade verify --html` writes: each cell's source, and both outputs side by side where they are not the same."""

from html import escape

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; color: #222; }
h2 { font-size: 1rem; margin: 2rem 0 .3rem; } pre { background: #f6f6f4; padding: .6rem; margin: 0; overflow-x: auto; font-size: 13px; }
.both { display: grid; grid-template-columns: 1fr 1fr; gap: .6rem; margin-top: .6rem; } .both span { font-size: .85rem; color: #666; }
.mark { border-radius: .3rem; padding: .1rem .5rem; font-weight: normal; background: #dfeede; }
.close { background: #eef0d4; } .differs, .error { background: #f6d8d2; } .unknown { background: #e8e8e8; }
"""


def page(verification):
    """The HTML of a Verification, whole in itself."""
    title = escape(f"{verification.path} under facade")
    cells = "\n".join(map(_cell, verification.cells))
    summary = escape(verification.summary()).replace("\n", "<br>")
    return (f"<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>{STYLE}</style>\n"
            f"<h1>{title}</h1>\n<p>{summary}</p>\n{cells}\n</html>\n")


def _cell(cell):
    likeness = cell.comparison.likeness
    mark = f'<span class="mark {likeness.name.lower()}">{likeness.value}</span>'
    head = f"<h2>Cell {cell.number} {mark}</h2>\n<pre>{escape(cell.source)}</pre>"
    if cell.expected == cell.found:
        return head + (f"\n<pre>{escape(cell.found)}</pre>" if cell.found else "")
    return head + (f"\n<div class=\"both\"><div><span>expected</span><pre>{escape(cell.expected)}</pre></div>"
                   f"<div><span>facade</span><pre>{escape(cell.traceback or cell.found)}</pre></div></div>")
