"""The Sage 500 twin: the subset of tables we know, behind our documented HTTP contract.

A stand-in, not Sage 500. What it invents beyond the known facts says so where it does.
"""
