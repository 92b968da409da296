"""Customers for programs, under /api/v1/."""
