"""The generator handle: an engine with torch's methods, and the default one."""

import secrets

from facade.core import devices, dtypes, engine
from facade.core.random.mt19937 import MT19937
from facade.core.tensor.tensor import Tensor


class Generator:
    """A source of random numbers (torch.Generator); the numbers on the CPU are PyTorch's."""

    __module__ = __name__.partition(".")[0]

    def __init__(self, device="cpu"):
        self.device = devices.device(device)
        self.engine = MT19937()

    def __repr__(self):
        return f"<torch._C.Generator object at {hex(id(self))}>"

    def _repr_pretty_(self, printer, cycle):
        printer.text(f"<torch._C.Generator at {hex(id(self))}>")        # what IPython shows of an object that has no text of its own

    def __reduce__(self):
        return Generator, (self.device,), (self.initial_seed(), None, self.get_state())

    def __setstate__(self, state):
        seed, _, numbers = state
        self.manual_seed(seed).set_state(numbers)

    def manual_seed(self, seed):
        """Start anew from `seed`, an int of 64 bits; the generator is returned."""
        if not hasattr(seed, "__index__"):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        self.engine.seed(_checked_seed(seed))
        return self

    def seed(self):
        """Start anew from a seed that the operating system draws; the seed is returned."""
        drawn = secrets.randbits(64)
        self.engine.seed(drawn)
        return drawn

    def initial_seed(self):
        """The seed that it was started from."""
        return self.engine.initial_seed

    def get_state(self):
        """The state, a uint8 tensor in torch's own layout."""
        return Tensor._of(engine.constant(self.engine.state_bytes()))

    def set_state(self, new_state):
        """Go on from a state that `get_state` gave, here or in PyTorch."""
        if not isinstance(new_state, Tensor):
            raise TypeError(f"expected a torch.ByteTensor, but got {type(new_state).__name__}")
        if new_state.dtype is not dtypes.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        self.engine.set_state_bytes(new_state.numpy_value())
        return self

    def clone_state(self):
        """Another generator in the same state."""
        made = Generator(self.device)
        made.engine = self.engine.copy()
        return made


def _checked_seed(seed):
    if isinstance(seed, Tensor):
        seed = seed.item()
    seed = int(seed)
    if not -2**63 <= seed < 2**64:
        raise ValueError("Overflow when unpacking long long")
    return seed


default_generator = Generator()
