"""Synthetic data with known defects and an answer key."""
