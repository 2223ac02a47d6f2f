"""Tests of the alias and the command line."""
