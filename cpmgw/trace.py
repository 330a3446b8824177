"""The newest requests with what the selection found of them: why one failed, and how.

One object a gateway, a ring of bounded length; a request that is told of has no number
in full and nothing of its content in it. All calls come from the reactor's thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec

from cpmgw.isf.findings import Finding, Selection


class Attempt(msgspec.Struct, frozen=True):
    """One selection and what came of it: the status of the IWF's answer, 0: none.

    `cause` is the word that a refusal is counted by, `section` what asks for it.
    """

    selection: Selection
    status: int = 0
    cause: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One request from CPM outside of a dialog; `at` in seconds since 1970.

    `originator` and `target` are masked. `status` is the final answer, `cause`,
    `section` and `warning` are empty unless the gateway itself refused the request.
    """

    at: float
    call_id: str
    method: str
    kind: str
    originator: str
    target: str
    attempts: tuple[Attempt, ...]
    status: int
    cause: str = ""
    section: str = ""
    warning: str = ""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that was found, attempt after attempt."""
        return tuple(
            finding for each in self.attempts for finding in each.selection.findings
        )

    def __str__(self) -> str:
        return "; ".join(map(str, self.findings))


class Trace:
    """The last `limit` requests, and no more."""

    def __init__(self, limit: int) -> None:
        self._entries: deque[Entry] = deque(maxlen=limit)

    def add(self, entry: Entry) -> None:
        """Keep one more; the oldest makes room."""
        self._entries.append(entry)

    def keep(self, limit: int) -> None:
        """Keep so many from now on; what is too old for that goes."""
        self._entries = deque(self._entries, maxlen=limit)

    def __len__(self) -> int:
        return len(self._entries)

    def newest(self, call_id: str = "") -> Iterator[Entry]:
        """Those with this Call-ID (all without one), the newest first."""
        for entry in reversed(self._entries):
            if not call_id or entry.call_id == call_id:
                yield entry
