"""What a step costs under facade, under PyTorch eager and hand-written in one `jax.jit`.

    python -m benchmarks          the whole table, and what recording and dispatch cost
    python -m benchmarks --help   one workload, other backends (`torch.compile`), wall time beside CPU time
    python -m benchmarks.micro    recording and dispatch alone

`workloads` holds the programs, `worker` measures one of them on one backend in a process of its own, `table` turns
measurements into rows; `micro` measures what no single workload shows.
"""
