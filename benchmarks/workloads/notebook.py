"""A cold notebook: forty small cells, each a new expression that is shown once and never run again.

What counts is everything from the start of the process to the last output, imports included.
"""

import ast

from benchmarks.workload import Workload

# What is typed into each cell, in torch and in plain JAX; the value of the last expression is shown.
CELLS = [
    ("x = torch.arange(6.0)\nx", "x = jnp.arange(6.0)\nx"),
    ("x * 2 + 1", "x * 2 + 1"),
    ("x.reshape(2, 3)", "x.reshape(2, 3)"),
    ("x.reshape(2, 3).sum(0)", "x.reshape(2, 3).sum(0)"),
    ("x.reshape(2, 3).mean(1)", "x.reshape(2, 3).mean(1)"),
    ("torch.exp(-x)", "jnp.exp(-x)"),
    ("torch.sin(x) ** 2 + torch.cos(x) ** 2", "jnp.sin(x) ** 2 + jnp.cos(x) ** 2"),
    ("x[x > 2]", "x[x > 2]"),
    ("x[1:4]", "x[1:4]"),
    ("x.max() - x.min()", "x.max() - x.min()"),
    ("a = torch.ones(3, 4)\na", "a = jnp.ones((3, 4))\na"),
    ("a @ a.T", "a @ a.T"),
    ("a.sum()", "a.sum()"),
    ("b = torch.tensor([[1.0, 2.0], [3.0, 4.0]])\nb", "b = jnp.array([[1.0, 2.0], [3.0, 4.0]])\nb"),
    ("b.T", "b.T"),
    ("b @ b", "b @ b"),
    ("b / b.sum(1, keepdim=True)", "b / b.sum(1, keepdims=True)"),
    ("torch.cat([b, b])", "jnp.concatenate([b, b])"),
    ("torch.stack([b, b]).shape[0] * b", "jnp.stack([b, b]).shape[0] * b"),
    ("torch.softmax(b, 1)", "jax.nn.softmax(b, 1)"),
    ("(b - b.mean()) / b.std()", "(b - b.mean()) / b.std(ddof=1)"),
    ("torch.sqrt(b)", "jnp.sqrt(b)"),
    ("b.argmax(1)", "b.argmax(1)"),
    ("torch.where(b > 2, b, 0.0)", "jnp.where(b > 2, b, 0.0)"),
    ("b[0, 1] = 9.0\nb", "b = b.at[0, 1].set(9.0)\nb"),
    ("b += 1\nb", "b += 1\nb"),
    ("w = torch.tensor(3.0, requires_grad=True)\ny = w**2\ny.backward()\nw.grad", "w = jnp.array(3.0)\njax.grad(lambda w: w**2)(w)"),
    ("v = torch.ones(3, requires_grad=True)\n(v * v).sum().backward()\nv.grad", "v = jnp.ones(3)\njax.grad(lambda v: (v * v).sum())(v)"),
    ("z = torch.sigmoid(v).mean()\nz", "z = jax.nn.sigmoid(v).mean()\nz"),
    ("z.backward()\nv.grad", "2 * v + jax.grad(lambda v: jax.nn.sigmoid(v).mean())(v)"),
    ("t = torch.linspace(0, 1, 5)\nt", "t = jnp.linspace(0, 1, 5)\nt"),
    ("torch.cumsum(t, 0)", "jnp.cumsum(t)"),
    ("torch.relu(t - 0.5)", "jax.nn.relu(t - 0.5)"),
    ("torch.tanh(t)", "jnp.tanh(t)"),
    ("t.unsqueeze(1) * t", "t[:, None] * t"),
    ("torch.clamp(t, 0.2, 0.8)", "jnp.clip(t, 0.2, 0.8)"),
    ("torch.dot(t, t)", "jnp.dot(t, t)"),
    ("(t > 0.3).sum()", "(t > 0.3).sum()"),
    ("torch.log1p(t)", "jnp.log1p(t)"),
    ("torch.abs(t - t.mean())", "jnp.abs(t - t.mean())"),
]


def with_torch(torch):
    return stepper({"torch": torch}, [cell for cell, _ in CELLS])


def by_hand(jax):
    return stepper({"jax": jax, "jnp": jax.numpy}, [cell for _, cell in CELLS])


def stepper(namespace, cells):
    """A step runs and shows the next cell, and returns what was shown."""
    remaining = iter(cells)

    def step():
        value = run_cell(next(remaining), namespace)
        repr(value)
        return value

    return step


def run_cell(source, namespace):
    """Execute a cell as a notebook does and return the value of its last expression."""
    *statements, last = ast.parse(source).body
    exec(compile(ast.Module(statements, []), "<cell>", "exec"), namespace)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)


WORKLOADS = [Workload("cold notebook, 40 cells", with_torch, by_hand, steps=len(CELLS), is_cold=True)]
