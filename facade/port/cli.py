"""The command line: `facade run FILE`, `facade --version`, `facade --help`."""

import argparse
import importlib
import importlib.metadata
import os
import sys

from facade.port.run import run_script

DISTRIBUTION = "facade-torch"
NOTEBOOK_SUFFIX = ".ipynb"
CACHE = "~/.cache/facade"


def main(arguments=None):
    """Run the command line and return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.cache is not None:
        os.environ["FACADE_CACHE"] = options.cache
    if options.file.endswith(NOTEBOOK_SUFFIX):
        return _run_notebook(options)
    if options.output is not None or options.keep_going:
        parser.error(f"-o and --keep-going are for notebooks, and {options.file} is a script")
    return run_script(options.file, options.arguments)


def _parser():
    parser = argparse.ArgumentParser(prog="facade", description="PyTorch's interface on JAX.")
    parser.add_argument("--version", action="version", version=f"facade {_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="run a program written for PyTorch, unchanged",
        description="Run an unmodified PyTorch script (FILE.py) or notebook (FILE.ipynb) with torch meaning facade.",
        epilog="For a script, all that follows FILE is the script's own. A notebook's options may stand on either side.",
    )
    run.add_argument("--cache", action="store_const", const=CACHE, help=f"keep compiled programs for the next run, in {CACHE} "
                     "(FACADE_CACHE=DIR in the environment: in DIR)")
    _add_notebook_options(run)
    run.add_argument("file", metavar="FILE", help="the script or notebook")
    run.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...", help="arguments of the script")
    return parser


def _add_notebook_options(parser):
    parser.add_argument("-o", "--output", metavar="OUT.ipynb", help="write the notebook with its outputs here, and print only errors")
    parser.add_argument("--keep-going", action="store_true", help="run the cells after a failed one too")


def _run_notebook(options):
    parser = argparse.ArgumentParser(prog=f"facade run {options.file}", usage="%(prog)s [-o OUT.ipynb] [--keep-going]")
    _add_notebook_options(parser)
    parser.parse_args(options.arguments, namespace=options)
    try:
        # By name, since what a notebook needs is an extra that a script does without.
        notebook = importlib.import_module("facade.port.notebook")
    except ModuleNotFoundError as error:
        if error.name.startswith("facade"):
            raise
        print(
            f"facade: running a notebook needs the package {error.name}, which is not installed: pip install '{DISTRIBUTION}[notebooks]'",
            file=sys.stderr,
        )
        return 1
    return notebook.run_notebook(options.file, options.output, options.keep_going)


def _version():
    try:
        return importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return "(not installed: run from its source folder)"
