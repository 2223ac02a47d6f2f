"""`python -m tests.random_programs --seeds 0:2000`: a sweep that prints the programs on which two worlds differ."""

import argparse
import collections
import re
import sys
import time

from tests.observations import describe, observe
from tests.random_programs import generate, minimised, mismatch, run
from tests.random_programs.model import KINDS
from tests.worlds import world


MISSING = re.compile(r"has no attribute '(\w+)'")


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Run random programs in two worlds and print those on which they differ.")
    parser.add_argument("--seeds", default="0:300", help="first:last, the last not included, or one seed")
    parser.add_argument("--world", default="facade", help="the package under test")
    parser.add_argument("--kinds", help="only these kinds of statement, by comma: " + ", ".join(KINDS))
    parser.add_argument("--without", default="", help="not these kinds of statement, by comma")
    parser.add_argument("--length", type=int, help="number of statements; default: 4 to 30, drawn")
    parser.add_argument("--show", action="store_true", help="print the programs, run nothing")
    parser.add_argument("--missing", action="store_true", help="print also the programs that need an operator not there yet")
    parser.add_argument("--stop", type=int, default=10, help="give up after this many mismatches")
    options = parser.parse_args(arguments)
    kinds = (set(options.kinds.split(",")) if options.kinds else set(KINDS)) - set(filter(None, options.without.split(",")))
    first, _, last = options.seeds.partition(":")
    return sweep(range(int(first), int(last or int(first) + 1)), kinds, options)


def missing(program, expected_world, actual_world):
    """The first name that only the actual world lacks on this program."""
    told = [MISSING.findall(describe(observe(run, torch, program=program))) for torch in (expected_world, actual_world)]
    return next((name for name in told[1] if name not in told[0]), None)


def sweep(seeds, kinds, options):
    """Run the seeds and print each mismatch and a line of summary; the exit code."""
    unknown = kinds - set(KINDS)
    if unknown:
        sys.exit("no such kind of statement: " + ", ".join(sorted(unknown)))
    begin, done, found, lacking = time.time(), 0, 0, collections.Counter()
    worlds = None if options.show else (world("torch"), world(options.world))
    for seed in seeds:
        program = generate(seed, kinds, options.length)
        done += 1
        if options.show:
            print(f"# seed {seed}", *program, sep="\n")
        elif mismatch(program, *worlds):
            name = missing(program, *worlds)
            lacking[name] += name is not None
            if name is None or options.missing:
                found += 1
                program = minimised(program, *worlds)
                print(f"# seed {seed}", *program, mismatch(program, *worlds), "", sep="\n", flush=True)
        if found >= options.stop:
            break
    lacks = ", ".join(f"{name} {count}" for name, count in lacking.most_common() if name)
    print(f"{done} programs, {found} mismatches, {time.time() - begin:.1f} s" + (f"; not there yet: {lacks}" if lacks else ""))
    return 1 if found or lacks else 0


if __name__ == "__main__":
    sys.exit(main())
