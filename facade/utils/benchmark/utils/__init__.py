"""The parts of torch.utils.benchmark under their modules' names."""
