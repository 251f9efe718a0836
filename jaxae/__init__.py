"""Autoencoder experiments in JAX: pure losses, penalties, corruptions and codes, and compiled training over grids."""
