"""The layers (torch.nn.modules)."""
