"""The Jupyter kernel of `facade run`: IPython's own, with `torch` meaning facade before the first cell.

The alias is in place before the kernel answers, so that no hidden cell has to run and counting starts at 1.
"""

import sys

from ipykernel.kernelapp import launch_new_instance

from facade.port.alias import install

if __name__ == "__main__":
    install()
    sys.path.insert(0, "")  # the notebook's folder, as a script's folder stands first
    launch_new_instance()
