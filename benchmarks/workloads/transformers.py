"""A GPT: trained with AdamW and clipped gradients at several depths, and generating a text whose context grows.

A. Radford et al., Language models are unsupervised multitask learners, 2019.
"""

import numpy

from benchmarks.descent import adam_by_hand, clipped_by_hand, cross_entropy_by_hand, initial, loaded, minimised, minimised_by_hand
from benchmarks.workload import Workload

LEARNING_RATE, SHRINKAGE, LARGEST_NORM, EPSILON = 3e-4, 0.01, 1.0, 1e-5
VOCABULARY = 64


def texts(batch, context):
    """A batch of texts as token numbers, and the token that follows each."""
    tokens = numpy.random.RandomState(1).randint(0, VOCABULARY, size=(batch, context + 1))
    return tokens[:, :-1].copy(), tokens[:, 1:].copy()


def gpt_shapes(layers, width, context):
    shapes = {"tokens.weight": (VOCABULARY, width), "places.weight": (context, width)}
    for layer in range(layers):
        for name, outputs, inputs in (("attention.mixed", 3, 1), ("attention.last", 1, 1), ("inner.0", 4, 1), ("inner.2", 1, 4)):
            shapes[f"blocks.{layer}.{name}.weight"] = outputs * width, inputs * width
            shapes[f"blocks.{layer}.{name}.bias"] = outputs * width,
        shapes |= {f"blocks.{layer}.{norm}.{part}": (width,) for norm in ("first_norm", "second_norm") for part in ("weight", "bias")}
    return shapes | {"norm.weight": (width,), "norm.bias": (width,), "scores.weight": (VOCABULARY, width)}


def gpt_module(torch, layers, width, heads, context):
    nn = torch.nn

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.mixed, self.last = nn.Linear(width, 3 * width), nn.Linear(width, width)

        def forward(self, features):
            batch, length, _ = features.shape
            query, key, value = (part.view(batch, length, heads, -1).transpose(1, 2) for part in self.mixed(features).chunk(3, -1))
            seen = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
            return self.last(seen.transpose(1, 2).reshape(batch, length, width))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.first_norm, self.second_norm = nn.LayerNorm(width), nn.LayerNorm(width)
            self.attention = Attention()
            self.inner = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

        def forward(self, features):
            features = features + self.attention(self.first_norm(features))
            return features + self.inner(self.second_norm(features))

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.places = nn.Embedding(VOCABULARY, width), nn.Embedding(context, width)
            self.blocks = nn.Sequential(*(Block() for _ in range(layers)))
            self.norm, self.scores = nn.LayerNorm(width), nn.Linear(width, VOCABULARY, bias=False)

        def forward(self, tokens):
            features = self.tokens(tokens) + self.places(torch.arange(tokens.shape[1]))
            return self.scores(self.norm(self.blocks(features)))

    return loaded(torch, GPT(), initial(gpt_shapes(layers, width, context)))


def gpt(torch, layers, width, heads, batch, context):
    tokens, targets = map(torch.tensor, texts(batch, context))
    module = gpt_module(torch, layers, width, heads, context)
    parameters = list(module.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=SHRINKAGE)

    def loss_of():
        return torch.nn.functional.cross_entropy(module(tokens).view(-1, VOCABULARY), targets.view(-1))

    return minimised(optimizer, loss_of, lambda: torch.nn.utils.clip_grad_norm_(parameters, LARGEST_NORM))


def gpt_by_hand(jax, layers, width, heads, batch, context):
    optimizer = clipped_by_hand(jax, adam_by_hand(jax, LEARNING_RATE, SHRINKAGE), LARGEST_NORM)

    def loss_of(parameters, tokens, targets):
        return cross_entropy_by_hand(jax, scored(jax, parameters, layers, heads, tokens), targets)

    return minimised_by_hand(jax, optimizer, loss_of, initial(gpt_shapes(layers, width, context)), *texts(batch, context))


