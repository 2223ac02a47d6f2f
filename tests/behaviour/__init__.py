"""Behaviour that no operator row derives: one file for each theme, each test a few lines run in both worlds."""
