"""Parts of addresses: keys that every database can look for."""

from __future__ import annotations


class KeyConverter:
    """A primary key. Longer digits are no key of ours, and break a database's integer."""

    regex = "[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)
