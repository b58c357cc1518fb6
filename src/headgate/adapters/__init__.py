"""One technology a file, named <technology>_<port>.py."""
