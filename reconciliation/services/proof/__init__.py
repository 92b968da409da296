"""The proof: every invariant that the data can break, checked; each violation named by record."""

from reconciliation.services.proof.proving import prove
from reconciliation.services.proof.result import Proof, Violation

__all__ = ["Proof", "Violation", "prove"]
