"""Tests of facade: programs run in two worlds, PyTorch's and facade's, and compared."""
