"""`python -m tests.random_programs --seeds 0:2000`: a sweep that prints the programs on which two worlds differ."""

import argparse
import sys
import time

from tests.observations import describe
from tests.random_programs import generate, minimised, mismatch
from tests.random_programs.model import KINDS
from tests.worlds import world


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Run random programs in two worlds and print those on which they differ.")
    parser.add_argument("--seeds", default="0:300", help="first:last, the last not included, or one seed")
    parser.add_argument("--world", default="facade", help="the package under test")
    parser.add_argument("--kinds", help="only these kinds of statement, by comma: " + ", ".join(KINDS))
    parser.add_argument("--without", default="", help="not these kinds of statement, by comma")
    parser.add_argument("--length", type=int, help="number of statements; default: 4 to 30, drawn")
    parser.add_argument("--show", action="store_true", help="print the programs, run nothing")
    parser.add_argument("--stop", type=int, default=10, help="give up after this many mismatches")
    options = parser.parse_args(arguments)
    kinds = (set(options.kinds.split(",")) if options.kinds else set(KINDS)) - set(filter(None, options.without.split(",")))
    first, _, last = options.seeds.partition(":")
    return sweep(range(int(first), int(last or int(first) + 1)), kinds, options)


def sweep(seeds, kinds, options):
    """Run the seeds and print each mismatch and a line of summary; the exit code."""
    unknown = kinds - set(KINDS)
    if unknown:
        sys.exit("no such kind of statement: " + ", ".join(sorted(unknown)))
    begin, done, found = time.time(), 0, 0
    for seed in seeds:
        program = generate(seed, kinds, options.length)
        if options.show:
            print(f"# seed {seed}", *program, sep="\n")
        elif mismatch(program, world("torch"), world(options.world)):
            found += 1
            program = minimised(program, world("torch"), world(options.world))
            print(f"# seed {seed}", *program, describe(mismatch(program, world("torch"), world(options.world))), "", sep="\n", flush=True)
        done += 1
        if found >= options.stop:
            break
    print(f"{done} programs, {found} mismatches, {time.time() - begin:.1f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
