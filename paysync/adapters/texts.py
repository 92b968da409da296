"""Foreign text that our databases can store."""

from __future__ import annotations

import re

#: Text that JSON allows and databases do not: NUL and half a surrogate pair.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text, with a replacement character for each that no database stores."""
    return UNSTORABLE.sub("\ufffd", text)
