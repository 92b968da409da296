"""Papers about a dispute: checked, kept outside of what the web server gives out."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied

from paysync.domain.errors import RecordError, RuleError
from paysync.services.audit import record
from reconciliation.domain.disputes.documents import MOST_DOCUMENTS, clean_name, type_of
from reconciliation.models import DisputeDocument, DisputeEvent
from reconciliation.services.disputing.deciding import locked_case, require
from reconciliation.services.disputing.events import note
from reconciliation.services.disputing.opening import CHANGES

SEES = "reconciliation.view_disputedocument"


def add_document(
    dispute_id: int, name: str, content: bytes, *, folder: Path, user: AbstractUser, now: datetime
) -> DisputeDocument:
    """Keep a paper. The same content twice is kept once.

    The file is whole on the disk before its row is written: a crash in between leaves a file that
    no row names, never a row without its file. Raises RuleError for a type or size that is not
    taken.
    """
    actor = require(user, CHANGES)
    kind = type_of(name, content)
    digest = hashlib.sha256(content).hexdigest()
    with locked_case(dispute_id) as (dispute, _):
        held = dispute.documents.filter(sha256=digest).first()
        if held is not None:
            return held
        if dispute.documents.count() >= MOST_DOCUMENTS:
            raise RuleError(f"A case has {MOST_DOCUMENTS} papers at most.")
        stored_as = write(folder, content)
        made = DisputeDocument.objects.create(
            dispute=dispute,
            name=clean_name(name),
            content_type=kind.content_type,
            size=len(content),
            sha256=digest,
            stored_as=stored_as,
            added_by=actor,
            added_at=now,
        )
        note(dispute, DisputeEvent.Kind.DOCUMENT, f"{made.name} added.", actor, now)
        record(actor, "dispute document", dispute, {"name": made.name, "sha256": digest})
    return made


def write(folder: Path, content: bytes) -> str:
    """Write under a name of our own, readable by us alone. Returns the name."""
    name = secrets.token_hex(20)
    waiting = folder / f".{name}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with waiting.open("xb") as file:
            waiting.chmod(0o600)
            file.write(content)
        waiting.rename(folder / name)
    except OSError as error:
        with suppress(OSError):
            waiting.unlink()
        raise RuleError("The document could not be kept: the disk said no.") from error
    return name


def read_document(
    document_id: int, *, folder: Path, user: AbstractUser, now: datetime
) -> tuple[DisputeDocument, bytes]:
    """A paper's content, for who may see it; that somebody read it is written down.

    Raises RecordError where the file is gone or is not what was kept.
    """
    if not user.has_perm(SEES):
        raise PermissionDenied
    row = DisputeDocument.objects.select_related("dispute").get(pk=document_id)
    try:
        content = (folder / row.stored_as).read_bytes()
    except OSError as error:
        raise RecordError(f"{row.name} is not in the folder of documents any more.") from error
    if hashlib.sha256(content).hexdigest() != row.sha256:
        raise RecordError(f"{row.name} is not the document that was kept.")
    record(str(user.get_username()), "dispute document read", row.dispute, {"name": row.name})
    return row, content
