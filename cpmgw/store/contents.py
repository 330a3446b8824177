"""The contents of mail: in rows while they are small, else in files beside them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from secrets import token_bytes
from typing import Final, NamedTuple

import msgspec
from twisted.logger import Logger

from cpmgw.bodies.interfaces import IBody
from cpmgw.errors import StoreError
from cpmgw.mail_records import InboxMail
from cpmgw.store import inbox, secrets
from cpmgw.store.kept_files import KeptFiles

_NAME: Final = "directory of bodies"
_NAME_OCTETS: Final = 8
_MOST_HEADER: Final = 65_536
_END_OF_HEADER: Final = re.compile(rb"\n\r?\n")


class Arrival(NamedTuple):
    """A mail as it is to be kept, and what has its file be safe before its row is.

    That waits for the disk, and gives the mail with its header; None where the content
    goes with the row.
    """

    mail: InboxMail
    secure: Callable[[], InboxMail] | None


class Contents:
    """What all mails have in octets; `open` before use.

    `root` is the directory for the files; there are so many open `mails`, and so many
    `octets` of them.
    """

    log = Logger()

    def __init__(self, root: str) -> None:
        self._root = root
        self._files = KeptFiles(root, "")
        self.octets = 0
        self.mails = 0

    def open(self, cursor: sqlite3.Cursor) -> None:
        """Bring files and rows together, before anybody else uses the database.

        Files that no row names go: their mail was not acknowledged, or is done. Of mail
        whose file is lost only the header is left (`InboxMail.is_lost`). Raises a
        StoreError where a whole directory is missing, an OSError where files cannot be
        looked at.
        """
        own = secrets.secret(cursor, _NAME, token_bytes(_NAME_OCTETS))
        self._files = KeptFiles(self._root, own.hex())
        self._files.sweep(self._needed(cursor))
        self.mails, self.octets = inbox.stored(cursor)

    def _needed(self, cursor: sqlite3.Cursor) -> set[Path]:
        """The files of open mails."""
        needed = set()
        for mail in inbox.in_files(cursor):
            path = self._files.find(mail.path, mail.size)
            if path is None:
                if not mail.path.parent.is_dir():
                    raise StoreError(
                        f"there is mail in {mail.path.parent}, which is not there: "
                        "mount it, or make it anew if that mail is lost"
                    )
                self.log.error(
                    "mail {key} of {service} is lost: {path} is not there or not whole",
                    key=mail.key,
                    service=mail.service,
                    path=str(mail.path),
                )
                inbox.lost(cursor, mail.key)
                continue
            if path != mail.path:
                inbox.moved(cursor, mail.key, path)
            needed.add(path)
        return needed

    def arrival(self, mail: InboxMail, body: IBody) -> Arrival:
        """A mail of this body; it counts from now on, until it is freed.

        The body may be closed once the mail is kept, or is not.
        """
        self.octets += body.size
        self.mails += 1
        settled = mail.settled or ("",) * len(mail.recipients)
        kept = msgspec.structs.replace(mail, size=body.size, settled=settled)
        if body.path is None:
            return Arrival(msgspec.structs.replace(kept, content=body.read()), None)
        file = self._files.file(body)
        kept = msgspec.structs.replace(kept, path=file.path)

        def secure() -> InboxMail:
            file.secure()
            return msgspec.structs.replace(kept, content=_header(file.path))

        return Arrival(kept, secure)

    def free(self, size: int, path: Path | None) -> None:
        """A mail is done, or was not kept: it does not count, and its file goes."""
        self.octets -= size
        self.mails -= 1
        if path is not None:
            self._files.remove(path)


def _header(path: Path) -> bytes:
    """The header of a mail, which is all that is left of it should the file be lost."""
    with path.open("rb") as file:
        octets = file.read(_MOST_HEADER)
    found = _END_OF_HEADER.search(octets)
    return octets if found is None else octets[: found.end()]
