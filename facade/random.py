"""The default random generator (torch.random)."""

from facade.core.ops.composites.sampling import fork_rng, get_rng_state, initial_seed, manual_seed, seed, set_rng_state
from facade.core.random.generator import default_generator

__all__ = ["default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state",
           "thread_safe_generator"]


def thread_safe_generator():
    """The generator of a worker that is a thread; None, for workers are processes (torch.random.thread_safe_generator)."""
