"""The default random generator (torch.random)."""

from facade.core.ops.composites.sampling import fork_rng, get_rng_state, initial_seed, manual_seed, seed, set_rng_state
from facade.core.random.generator import default_generator

__all__ = ["default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state"]
