"""Tables of who pays."""

from customers.models.customers import Customer, CustomerLink

__all__ = ["Customer", "CustomerLink"]
