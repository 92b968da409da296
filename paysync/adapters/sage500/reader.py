"""What a question to the site's database needs: nothing but reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Reader(Protocol):
    """Reads the site's database. `?` marks a parameter."""

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows. Raises an ExternalError."""
        ...
