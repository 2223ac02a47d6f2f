"""Random numbers: the stream after `manual_seed`, how much each call draws from it, generators and their state."""

import pytest

from tests.worlds import both_worlds, expressions, refusal

SIZES = (0, 1, 2, 7, 15, 16, 17, 31, 32, 33, 100)
DRAWS = {
    "rand": lambda torch, n: torch.rand(n),
    "rand float64": lambda torch, n: torch.rand(n, dtype=torch.float64),
    "rand float16": lambda torch, n: torch.rand(n, dtype=torch.float16),
    "rand bfloat16": lambda torch, n: torch.rand(n, dtype=torch.bfloat16),
    "randn": lambda torch, n: torch.randn(n),
    "randn float64": lambda torch, n: torch.randn(n, dtype=torch.float64),
    "randn bfloat16": lambda torch, n: torch.randn(n, dtype=torch.bfloat16),
    "randn complex": lambda torch, n: torch.randn(n, dtype=torch.complex64),
    "randint": lambda torch, n: torch.randint(100, (n,)),
    "randint wide": lambda torch, n: torch.randint(-(2**40), 2**40, (n,)),
    "randint float": lambda torch, n: torch.randint(3, 9, (n,), dtype=torch.float32),
    "randperm": lambda torch, n: torch.randperm(n),
    "normal": lambda torch, n: torch.normal(1.0, 2.0, (n,)),
    "normal of tensors": lambda torch, n: torch.normal(torch.zeros(n), torch.ones(n)),
    "bernoulli": lambda torch, n: torch.bernoulli(torch.full((n,), 0.3)),
    "bernoulli_": lambda torch, n: torch.zeros(n).bernoulli_(0.3),
    "bernoulli_ of a tensor": lambda torch, n: torch.zeros(n).bernoulli_(torch.full((n,), 0.6)),
    "uniform_": lambda torch, n: torch.zeros(n).uniform_(-1, 3),
    "normal_": lambda torch, n: torch.zeros(n).normal_(1, 0.5),
    "random_": lambda torch, n: torch.zeros(n).random_(),
    "random_ int64": lambda torch, n: torch.zeros(n, dtype=torch.int64).random_(),
    "random_ range": lambda torch, n: torch.zeros(n, dtype=torch.int32).random_(5, 50),
    "random_ uint8": lambda torch, n: torch.zeros(n, dtype=torch.uint8).random_(),
    "exponential_": lambda torch, n: torch.zeros(n).exponential_(2.0),
    "exponential_ float64": lambda torch, n: torch.zeros(n, dtype=torch.float64).exponential_(),
    "geometric_": lambda torch, n: torch.zeros(n).geometric_(0.4),
    "cauchy_": lambda torch, n: torch.zeros(n, dtype=torch.float64).cauchy_(),
    "log_normal_": lambda torch, n: torch.zeros(n).log_normal_(),
    "multinomial": lambda torch, n: torch.multinomial(torch.ones(n + 1), n + 1),
    "multinomial replaced": lambda torch, n: torch.multinomial(torch.arange(1.0, n + 2), n + 1, replacement=True),
    "poisson": lambda torch, n: torch.poisson(torch.full((n,), 3.0)),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
@both_worlds
def test_draws_of_every_size(torch, draw):
    """The number drawn last shows how far the stream has moved."""
    for size in SIZES:
        torch.manual_seed(size)
        yield draw(torch, size), torch.rand(1)


@both_worlds
def test_one_stream_for_all_calls(torch):
    torch.manual_seed(3)
    yield torch.rand(3), torch.randn(1), torch.rand(1), torch.randn(1), torch.randn(20)[-1], torch.randn(3), torch.randint(7, (2,))
    yield torch.randn(1, dtype=torch.float64), torch.randn(2), torch.randperm(3), torch.rand(2, dtype=torch.float64), torch.bernoulli(torch.tensor([0.5]))


@both_worlds
def test_shape_layout_and_views_do_not_change_the_stream(torch):
    yield torch.rand(2, 3), torch.randn(4, 5)
    torch.manual_seed(0)
    yield torch.zeros(3, 2).t().uniform_()
    torch.manual_seed(0)
    base = torch.zeros(4, 8)
    base[:, ::2].normal_()
    yield base
    torch.manual_seed(0)
    yield torch.zeros(8, 4).t().normal_()


@expressions("""
torch.manual_seed(2**63), torch.rand(1)
torch.manual_seed(-5).initial_seed(), torch.rand(1)
torch.manual_seed(2**64)
torch.manual_seed("text")
torch.manual_seed(1.7).initial_seed()
torch.manual_seed(7).initial_seed(), torch.initial_seed(), torch.random.initial_seed()
torch.rand(2, generator=g), torch.rand(2), torch.rand(2, generator=g), g.initial_seed()
torch.randn(3, generator=g), torch.randperm(4, generator=g), torch.randint(5, (2,), generator=g)
torch.zeros(3).normal_(generator=g), torch.zeros(2).uniform_(generator=g), torch.multinomial(torch.ones(3), 2, generator=g)
g.manual_seed(1) is g, g.device, type(g.seed()), g.get_state().dtype, g.get_state().shape
torch.get_rng_state().shape, torch.get_rng_state().dtype, torch.random.get_rng_state().equal(torch.get_rng_state())
torch.get_rng_state()[:40]
torch.set_rng_state(torch.zeros(3))
torch.set_rng_state(torch.zeros(3, dtype=torch.uint8))
torch.default_generator is torch.random.default_generator, torch.default_generator.initial_seed()
torch.rand(2, generator="text")
torch.rand_like(a), torch.randn_like(a), torch.randint_like(a, 5), torch.randint_like(a, 2, 9, dtype=torch.int64)
torch.rand_like(a.long())
torch.rand(2, dtype=torch.int64)
torch.randn(2, dtype=torch.int64)
torch.rand(2, requires_grad=True).is_leaf, torch.randn(2, out=torch.zeros(2))
torch.randint(5, 5, (1,))
torch.randint(3, 1, (1,))
torch.randint(0, 300, (1,), dtype=torch.uint8)
torch.randint(2, 3)
torch.randperm(-1)
torch.normal(0.0, -1.0, (2,))
torch.normal(torch.zeros(2), -torch.ones(2))
torch.normal(torch.zeros(2), torch.ones(3))
torch.normal(torch.arange(3.0), 0.1), torch.normal(0.0, torch.arange(1.0, 3.0))
torch.bernoulli(torch.tensor([1.5]))
torch.bernoulli(torch.tensor([1]))
torch.zeros(2).bernoulli_(2)
torch.zeros(2).uniform_(2, 1)
torch.zeros(2).normal_(0, -1)
torch.zeros(2).exponential_(0)
torch.zeros(2).geometric_(1.5)
torch.zeros(2).random_(5, 5)
torch.zeros(2, dtype=torch.int64).normal_()
torch.zeros(2, dtype=torch.bool).random_()
torch.multinomial(torch.tensor([1.0, -1.0]), 1)
torch.multinomial(torch.tensor([0.0, 0.0]), 1)
torch.multinomial(torch.tensor([1.0, float("nan")]), 1)
torch.multinomial(torch.ones(2), 3)
torch.multinomial(torch.ones(2), 0)
torch.multinomial(torch.ones(2, 3), 2), torch.multinomial(torch.tensor([[0.0, 1.0], [1.0, 0.0]]), 1)
torch.multinomial(torch.tensor([1, 2]), 1)
torch.ones(2, requires_grad=True).uniform_()
(a.requires_grad_() * 1).normal_().grad_fn
torch.nn.functional.dropout(torch.ones(8), 0.5), torch.rand(1)
torch.nn.functional.dropout(torch.ones(2), 0.5, training=False), torch.nn.functional.dropout(torch.ones(2), 0.0), torch.nn.functional.dropout(torch.ones(2), 1.0), torch.rand(1)
""")
def test_call(torch):
    return {"g": torch.Generator().manual_seed(11), "a": torch.zeros(2, 2)}


@both_worlds
def test_state_restores_the_cached_normal(torch):
    torch.randn(1)
    state = torch.get_rng_state()
    first = torch.randn(3), torch.rand(1)
    torch.set_rng_state(state)
    yield first, torch.randn(3), torch.rand(1)


@both_worlds
def test_generator_state_moves_between_generators(torch):
    one, two = torch.Generator().manual_seed(5), torch.Generator()
    torch.rand(700, generator=one)
    two.set_state(one.get_state())
    yield torch.rand(3, generator=one), torch.rand(3, generator=two), two.initial_seed(), torch.rand(1)
    yield torch.rand(1, generator=one.clone_state()), torch.rand(1, generator=one)


@both_worlds
def test_fork(torch):
    torch.manual_seed(1)
    with torch.random.fork_rng():
        torch.manual_seed(99)
        yield torch.rand(2)
    yield torch.rand(2), torch.initial_seed()
    with torch.random.fork_rng(enabled=False):
        torch.rand(1)
    yield torch.rand(1)


@both_worlds
def test_seed_is_new_each_time(torch):
    first, second = torch.seed(), torch.seed()
    return type(first), first != second, torch.initial_seed() == second


@both_worlds
def test_more_than_one_block_of_the_generator(torch):
    many = torch.rand(3000)
    yield many[[0, 623, 624, 625, 1247, 1248, 2999]], many.mean()
    yield torch.randn(3000)[[0, 15, 16, 2991, 2992, 2999]], torch.randperm(1000)[:5]


@both_worlds
def test_numbers_lie_as_the_tensor_that_they_are_like(torch):
    turned, last = torch.zeros(4, 5).t(), torch.zeros(1, 3, 2, 2).to(memory_format=torch.channels_last)
    for input in (turned, last):
        yield torch.rand_like(input), torch.randn_like(input), torch.randint_like(input, 9), torch.rand_like(input).stride()
    yield torch.rand_like(turned, memory_format=torch.contiguous_format), torch.zeros(2, 3).t().bernoulli_(torch.full((3, 2), 0.5))


@both_worlds
def test_errors_leave_the_stream_alone(torch):
    yield refusal(torch.randint, 5, 5, (1,)), refusal(lambda: torch.zeros(2).uniform_(2, 1)), refusal(torch.multinomial, torch.ones(2), 3)
    yield torch.rand(1)
