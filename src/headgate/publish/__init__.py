"""Fifth step: exactly once into the tables."""
