"""Matching rules: drafted by one person, tried on the past, put in force by another."""

from reconciliation.services.rules.activating import (
    activate_rule_set,
    objections_to,
    obstacles_to,
)
from reconciliation.services.rules.drafting import (
    discard_draft,
    draft_rule_set,
    lock_draft,
    save_settings,
)
from reconciliation.services.rules.editing import (
    add_rule,
    move_rule,
    remove_rule,
    save_rule,
    save_rules,
)

__all__ = [
    "activate_rule_set",
    "add_rule",
    "discard_draft",
    "draft_rule_set",
    "lock_draft",
    "move_rule",
    "objections_to",
    "obstacles_to",
    "remove_rule",
    "save_rule",
    "save_rules",
    "save_settings",
]
