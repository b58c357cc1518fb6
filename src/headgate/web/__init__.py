"""HTTP without logic: what a browser asks becomes one call, what the call gives becomes a page or JSON."""
