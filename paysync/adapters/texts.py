"""Foreign text that our databases can store."""

from __future__ import annotations

import re

#: Text that JSON allows and databases do not: NUL and half a surrogate pair. And characters beyond
#: U+FFFF: they count as two on SQL Server, so that a text of 255 would not fit a column of 255.
UNSTORABLE = re.compile("[\x00\ud800-\udfff\U00010000-\U0010ffff]")


def storable(text: str) -> str:
    """The text, with a replacement character for each that no database stores."""
    return UNSTORABLE.sub("\ufffd", text)
