"""What importing facade changes in the process, and that it can be told not to."""

import os
import subprocess
import sys

COUNT = "import gc, facade; print(gc.get_freeze_count() > 100_000)"


def output(environment):
    """What COUNT prints in a process of its own."""
    return subprocess.run([sys.executable, "-c", COUNT], env={**os.environ, **environment}, capture_output=True, text=True, check=True).stdout.strip()


def test_what_was_imported_is_out_of_the_collector_s_sight():
    assert output({}) == "True"


def test_the_process_is_left_alone_where_that_is_asked_for():
    assert output({"FACADE_LEAVE_PROCESS": "1"}) == "False"
