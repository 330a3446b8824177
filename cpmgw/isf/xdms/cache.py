"""What is remembered of documents in an XDMS, and for how long. Time is a value."""

from __future__ import annotations

import msgspec

from cpmgw.interfaces import PreferenceState
from cpmgw.isf.xdms.rules import PreferenceDocument


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What became of asking for a user's document.

    `document` is there where `state` is FOUND; otherwise `reason` says why it is not.
    Until `fresh` it is used without asking again, until `usable` while the XDMS does
    not answer. `etag` names its version (RFC 4825 7.11).
    """

    state: PreferenceState
    reason: str = ""
    document: PreferenceDocument | None = None
    etag: str = ""
    fresh: float = 0.0
    usable: float = 0.0


class DocumentCache:
    """The last answers by user, so many at the most; the longest unused goes first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: dict[str, Remembered] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, xui: str) -> Remembered | None:
        """What is remembered of a user, fresh or not."""
        entry = self._entries.pop(xui, None)
        if entry is not None:
            self._entries[xui] = entry
        return entry

    def put(self, xui: str, entry: Remembered) -> None:
        """Remember this, in place of what was."""
        self._entries.pop(xui, None)
        self._entries[xui] = entry
        while len(self._entries) > self._limit:
            del self._entries[next(iter(self._entries))]
