"""Prefect flows: one file for each thing an operator wants to do."""
