"""Which dtypes an operator takes: checks for the table, with torch's sentences for the rest.

A check is called with the operands' specs (a number's type for a number) and the static arguments, in the order of the signature.
"""

from facade.core import dtypes
from facade.core.dtypes import BOOL, COMPLEX, FLOAT, INTEGER
from facade.core.engine import Spec
from facade.core.ops.promotion import result_type

NOT_FLOAT = BOOL, INTEGER, COMPLEX      # what is left out where only floating-point numbers make sense
INEXACT = FLOAT, COMPLEX
EXACT = BOOL, INTEGER


def refuse(categories, sentence, error=RuntimeError):
    """A check: operands whose common dtype is of one of these categories raise; `{dtype}` in the sentence is that dtype."""
    def check(*arguments):
        common = common_dtype(arguments)
        if common.category in categories:
            raise error(sentence.replace("{dtype}", common.legacy))
    return check


def unimplemented(kernel, *categories):
    """A check: torch has no kernel of this name for these categories."""
    return refuse(categories, f"\"{kernel}\" not implemented for '{{dtype}}'", NotImplementedError)


def every(*checks):
    """The checks, one after the other."""
    def check(*arguments):
        for each in checks:
            each(*arguments)
    return check


def no_bools(*operands):
    """What is subtracted, and what it is subtracted from, are numbers."""
    bools = [common_dtype((each,)).category == BOOL for each in operands]
    if any(bools):
        raise RuntimeError("Subtraction, the `-` operator, with " + (
            "two bool tensors is not supported. Use the `^` or `logical_xor()`" if all(bools) else
            "a bool tensor is not supported. If you are trying to invert a mask, use the `~` or `logical_not()`") + " operator instead.")


def common_dtype(arguments):
    """The dtype that the operands among these arguments are promoted to."""
    return result_type([each for each in arguments if type(each) is Spec or isinstance(each, type)])


def number_dtype(array, number):
    """The NumPy dtype of an array together with a Python number that is compiled in."""
    own = dtypes.BY_NUMPY[array.dtype]
    category = dtypes.of_number(number).category
    if category <= own.category:
        return array.dtype
    if category == COMPLEX and own.category == FLOAT:
        return own.to_complex().numpy
    return dtypes.of_number(number).numpy


def legacy_name(spec):
    """torch's old name of an operand's dtype, such as Float."""
    return dtypes.BY_NUMPY[spec.dtype].legacy
