"""The Jupyter kernel of `facade run`: IPython's own, with `torch` meaning facade before the first cell.

The alias is in place before the kernel answers, so that no hidden cell has to run and counting starts at 1.
"""

from ipykernel.kernelapp import launch_new_instance

from facade.port.alias import install

if __name__ == "__main__":
    install()
    launch_new_instance()
