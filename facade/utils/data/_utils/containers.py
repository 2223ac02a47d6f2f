"""Samples within samples: a container like another one, with other content."""

import copy
from collections.abc import MutableMapping, MutableSequence


def mapping_like(sample, content):
    """`content`, a dict, as a mapping of the type of `sample`, with what else that has; as a dict where its type cannot be made so."""
    try:
        if not isinstance(sample, MutableMapping):
            return type(sample)(content)
        made = copy.copy(sample)
        made.update(content)
        return made
    except TypeError:
        return content


def sequence_like(sample, content):
    """`content`, a list, as a sequence of the type of `sample`, with what else that has; as a list where its type cannot be made so."""
    try:
        if not isinstance(sample, MutableSequence):
            return type(sample)(content)
        made = copy.copy(sample)
        for place, item in enumerate(content):
            made[place] = item
        return made
    except TypeError:
        return content


def is_named_tuple(sample):
    """Whether this is a tuple whose items have names."""
    return isinstance(sample, tuple) and hasattr(sample, "_fields")
