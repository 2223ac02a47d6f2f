"""The command line, also as `python -m facade`: `facade run`, `check`, `port`, `verify`, `coverage`, `--version`, `--help`."""

import argparse
import importlib
import importlib.metadata
import os
import sys

from facade.port import checking, coverage, rewriting
from facade.port.run import run_script
from facade.port.sources import NOTEBOOK_SUFFIX
from facade.workbench.training import script

DISTRIBUTION = "facade-torch"
CACHE = "~/.cache/facade"


def main(arguments=None):
    """Run the command line and return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    return options.main(options)


def _parser():
    parser = argparse.ArgumentParser(prog="facade", description="PyTorch's interface on JAX.")
    parser.add_argument("--version", action="version", version=f"facade {_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (_add_run, _add_check, _add_port, _add_verify, _add_coverage):
        add(commands)
    return parser


# ---------------------------------------------------------------- run
def _add_run(commands):
    run = commands.add_parser(
        "run",
        help="run a program written for PyTorch, unchanged",
        description="Run an unmodified PyTorch script (FILE.py) or notebook (FILE.ipynb) with torch meaning facade.",
        epilog="For a script, all that follows FILE is the script's own. A notebook's options may stand on either side.",
    )
    run.set_defaults(main=_run, parser=run)
    run.add_argument("--cache", action="store_const", const=CACHE, help=f"keep compiled programs for the next run, in {CACHE} "
                     "(FACADE_CACHE=DIR in the environment: in DIR)")
    _add_notebook_options(run)
    run.add_argument("file", metavar="FILE", help="the script or notebook")
    run.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...", help="arguments of the script")


def _add_notebook_options(parser):
    parser.add_argument("-o", "--output", metavar="OUT.ipynb", help="write the notebook with its outputs here, and print only errors")
    parser.add_argument("--keep-going", action="store_true", help="run the cells after a failed one too")


def _run(options):
    if options.cache is not None:
        os.environ["FACADE_CACHE"] = options.cache
    if options.file.endswith(NOTEBOOK_SUFFIX):
        return _run_notebook(options)
    if options.output is not None or options.keep_going:
        options.parser.error(f"-o and --keep-going are for notebooks, and {options.file} is a script")
    return run_script(options.file, options.arguments)


def _run_notebook(options):
    parser = argparse.ArgumentParser(prog=f"facade run {options.file}", usage="%(prog)s [-o OUT.ipynb] [--keep-going]")
    _add_notebook_options(parser)
    parser.parse_args(options.arguments, namespace=options)
    return _with_notebooks("notebook", lambda notebook: notebook.run_notebook(options.file, options.output, options.keep_going))


def _with_notebooks(name, call):
    """Call with the module of this name, which needs the packages of an extra that a script does without."""
    try:
        module = importlib.import_module(f"facade.port.{name}")
    except ModuleNotFoundError as error:
        if error.name.startswith("facade"):
            raise
        print(
            f"facade: running a notebook needs the package {error.name}, which is not installed: pip install '{DISTRIBUTION}[notebooks]'",
            file=sys.stderr,
        )
        return 1
    return call(module)


# ---------------------------------------------------------------- check, port
def _add_check(commands):
    check = commands.add_parser(
        "check",
        help="tell what of PyTorch a program uses, and what becomes of it",
        description="Read scripts and notebooks without running them, and report each name of PyTorch's that is missing or differs.",
        epilog="Exit code: 0 where nothing is missing, 1 where something is, 2 where nothing could be read.",
    )
    check.set_defaults(main=checking.main)
    check.add_argument("files", nargs="+", metavar="FILE", help="a script, a notebook, or a folder to search for them")
    check.add_argument("--all", action="store_true", help="list the uses of exact names too")
    check.add_argument("--json", action="store_true", help="print the report as JSON")
    check.add_argument("--strict", action="store_true", help="exit with 1 also for differences and for what cannot be read")


def _add_port(commands):
    port = commands.add_parser(
        "port",
        help="write a program anew that imports facade, or as JAX",
        description="Write the script or notebook with its imports of torch changed to facade, and a comment where something differs. With --style jax: "
                    "the training of a script as a program of JAX alone, in which the body of the loop is a pure function.",
        epilog="--style jax runs the script for the first steps of its loop. Of what stands around the loop (loading data, printing) nothing is translated: "
               "parameters, batches and random numbers of these steps are written beside OUT.py, as OUT.npz, and OUT.py repeats them when it is run. "
               "It is run here once, and has to give the script's losses. `step` then takes any batch of the same shapes.",
    )
    port.set_defaults(main=_port)
    port.add_argument("file", metavar="FILE", help="the script or notebook")
    port.add_argument("-o", "--output", metavar="OUT", required=True, help="the file to write")
    port.add_argument("--style", choices=["facade", "jax"], default="facade", help="what to write (facade)")
    port.add_argument("--steps", type=int, default=5, metavar="N", help="how many steps of the loop to record for --style jax (5)")


def _port(options):
    if options.style == "facade":
        return rewriting.main(options)
    return script.main(options)


# ---------------------------------------------------------------- verify, coverage
def _add_verify(commands):
    verify = commands.add_parser(
        "verify",
        help="run a published notebook and compare its outputs",
        description="Run a notebook with torch meaning facade, and compare what each cell shows with what the notebook holds.",
        epilog="Exit code: 0 where every cell shows the same, to the last printed digit; 1 where one does not; 2 where a file cannot be used.",
    )
    verify.set_defaults(main=lambda options: _with_notebooks("verification", lambda module: module.main(options)))
    verify.add_argument("file", metavar="NOTEBOOK", help="the notebook")
    verify.add_argument("--against", metavar="torch|FILE", help="compare with a run under PyTorch itself, and tell at which operation "
                        "values part; or with another notebook's outputs")
    verify.add_argument("--html", metavar="OUT.html", help="write a page with both outputs of each cell")


def _add_coverage(commands):
    command = commands.add_parser(
        "coverage",
        help="count PyTorch's public names by namespace",
        description="Print how many of PyTorch's public names facade has, by namespace.",
    )
    command.set_defaults(main=coverage.main)
    command.add_argument("namespaces", nargs="*", metavar="NAMESPACE", help="nn.functional, nn.*, ...; default: the main ones")
    command.add_argument("--all", action="store_true", help="every namespace")
    command.add_argument("--missing", action="store_true", help="list the names that are missing, and what to use instead")
    command.add_argument("--differing", action="store_true", help="list the names that differ, and how")


def _version():
    try:
        return importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return "(not installed: run from its source folder)"


if __name__ == "__main__":
    sys.exit(main())
