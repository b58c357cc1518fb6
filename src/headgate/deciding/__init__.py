"""What people do with cases: planned, proposed, agreed, executed. Without HTTP and without printing."""
