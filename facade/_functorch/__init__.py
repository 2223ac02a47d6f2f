"""What torch.func is made of (torch._functorch)."""
