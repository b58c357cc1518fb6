"""Last step: evidence and the signed receipt."""
