"""Running programs written for PyTorch, unchanged.

`alias` lets the name `torch` mean facade in this process, `run` and `notebook` execute a script or a
notebook under that alias, and `cli` is the command line.  Nothing here knows an operator or a tensor.
"""
