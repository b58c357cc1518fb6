"""Files that arrive in pieces: kept, proven whole, and only then handed over."""
