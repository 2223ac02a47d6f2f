"""A notebook run from its first cell to its last, in a kernel where `torch` means facade.

Cells run in order and keep their outputs.  What a cell shows appears on the terminal, or, where an output
file is asked for, in that file.  An error is one of a cell's outputs; it also decides the exit code.
"""

import copy
import sys
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from facade.port.run import UNREADABLE

# A kernel's module and the name of what `torch` means in it; IPython's own kernel has PyTorch.
FACADE, PYTORCH = ("facade.port.kernel", "facade"), ("ipykernel_launcher", "PyTorch")

# The notebook's own seeds come later, and count.
SEEDS = "[__import__('random').seed(0), __import__('numpy').random.seed(0), __import__('torch').manual_seed(0)];"


def seeded(module, name, *lines):
    """As `manager`, with the seeds set and sets in one order, for runs that are to be compared."""
    return manager(module, name, SEEDS, *lines, PYTHONHASHSEED="0")


def manager(module, name, *lines, **environment):
    """The class of a manager that starts this kernel, whatever kernel the notebook names and whichever are installed on the machine.

    lines: Python to be run before the first cell; environment: variables of the kernel's process.
    """
    lines = ["__import__('sys').path.insert(0, '')", *lines]        # the notebook's folder, as a script's folder stands first
    # -P keeps a file beside the notebook, a random.py say, from hiding a module that the kernel itself needs.
    # Below ERROR the kernel would speak, of its unencrypted local sockets, in the middle of the notebook's outputs.
    command = [sys.executable, "-P", "-m", module, "-f", "{connection_file}", "--log-level=ERROR"]
    command += [f"--IPKernelApp.exec_lines={line}" for line in lines]
    spec = KernelSpec(argv=command, display_name=f"Python 3 ({name})", language="python", env=environment)
    return type(f"{name}KernelManager", (AsyncKernelManager,), {"kernel_spec": spec})


def run_notebook(path, output=None, keep_going=False):
    """Run the notebook at `path`; return 0, 1 where a cell failed, 2 where a file cannot be used.

    `output` is the file that gets the notebook with its outputs (without it they are printed); `keep_going`
    runs the cells after a failed one too.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        print(f"facade: can't read notebook {path!r}: {error}", file=sys.stderr)
        return UNREADABLE
    if output is not None and not Path(output).absolute().parent.is_dir():
        print(f"facade: can't write {output!r}: there is no such folder", file=sys.stderr)
        return UNREADABLE
    clear_outputs(notebook)
    reporter = Reporter(notebook, prints_outputs=output is None)
    try:
        execute(notebook, Path(path).resolve().parent, reporter, keep_going)
    finally:
        if output is not None and reporter.has_begun:       # else the outputs that `output` may hold would be lost
            nbformat.write(notebook, output)
    return 1 if reporter.has_failed else 0


def clear_outputs(notebook):
    """So that no output of an earlier run stands below a cell that this run does not reach."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def rerun(notebook, path, kernels=None):
    """A copy of the notebook at `path` with the outputs of a new run, beyond errors too."""
    notebook = copy.deepcopy(notebook)
    clear_outputs(notebook)
    reporter = Reporter(notebook, prints_outputs=False, prints_errors=False)
    execute(notebook, Path(path).resolve().parent, reporter, keep_going=True, kernels=kernels)
    return notebook


def execute(notebook, folder, reporter, keep_going, kernels=None):
    """Fill in the outputs of all cells, up to the first that fails if not `keep_going`, in facade's kernel or the one that a `manager`
    starts.
    """
    client = NotebookClient(
        notebook,
        timeout=None,
        record_timing=False,
        allow_errors=keep_going,
        kernel_name="python3",
        kernel_manager_class=kernels or manager(*FACADE),
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=reporter.cell_starts,
        on_cell_executed=reporter.cell_ends,
    )
    try:
        # Not client.execute(), whose own signal handlers turn an interrupt into a failed assertion.
        with client.setup_kernel():
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
    except CellExecutionError:
        pass  # the cell holds it, and the reporter has shown it
    except DeadKernelError:
        reporter.kernel_died()
    finally:
        reporter.clear_progress()


class Reporter:
    """Tells the terminal what happens: a progress line where a person looks on, outputs, and errors."""

    def __init__(self, notebook, prints_outputs, prints_errors=True):
        self.total = len(notebook.cells)
        self.prints_outputs, self.prints_errors = prints_outputs, prints_errors
        self.shows_progress = sys.stderr.isatty()
        self.has_begun = self.has_failed = False

    def cell_starts(self, cell, cell_index):
        self.has_begun = True
        if self.shows_progress:
            print(f"\r\x1b[Kcell {cell_index + 1} of {self.total}", end="", file=sys.stderr, flush=True)

    def cell_ends(self, cell, cell_index, execute_reply):
        self.clear_progress()
        is_expected = "raises-exception" in cell.metadata.get("tags", ())
        fails = execute_reply["content"]["status"] == "error" and not is_expected
        for output in cell.outputs:
            if self.prints_outputs or (fails and self.prints_errors and output.output_type == "error"):
                _show(output)
        if fails:
            self.has_failed = True
            if self.prints_errors:
                print(f"facade: cell {cell_index + 1} of {self.total} failed", file=sys.stderr)

    def kernel_died(self):
        self.clear_progress()
        self.has_failed = True
        print("facade: the kernel died before the notebook's end", file=sys.stderr)

    def clear_progress(self):
        if self.shows_progress:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _show(output):
    is_error = output.output_type == "error" or output.get("name") == "stderr"
    print(_text_of(output), end="", file=sys.stderr if is_error else sys.stdout, flush=True)


def _text_of(output):
    """What a terminal can show of an output: nothing of a picture that has no text."""
    if output.output_type == "error":
        return "\n".join(output.traceback) + "\n"
    if output.output_type == "stream":
        return output.text
    text = output.data.get("text/plain")
    return "" if text is None else text + "\n"