def scored(jax, parameters, layers, heads, tokens):
    """The scores of the next token after each place, (batch, length, vocabulary)."""
    batch, length = tokens.shape
    is_seen = jax.numpy.tril(jax.numpy.ones((length, length), bool))

    def affine(name, features):
        return features @ parameters[f"{name}.weight"].T + parameters[f"{name}.bias"]

    def normalized(name, features):
        scale, shift = (parameters[f"{name}.{part}"] for part in ("weight", "bias"))
        mean, variance = features.mean(-1, keepdims=True), features.var(-1, keepdims=True)
        return (features - mean) * jax.lax.rsqrt(variance + EPSILON) * scale + shift

    def attention(name, features):
        query, key, value = (part.reshape(batch, length, heads, -1) for part in jax.numpy.split(affine(f"{name}.mixed", features), 3, -1))
        similar = jax.numpy.einsum("bqhc,bkhc->bhqk", query, key) / numpy.sqrt(query.shape[-1]).astype("float32")
        weights = jax.nn.softmax(jax.numpy.where(is_seen, similar, -jax.numpy.inf))
        return affine(f"{name}.last", jax.numpy.einsum("bhqk,bkhc->bqhc", weights, value).reshape(features.shape))

    features = parameters["tokens.weight"][tokens] + parameters["places.weight"][:length]
    for name in (f"blocks.{layer}" for layer in range(layers)):
        features += attention(f"{name}.attention", normalized(f"{name}.first_norm", features))
        inner = jax.nn.gelu(affine(f"{name}.inner.0", normalized(f"{name}.second_norm", features)), approximate=False)
        features += affine(f"{name}.inner.2", inner)
    return normalized("norm", features) @ parameters["scores.weight"].T


# ---------------------------------------------------------------- generation
def generation(torch, layers, width, heads, context):
    """A step generates a text from one token, and reads it: the likeliest token each time, without a cache, as a first lesson does."""
    module = gpt_module(torch, layers, width, heads, context)
    start = torch.zeros(1, 1, dtype=torch.int64)

    @torch.no_grad()
    def step():
        tokens = start
        while tokens.shape[1] < context:
            scores = module(tokens)[:, -1]
            tokens = torch.cat((tokens, scores.argmax(-1, keepdim=True)), 1)
        tokens.tolist()
        return tokens

    return step


def generation_by_hand(jax, layers, width, heads, context):
    """JAX wants one shape: all places from the start, those not yet written being unseen by those before them."""
    parameters = jax.tree.map(jax.numpy.array, initial(gpt_shapes(layers, width, context)))

    @jax.jit
    def generate(parameters, tokens):
        def advance(place, tokens):
            scores = scored(jax, parameters, layers, heads, tokens)[:, place]
            return tokens.at[:, place + 1].set(scores.argmax(-1).astype(tokens.dtype))

        return jax.lax.fori_loop(0, context - 1, advance, tokens)

    start = jax.numpy.zeros((1, context), int)

    def step():
        tokens = generate(parameters, start)
        tokens.tolist()
        return tokens

    return step


def trained_at_depth(layers, steps):
    sizes = {"layers": layers, "width": 128, "heads": 4, "batch": 12, "context": 64}
    name = f"GPT of 128, {layers} layer{'s' if layers > 1 else ''}"
    return Workload(name, gpt, gpt_by_hand, steps, sizes, {"layers": min(layers, 2), "width": 8, "heads": 2, "batch": 2, "context": 4}, depth=layers)


WORKLOADS = [
    *(trained_at_depth(layers, steps) for layers, steps in ((1, 12), (2, 8), (4, 6), (8, 6))),
    Workload("generation, context to 64", generation, generation_by_hand, 6,
             {"layers": 2, "width": 64, "heads": 4, "context": 64}, {"layers": 1, "width": 8, "heads": 2, "context": 6}),
]
