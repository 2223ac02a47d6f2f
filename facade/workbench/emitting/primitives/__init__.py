"""A JAX primitive as text, family by family; `table` is where they are looked up.

Each function takes the equation's view (`Equation` in source.py): `operands`, expressions; `params`; `shapes` and `dtypes` of the operands;
`out`, the abstract result; `wide`, whether JAX has 64-bit numbers; and returns an expression.
"""
