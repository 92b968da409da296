"""A Sage 500 that we can only hand things to: its rules, its files, what it tells us."""
