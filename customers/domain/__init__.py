"""Who is who, as pure functions."""
