"""Authorizations: capture them, whole or in part, and say when one is about to lapse."""

from reconciliation.services.capturing.asking import ASKS, request_capture
from reconciliation.services.capturing.sending import send_captures
from reconciliation.services.capturing.watching import watch_authorizations

__all__ = ["ASKS", "request_capture", "send_captures", "watch_authorizations"]
