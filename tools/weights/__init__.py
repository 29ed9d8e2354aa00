"""Weights of local models, by name."""
