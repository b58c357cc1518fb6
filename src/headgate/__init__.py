"""Headgate: takes data in verifiably, checks it, holds what a person must see, publishes once, archives with proof."""

__version__ = "0.1.0"
