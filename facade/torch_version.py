"""A version that compares as versions do: 2.13 comes after 2.4 (torch.torch_version)."""

import re

__all__ = ["TorchVersion"]


def _key(version):
    """What to compare: the release, without zeros at its end; then whether it is final, and what stands behind."""
    if isinstance(version, (tuple, list)):
        version = ".".join(map(str, version))
    found = re.match(r"v?(\d+(?:\.\d+)*)([^+]*)", str(version).strip())
    if found is None:
        raise ValueError(f"Invalid version: {version!r}")
    release = [int(each) for each in found[1].split(".")]
    while release and not release[-1]:
        release.pop()
    return release, not found[2], found[2]


class TorchVersion(str):
    """A version string that compares with strings and tuples by its numbers (torch.torch_version.TorchVersion)."""

    def _compared(self, other, compare):
        try:
            return compare(_key(self), _key(other))
        except ValueError:
            return compare(str(self), str(other))

    def __lt__(self, other):
        return self._compared(other, lambda one, two: one < two)

    def __le__(self, other):
        return self._compared(other, lambda one, two: one <= two)

    def __gt__(self, other):
        return self._compared(other, lambda one, two: one > two)

    def __ge__(self, other):
        return self._compared(other, lambda one, two: one >= two)

    def __eq__(self, other):
        return self._compared(other, lambda one, two: one == two)

    def __ne__(self, other):
        return not self == other

    __hash__ = str.__hash__
