"""The console's lists and forms of the ground floor."""

from paysync.admin import audit, connections, inbox, jobs, preflight, setup, users

__all__ = ["audit", "connections", "inbox", "jobs", "preflight", "setup", "users"]
