"""The requests of one connection, and how they are answered (RFC 4975 7.2, 7.3)."""

from __future__ import annotations

from typing import Final, Protocol

from cpmgw.msrp.errors import MsrpSyntaxError
from cpmgw.msrp.frames import Flag, Request, write_answer
from cpmgw.msrp.interfaces import FailureReport, Received
from cpmgw.msrp.reception import Chunk, Complete, Reception

OK: Final = 200
NO_SESSION: Final = 481
UNKNOWN_METHOD: Final = 501

# A request that is refused is answered when so many octets of it have been passed over.
_EARLY: Final = 64 * 1024


class Session(Protocol):
    """What a connection knows of a session."""

    reception: Reception

    @property
    def has_begun(self) -> bool:
        """Whether the other side is known."""

    def admit(self, request: Request, connection: object) -> int:
        """Whether it is for this session: 0, or the status that refuses it."""

    def deliver(self, received: Received, request: Request) -> None:
        """A message is here whole."""

    def reported(self, request: Request) -> None:
        """A REPORT has come."""

    def arrived(self) -> None:
        """A chunk has come, perhaps not the last of its message."""


class Sessions(Protocol):
    """Where sessions are found."""

    def find(self, request: Request) -> Session | None:
        """The session that a request is for."""


class Carrier(Protocol):
    """The connection."""

    def reply(self, frame: bytes) -> None:
        """Send an answer."""


class Serving:
    """Takes one request after the other; of each the head, the body, the end."""

    def __init__(self, carrier: Carrier, sessions: Sessions) -> None:
        self._carrier = carrier
        self._sessions = sessions
        self._request: Request | None = None
        self._session: Session | None = None
        self._chunk: Chunk | None = None
        self._status = 0
        self._passed = 0
        self._answered = False

    def waits_for(self, request: Request) -> Session | None:
        """The session that has to begin before a request can be judged."""
        session = self._sessions.find(request)
        return None if session is None or session.has_begun else session

    def begin(self, request: Request, now: float) -> None:
        """The head of a request is here."""
        self._request, self._chunk = request, None
        self._status, self._passed, self._answered = 0, 0, False
        session = self._session = self._sessions.find(request)
        if request.method not in ("SEND", "REPORT"):
            self._status = UNKNOWN_METHOD
        elif session is None or not session.has_begun:
            self._status = NO_SESSION
        else:
            status = session.admit(request, self._carrier)
            if self._session is not session:
                return  # its user has closed it
            self._status = status
            if request.method == "SEND" and not status:
                self._chunk = session.reception.begin(request, now)
            elif not status:
                session.reported(request)

    def put(self, data: bytes) -> None:
        """Some of its body is here."""
        chunk = self._chunk
        if chunk is not None:
            chunk.put(data)
            self._status = chunk.refused
        if self._status:
            self._passed += len(data)
            if self._passed > _EARLY:
                self._answer(self._status)

    def end(self, flag: Flag, now: float) -> None:
        """Its end-line is here."""
        request, chunk, session = self._request, self._chunk, self._session
        self._request = self._chunk = self._session = None
        if request is None:
            return
        if chunk is None or session is None:
            self._finish(request, self._status)
            return
        ended = chunk.end(flag, now)
        session.arrived()
        if isinstance(ended, Complete):
            session.deliver(ended.received, request)
        else:
            self._finish(request, ended)

    def leave(self, session: object) -> None:
        """A session is no more: what is coming for it is refused."""
        if self._session is session:
            self._chunk = self._session = None
            self._status = NO_SESSION

    def _answer(self, status: int) -> None:
        if self._request is not None:
            self._finish(self._request, status)
            self._answered = True

    def _finish(self, request: Request, status: int) -> None:
        if status and not self._answered:
            answer = answer_to(request, status)
            if answer:
                self._carrier.reply(answer)


def answer_to(request: Request, status: int) -> bytes:
    """The answer that the sender of a request wants to hear, b"" for none (7.1.2)."""
    if request.method == "REPORT":
        return b""
    try:
        wanted = request.failure_report
    except MsrpSyntaxError:
        wanted = FailureReport.YES
    if wanted is FailureReport.NO or (wanted is FailureReport.PARTIAL and status == OK):
        return b""
    return write_answer(request, status)
