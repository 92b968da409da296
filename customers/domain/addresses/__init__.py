"""Addresses: as mail is addressed in the US, as Sage 500 can hold them, and what that changed."""

from customers.domain.addresses.address import Address, Change, Standardized
from customers.domain.addresses.fitting import SAGE_LIMITS, fit
from customers.domain.addresses.standardizing import standardize

__all__ = ["SAGE_LIMITS", "Address", "Change", "Standardized", "fit", "standardize"]
