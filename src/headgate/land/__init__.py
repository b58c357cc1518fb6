"""First step: prove the bytes and keep them."""
