"""Foreign text that our databases can store."""

from __future__ import annotations

import re

#: Text that JSON allows and databases do not: NUL and half a surrogate pair.
NOWHERE = "\x00\ud800-\udfff"
#: They count as two characters on SQL Server: a text of 255 would not fit a column of 255.
COUNTED_TWICE = "\U00010000-\U0010ffff"

REFUSED = re.compile(f"[{NOWHERE}]")
UNSTORABLE = re.compile(f"[{NOWHERE}{COUNTED_TWICE}]")
INSTEAD = "\ufffd"


def storable(text: str) -> str:
    """The text for a column of limited length, with a replacement for each that does not fit."""
    return UNSTORABLE.sub(INSTEAD, text)


def storable_in_json(text: str) -> str:
    """The text for a JSON column, which has no length: only what no database takes is replaced."""
    return REFUSED.sub(INSTEAD, text)
