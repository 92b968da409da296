"""Files that were taken in long ago go, and our notes of them."""

from __future__ import annotations

from datetime import datetime

from paysync.adapters.sage500.desk.folder import DeskFolder
from paysync.adapters.sage500.desk.store import DeskFiles


def drop_done(files: DeskFiles, folder: DeskFolder, before: datetime) -> int:
    """Returns how many. Files first: a note without a file is met again, a file without is not."""
    old = frozenset(files.done_before(before))
    if old:
        folder.make()
        folder.drop_done(old)
        files.forget_done(sorted(old))
    return len(old)
