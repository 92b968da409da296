"""Which papers a case takes: told by their content, never by their name alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from paysync.domain.errors import RuleError
from paysync.domain.redaction import redact

#: Large enough for a scanned contract; so many papers are more than any bank reads.
MOST_BYTES = 10 * 1024 * 1024
MOST_DOCUMENTS = 30
NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class FileType:
    """starts: how its content begins. endings: how its name may end."""

    content_type: str
    starts: tuple[bytes, ...]
    endings: tuple[str, ...]


TYPES = (
    FileType("application/pdf", (b"%PDF-",), (".pdf",)),
    FileType("image/png", (b"\x89PNG\r\n\x1a\n",), (".png",)),
    FileType("image/jpeg", (b"\xff\xd8\xff",), (".jpg", ".jpeg")),
    FileType("image/tiff", (b"II*\x00", b"MM\x00*"), (".tif", ".tiff")),
)
TAKEN = "PDF, PNG, JPEG or TIFF"


def type_of(name: str, content: bytes) -> FileType:
    """What the file is, by its first bytes; its name has to say the same. Raises RuleError."""
    if not content:
        raise RuleError("The file is empty.")
    if len(content) > MOST_BYTES:
        raise RuleError(f"The file is larger than {MOST_BYTES // (1024 * 1024)} MB.")
    found = next((one for one in TYPES if content.startswith(one.starts)), None)
    if found is None:
        raise RuleError(f"The file is no {TAKEN}, whatever its name says.")
    if not name.lower().endswith(found.endings):
        raise RuleError(f"The file is {found.content_type}, but its name says something else.")
    return found


def clean_name(name: str) -> str:
    """The last part of the name, printable, without card data; its ending is kept."""
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(sign for sign in last if sign.isprintable()).strip()
    text = str(redact(shown)[0])
    if len(text) > NAME_LENGTH:
        ending = f".{text.rpartition('.')[2][:5]}"
        text = text[: NAME_LENGTH - len(ending)] + ending
    return text or "document"
