"""Benchmarks: measured figures of the README, each with the command that gives them."""
