"""Checkpoints as PyTorch writes them: a zip archive of records, one of them a pickle that names the others."""
