"""Operators: a table with one row each, and what turns a row into functions and methods.

    schema         torch's signature lines, parsed
    promotion      which dtype an operation computes in
    table          the rows (`op`) and what they derive
    rows/          the table itself, a file for each family
    kernels/       pure JAX functions too long for a row
    dispatch       tensors in, a recorded operation with history, tensors out
    binding        Python arguments to an overload's parameters, and torch's TypeErrors
    composites/    functions made of others
    expose         puts all of it into namespaces
"""
