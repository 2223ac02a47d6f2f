"""The generator behind every random number of PyTorch on the CPU: the Mersenne Twister MT19937.

An engine is three things: 624 words of 32 bits with a position among them, the seed it was started from, and normals
that were computed in a pair and still wait to be handed out. Only the low 32 bits of the seed enter the words. A 64-bit
draw is two words, the high one first. `state_bytes` lays all this out as `torch.get_rng_state` does, byte for byte, so
that a state saved by PyTorch continues here and the other way round.
"""

import copy

import numpy as np

_WORDS = 624

_LAYOUT = np.dtype({
    "names": ["seed", "left", "seeded", "next", "words",
              "normal", "normal_waits", "float_normal", "float_normal_waits"],
    "formats": ["<u8", "<i4", "<i4", "<u8", f"({_WORDS},)<u8", "<f8", "<i4", "<f4", "u1"],
    "offsets": [0, 8, 12, 16, 24, 5024, 5040, 5048, 5052],
    "itemsize": 5056,
})


class MT19937:
    """PyTorch's CPU generator.

    `next_normal` and `next_float_normal` hold a standard normal that waits to be handed out, or None.
    """

    DEFAULT_SEED = 67280421310721

    def __init__(self, seed: int = DEFAULT_SEED):
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Start anew. A negative seed means the same 64 bits read without sign."""
        self.initial_seed = seed % 2**64
        self._source = np.random.RandomState(seed % 2**32)
        self._fresh = True
        self.next_normal = self.next_float_normal = None

    def words(self, count: int) -> np.ndarray:
        """The next `count` draws of 32 bits."""
        self._fresh = self._fresh and count == 0
        return self._source.randint(0, 2**32, count, dtype=np.uint32)

    def double_words(self, count: int) -> np.ndarray:
        """The next `count` draws of 64 bits."""
        drawn = self.words(2 * count).view("<u8")
        low_half = drawn >> np.uint64(32)
        drawn <<= np.uint64(32)
        drawn |= low_half
        return drawn

    def copy(self) -> "MT19937":
        """An independent engine that will draw the same numbers."""
        twin = copy.copy(self)
        twin._source = np.random.RandomState(0)
        twin._source.set_state(self._source.get_state())
        return twin

    def state_bytes(self) -> np.ndarray:
        """The whole state as 5056 bytes, in the layout of `torch.get_rng_state`."""
        _, words, position = self._source.get_state()[:3]
        record = np.zeros((), _LAYOUT)
        record["seed"], record["seeded"], record["words"] = self.initial_seed, 1, words
        record["left"] = min(_WORDS + 1 - position, _WORDS)
        record["next"] = 0 if self._fresh else position
        for field, normal in (("normal", self.next_normal), ("float_normal", self.next_float_normal)):
            record[field], record[f"{field}_waits"] = normal or 0, normal is not None
        return np.frombuffer(record.tobytes(), np.uint8).copy()

    def set_state_bytes(self, state: np.ndarray) -> None:
        """Continue from what `state_bytes` or `torch.get_rng_state` returned."""
        record = np.frombuffer(_checked(state).tobytes(), _LAYOUT)[0]
        left, position = int(record["left"]), int(record["next"])
        if not (0 < left <= _WORDS and record["seeded"] and position <= _WORDS):
            raise RuntimeError("Invalid mt19937 state")
        spent = left == 1
        self._source.set_state(("MT19937", record["words"].astype(np.uint32), _WORDS if spent else position))
        self._fresh = position == 0
        self.initial_seed = int(record["seed"])
        self.next_normal = float(record["normal"]) if record["normal_waits"] else None
        self.next_float_normal = float(record["float_normal"]) if record["float_normal_waits"] else None


def _checked(state: np.ndarray) -> np.ndarray:
    if state.dtype != np.uint8:
        raise TypeError("RNG state must be a torch.ByteTensor")
    if not state.flags.c_contiguous:
        raise RuntimeError("RNG state must be contiguous")
    if state.size != _LAYOUT.itemsize:
        raise RuntimeError(f"Expected a CPUGeneratorImplState of size {_LAYOUT.itemsize} "
                           f"but found the input RNG state size to be {state.size}")
    return state
