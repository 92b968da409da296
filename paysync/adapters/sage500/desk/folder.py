"""The folder of one connection: outbox, inbox, done, rejected. Whole files or none, never over one.

A file on its way out is first written beside its place as `.<name>.part`, which no site looks at.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from paysync.domain.errors import RecordError, UnavailableError

SYSTEM = "sage500"
PARTS = ("outbox", "inbox", "done", "rejected")
#: Files looked at in one round.
MOST_FILES = 500
UNFINISHED = (".part", ".tmp", ".done")
#: What `kept_name` puts before a name.
KEPT = re.compile(r"(\d{7,})-")
SLUG = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True, slots=True)
class InFile:
    """A file in the inbox. is_plain: no link, no device. is_marked: its .done file is there."""

    name: str
    size: int
    modified_ns: int
    is_plain: bool
    is_marked: bool


@contextmanager
def reaching(what: str) -> Iterator[None]:
    """A folder that does not answer is an outage, like any other."""
    try:
        yield
    except OSError as error:
        raise UnavailableError(SYSTEM, f"{what}: {error.strerror or error}") from error


class DeskFolder:
    """`<root>/<slug>`. The root comes from the settings and must be there; the rest is made."""

    def __init__(self, root: str, slug: str) -> None:
        if not root or not os.path.isabs(root):
            raise RecordError("ERP_FILES_DIR is not set to the folder that is shared with the site")
        if not SLUG.fullmatch(slug):
            raise RecordError(f"{slug!r} is no name for a folder")
        self._root = Path(root)
        self._path = self._root / slug

    def make(self) -> None:
        """Make the four folders. Never the root: one that is not mounted must not be replaced."""
        with reaching(f"the folder {self._root} cannot be used"):
            if not self._root.is_dir():
                raise UnavailableError(SYSTEM, f"the folder {self._root} is not there")
            for part in PARTS:
                (self._path / part).mkdir(mode=0o770, parents=True, exist_ok=True)

    def is_usable(self) -> bool:
        """Whether files can be made and removed in each of the four."""
        self.make()
        return all(os.access(self._path / part, os.R_OK | os.W_OK | os.X_OK) for part in PARTS)

    # --- out ------------------------------------------------------------------------------------

    def stage(self, name: str, content: bytes) -> None:
        """Write the whole file beside its place, safely on the disk."""
        with reaching("the outbox cannot be written"):
            path = self._path / "outbox" / f".{name}.part"
            write_through(path, content)

    def publish(self, name: str, digest: str) -> None:
        """Let a staged file leave, once: where nothing lies beside its place, it has left already.

        Raises RecordError when the file is not the one we staged, or its place is taken.
        """
        with reaching("the outbox cannot be written"):
            outbox = self._path / "outbox"
            staged, place = outbox / f".{name}.part", outbox / name
            if not staged.exists():
                return
            if hashlib.sha256(staged.read_bytes()).hexdigest() != digest:
                raise RecordError(f"{staged.name} is not as it was written")
            if place.exists():
                raise RecordError(f"{name} is in the outbox already: it is not written over")
            staged.rename(place)
            sync_folder(outbox)

    # --- in -------------------------------------------------------------------------------------

    def inbox(self) -> list[InFile]:
        """The files there now, by name."""
        with reaching("the inbox cannot be read"):
            found = {}
            with os.scandir(self._path / "inbox") as entries:
                for entry in entries:
                    if not entry.is_dir(follow_symlinks=False):
                        found[entry.name] = entry.stat(follow_symlinks=False)
            names = sorted(n for n in found if not n.startswith(".") and not n.endswith(UNFINISHED))
            return [
                InFile(
                    name,
                    found[name].st_size,
                    found[name].st_mtime_ns,
                    is_plain=(found[name].st_mode & 0o170000) == 0o100000,
                    is_marked=f"{name}.done" in found,
                )
                for name in names[:MOST_FILES]
            ]

    def read(self, file: InFile) -> bytes | None:
        """The content; None when the file is gone or changed while it was read."""
        try:
            handle = os.open(self._path / "inbox" / file.name, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        with reaching(f"{file.name} cannot be read"), os.fdopen(handle, "rb") as source:
            content = source.read(file.size + 1)
            after = os.fstat(source.fileno())
        same = (after.st_size, after.st_mtime_ns) == (file.size, file.modified_ns)
        return content if same and len(content) == file.size else None

    def put_away(self, file: InFile, import_pk: int, *, to: str) -> None:
        """Move a file out of the inbox, under a name that nothing else has."""
        place = self._path / "inbox" / file.name
        kept = self._path / to / self.kept_name(file.name, import_pk)
        with reaching(f"{file.name} cannot be moved"):
            with suppress(FileNotFoundError):  # another worker moved it, or we did before we died
                place.rename(kept)
                give_back_another(kept, place, file)
            place.with_name(f"{file.name}.done").unlink(missing_ok=True)

    def write_errors(self, name: str, import_pk: int, text: str) -> None:
        """Put the error file beside the rejected one. Opened in a spreadsheet, so with a mark."""
        with reaching("the error file cannot be written"):
            kept = f"{self.kept_name(name, import_pk)}.errors.csv"
            path = self._path / "rejected" / kept
            staged = path.with_name(f".{kept}.{token_hex(4)}.part")  # two workers may be at it
            write_through(staged, text.encode("utf-8-sig"))
            staged.rename(path)

    def drop_done(self, import_pks: Collection[int]) -> None:
        """Remove the files of these imports from `done`. What the site put there stays."""
        with reaching("the folder of done files cannot be tidied"):
            with os.scandir(self._path / "done") as entries:
                names = [entry.name for entry in entries if not entry.is_dir(follow_symlinks=False)]
            for name in names:
                number = KEPT.match(name)
                if number and int(number[1]) in import_pks:
                    (self._path / "done" / name).unlink(missing_ok=True)

    @staticmethod
    def kept_name(name: str, import_pk: int) -> str:
        return f"{import_pk:07d}-{safe_name(name)}"


def give_back_another(kept: Path, place: Path, file: InFile) -> None:
    """A site that wrote a new file over the one we read gets it back: it was not taken in."""
    found = kept.stat(follow_symlinks=False)
    if (found.st_size, found.st_mtime_ns) != (file.size, file.modified_ns):
        kept.rename(place if not place.exists() else place.with_name(f"again-{file.name}"))


def safe_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)[:100]


def write_through(path: Path, content: bytes) -> None:
    """Write a file, over what a worker that died may have left, and wait for the disk."""
    with open(path, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
