"""One revision a file, each with all that it changes written out: it must do the same in ten years."""
