"""Automatic differentiation, held against torch."""
