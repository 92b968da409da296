"""Tables of who pays."""

from customers.models.aliases import PayerAlias
from customers.models.customers import Customer, CustomerLink

__all__ = ["Customer", "CustomerLink", "PayerAlias"]
