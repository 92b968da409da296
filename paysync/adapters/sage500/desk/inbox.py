"""The folder watch: take in each file of the inbox once it is whole, or reject it with reasons."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from paysync.adapters.sage500.desk.columns import FileKind
from paysync.adapters.sage500.desk.csv import MOST_BYTES, BadFileError, read_sheet
from paysync.adapters.sage500.desk.folder import DeskFolder, InFile, safe_name
from paysync.adapters.sage500.desk.importing import Import
from paysync.adapters.sage500.desk.lists import lists_of
from paysync.adapters.sage500.desk.options import FileOptions
from paysync.adapters.sage500.desk.store import DeskFiles
from paysync.adapters.sage500.desk.told import (
    Links,
    acknowledgements_of,
    links_of,
    receipts_of,
)
from paysync.domain.desk import Kept, Sighting, Taken, error_file

logger = logging.getLogger(__name__)

#: `invoices.csv`, `invoices-SOA.csv`, `invoices-20261123T180000Z.csv`, `invoices-SOA-2026…Z.csv`
NAME = re.compile(
    rf"(?P<kind>{'|'.join(FileKind)})(-(?P<company>[A-Z0-9]{{1,3}}))?"
    r"(-(?P<stamp>[0-9]{8}T[0-9]{6}Z))?\.csv",
    re.IGNORECASE,
)
#: How long before its date an export without a stamp may have begun.
EXPORT_TAKES = timedelta(minutes=15)
#: A stamp further ahead than this is wrong: it would make every later export look old.
AHEAD = timedelta(minutes=10)
#: How long receipts wait for their applications, and the other way round.
PARTNER_WAITS_S = 24 * 3600
ORDER = {kind: place for place, kind in enumerate(FileKind)}


@dataclass(frozen=True, slots=True)
class Export:
    """A file of the inbox whose name tells what it is.

    as_of: Sage 500 was so at least at this instant. seen_at: at most at this one.
    """

    file: InFile
    sighting: Sighting
    kind: FileKind
    company: str
    stamp: str
    as_of: datetime
    seen_at: datetime

    @property
    def suffix(self) -> str:
        """What receipts and their applications have in common in their names."""
        return self.file.name[len(self.kind) :].lower()


class Inbox:
    """The inbox of one connection. companies: those of the connection."""

    def __init__(
        self,
        files: DeskFiles,
        folder: DeskFolder,
        options: FileOptions,
        companies: Callable[[], list[str]],
        clock: Callable[[], datetime],
    ) -> None:
        self._files = files
        self._folder = folder
        self._options = options
        self._companies = companies
        self._clock = clock

    def take_in(self) -> int:
        """Take in every file that is whole. Safe to repeat and in two workers. How many counted.

        A file that fails in a way nobody foresaw stays there and stops no other; it is raised last.
        """
        there = self._folder.inbox()
        self._files.forget_gone([safe_name(file.name) for file in there], self._clock())
        ready = [export for file in there if (export := self._look(file))]
        ready.sort(key=lambda export: (ORDER[export.kind], export.as_of, export.file.name))
        by_name = {export.kind.value + export.suffix: export for export in ready}
        counted, failures = 0, []
        for export in ready:
            try:
                counted += self._take(export, by_name)
            except Exception as error:
                logger.exception("file not taken in", extra={"file": export.file.name})
                failures.append(error)
        if failures:
            raise failures[0]
        return counted

    # --- looking --------------------------------------------------------------------------------

    def _look(self, file: InFile) -> Export | None:
        """The file as an export that is whole; None while it is not, or when it is done with."""
        now = self._clock()
        seen = self._files.see_file(safe_name(file.name), file.size, file.modified_ns, now)
        if not seen.is_waiting:  # somebody was done with it and died before it was moved
            self._put_away(file, seen.pk, is_rejected=seen.is_rejected)
            return None
        if not self._is_whole(file, seen):
            return None
        try:
            return self._export_of(file, seen, now)
        except BadFileError as error:
            self._reject(file, seen.pk, error, kind="")
            return None

    def _is_whole(self, file: InFile, seen: Sighting) -> bool:
        """Its .done file is there, or nobody wrote to it for a while."""
        if file.is_marked or self._options.done_marker:
            return file.is_marked
        return seen.unchanged_s >= self._options.settle_seconds

    def _export_of(self, file: InFile, seen: Sighting, now: datetime) -> Export:
        name = NAME.fullmatch(file.name)
        if name is None:
            kinds = ", ".join(FileKind)
            raise BadFileError.whole(f"the name does not begin with one of {kinds} and end in .csv")
        if not file.is_plain:
            raise BadFileError.whole("it is no plain file")
        if file.size > MOST_BYTES:
            raise BadFileError.whole(f"the file is larger than {MOST_BYTES} bytes")
        company, stamp = (name["company"] or "").upper(), (name["stamp"] or "").upper()
        if company and company not in self._companies():
            raise BadFileError.whole(f"{company} is no company of this connection")
        as_of, seen_at = instants_of(file, stamp, now)
        kind = FileKind(name["kind"].lower())
        return Export(file, seen, kind, company, stamp, as_of, seen_at)

    # --- taking ---------------------------------------------------------------------------------

    def _take(self, export: Export, by_name: Mapping[str, Export]) -> int:
        if export.kind is FileKind.APPLICATIONS:
            return self._wait_for(export, by_name, FileKind.RECEIPTS)
        partner = None
        if export.kind is FileKind.RECEIPTS and self._options.applications:
            partner = by_name.get(FileKind.APPLICATIONS.value + export.suffix)
            if partner is None:
                return self._wait_for(export, by_name, FileKind.APPLICATIONS)
        try:
            kept = self._take_content(export, partner)
        except BadFileError as error:
            self._reject(export.file, export.sighting.pk, error, export.kind)
            return 0
        if kept is None:
            return 0
        for one in filter(None, (export, partner)):
            self._put_away(one.file, one.sighting.pk, is_rejected=kept is Kept.REJECTED)
        return int(kept is Kept.IMPORTED)

    def _wait_for(self, export: Export, by_name: Mapping[str, Export], other: FileKind) -> int:
        """Receipts and applications go together. Nobody waits for ever."""
        if self._options.applications:
            is_there = other.value + export.suffix in by_name
            if is_there or export.sighting.unchanged_s < PARTNER_WAITS_S:
                return 0
            error = BadFileError.whole(f"{other}{export.suffix} never came")
        else:
            error = BadFileError.whole("the options of the connection say: no applications")
        self._reject(export.file, export.sighting.pk, error, export.kind)
        return 0

    def _take_content(self, export: Export, partner: Export | None) -> Kept | None:
        """None when a file vanished or changed, or somebody else took it. Raises BadFileError."""
        content = self._folder.read(export.file)
        links = self._folder.read(partner.file) if partner else b""
        if content is None or links is None:
            return None
        try:
            return self._take_read(export, content, partner, links)
        except BadFileError as error:
            error.digest = digest_of(content)
            raise

    def _take_read(
        self, export: Export, content: bytes, partner: Export | None, links: bytes
    ) -> Kept | None:
        one = self._import_of(export, content)
        other, found = self._applications(partner, links) if partner else (None, None)
        take = self._taker(export, one, found)

        def take_both() -> Taken:
            taken = take()
            if partner and other and taken.kept is not Kept.REJECTED:
                self._note(partner, links, other, lambda: Taken(Kept.IMPORTED))
            return taken

        return self._note(export, content + links, one, take_both)

    def _applications(self, partner: Export, content: bytes) -> tuple[Import, Links]:
        """What receipts are applied to. A wrong file is rejected, and its receipts with it."""
        try:
            one = self._import_of(partner, content)
            return one, links_of(one)
        except BadFileError as error:
            error.digest = digest_of(content)
            self._reject(partner.file, partner.sighting.pk, error, partner.kind)
            text = f"{partner.file.name} could not be taken in"
            raise BadFileError.whole(text) from error

    def _import_of(self, export: Export, content: bytes) -> Import:
        sheet = read_sheet(content, self._options, is_marked=export.file.is_marked)
        return Import(export.kind, sheet, self._options, self._companies(), export.company)

    def _taker(self, export: Export, one: Import, links: Links | None) -> Callable[[], Taken]:
        """Read every row now; what is returned writes them. Raises BadFileError."""
        now, files = self._clock(), self._files
        if export.kind is FileKind.ACKNOWLEDGEMENTS:
            lines = acknowledgements_of(one)
            return lambda: files.take_acknowledgements(lines, now)
        if export.kind is FileKind.RECEIPTS:
            rows = receipts_of(one, links)
            return lambda: files.take_receipts(
                rows, as_of=export.as_of, seen_at=export.seen_at, now=now
            )
        lists = lists_of(one)
        return lambda: files.take_lists(
            lists,
            as_of=export.as_of,
            now=now,
            is_whole=export.kind.value not in self._options.partial,
            may_shrink=self._options.allow_shrink,
        )

    def _note(
        self, export: Export, content: bytes, one: Import, take: Callable[[], Taken]
    ) -> Kept | None:
        return self._files.take_file(
            export.sighting.pk,
            kind=export.kind,
            digest=digest_of(content),
            rows=len(one.sheet.rows),
            as_of=export.as_of,
            by_digest=not export.stamp,
            now=self._clock(),
            take=take,
        )

    # --- ending ---------------------------------------------------------------------------------

    def _reject(self, file: InFile, import_pk: int, error: BadFileError, kind: str) -> None:
        self._files.reject_file(
            import_pk, error.problems, kind=kind, digest=error.digest, now=self._clock()
        )
        self._put_away(file, import_pk, is_rejected=True)

    def _put_away(self, file: InFile, import_pk: int, *, is_rejected: bool) -> None:
        """Out of the inbox; a rejected file with its error file beside it."""
        if is_rejected:
            text = error_file(self._files.problems_of(import_pk))
            self._folder.write_errors(file.name, import_pk, text)
        self._folder.put_away(file, import_pk, to="rejected" if is_rejected else "done")
        self._files.put_away(import_pk, self._clock())


def instants_of(file: InFile, stamp: str, now: datetime) -> tuple[datetime, datetime]:
    """(as_of, seen_at): by the stamp in the name, else by the file's date. Raises BadFileError."""
    modified = datetime.fromtimestamp(file.modified_ns / 1e9, UTC)
    if not stamp:
        return min(modified, now) - EXPORT_TAKES, modified
    try:
        began = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise BadFileError.whole(f"{stamp} in the name is no instant") from error
    if began > now + AHEAD:
        raise BadFileError.whole(f"{stamp} in the name is still to come")
    return began, max(began, modified)


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
