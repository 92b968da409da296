"""The console's lists and forms of the ground floor."""

from paysync.admin import (
    audit,
    connections,
    desk,
    inbox,
    jobs,
    notices,
    preflight,
    setup,
    users,
    work_list,
)

__all__ = [
    "audit",
    "connections",
    "desk",
    "inbox",
    "jobs",
    "notices",
    "preflight",
    "setup",
    "users",
    "work_list",
]
