"""What a step costs under facade, under PyTorch eager and hand-written in one `jax.jit`.

    python -m benchmarks

prints the table.  `workloads` holds the programs, `worker` measures one of them on one backend in a process of
its own, `table` turns measurements into rows.
"""
