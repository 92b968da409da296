"""Reports of the console: pages of their own in its shell."""
