"""Third step: what a person must decide."""
