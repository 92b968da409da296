"""The console's lists and forms of the ground floor."""

from paysync.admin import (
    api,
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
    "api",
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
