"""PyTorch's CPU random numbers: the engine (`mt19937`) and what each distribution makes of its draws (`streams`)."""
