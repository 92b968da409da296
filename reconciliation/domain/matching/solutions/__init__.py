"""The ways to explain a payment, one file for each kind of evidence."""
