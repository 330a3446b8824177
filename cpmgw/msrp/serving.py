"""The requests of one connection, and how they are answered (RFC 4975 7.2, 7.3)."""

from __future__ import annotations

from typing import Final, Protocol

from cpmgw.msrp.errors import MsrpSyntaxError
from cpmgw.msrp.frames import (
    BAD,
    NO_SESSION,
    OK,
    UNKNOWN_METHOD,
    Flag,
    Request,
    write_answer,
)
from cpmgw.msrp.interfaces import FailureReport
from cpmgw.msrp.reception import Chunk, Complete, Reception

# A request that is refused is answered when so many octets of it have been passed over.
_EARLY: Final = 64 * 1024


class Session(Protocol):
    """What a connection knows of a session."""

    reception: Reception

    @property
    def has_begun(self) -> bool:
        """Whether the other side is known."""

    @property
    def is_connected(self) -> bool:
        """Whether it is bound to a connection."""

    def admit(self, request: Request, connection: object) -> int:
        """Whether it is for this session: 0, or the status that refuses it."""

    def deliver(self, complete: Complete, request: Request) -> None:
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


class _Nowhere:
    """A connection that is no more."""

    def reply(self, frame: bytes) -> None:
        """Nobody hears it."""


_NOWHERE: Final = _Nowhere()


class Serving:
    """Takes one request after the other; of each the head, the body, the end."""

    def __init__(self, carrier: Carrier, sessions: Sessions) -> None:
        self._carrier: Carrier = carrier
        self._sessions = sessions
        self._request: Request | None = None
        self._session: Session | None = None
        self._chunk: Chunk | None = None
        self._status = 0
        self._passed = 0
        self._answered = False
        self._binds = False

    def waits_for(self, request: Request) -> Session | None:
        """The session that has to begin before a request can be judged."""
        session = None if request.fault else self._sessions.find(request)
        return None if session is None or session.has_begun else session

    def skip(self) -> None:
        """The rest of a request is passed over: it is answered elsewhere."""
        self._request = self._chunk = self._session = None

    def begin(self, request: Request, now: float) -> None:
        """The head of a request is here."""
        self._request, self._chunk, self._session = request, None, None
        self._status, self._passed, self._answered = 0, 0, False
        if request.fault:
            self._status = BAD
            return
        session = self._session = self._sessions.find(request)
        if request.method not in ("SEND", "REPORT"):
            self._status = UNKNOWN_METHOD
        elif session is None or not session.has_begun:
            self._status = NO_SESSION
        else:
            self._binds = not session.is_connected
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
        if isinstance(ended, Complete) and self._binds and not ended.received.body.size:
            ended.received.body.close()  # it binds, and says nothing (RFC 6135 4.2.3)
            session.reception.answered(ended.octets)
            self._finish(request, OK)
        elif isinstance(ended, Complete):
            session.deliver(ended, request)
        else:
            self._finish(request, ended)

    def leave(self, session: object) -> None:
        """A session is no more: what is coming for it is refused."""
        if self._session is session:
            self._chunk = self._session = None
            self._status = NO_SESSION

    def stop(self) -> None:
        """The connection is gone, and is not held any longer."""
        self._carrier = _NOWHERE
        self._request = self._chunk = self._session = None

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
    if request.method == "REPORT" or not (request.to_path and request.from_path):
        return b""
    wanted = wanted_of(request)
    if wanted is FailureReport.NO or (wanted is FailureReport.PARTIAL and status == OK):
        return b""
    return write_answer(request, status)


def wanted_of(request: Request) -> FailureReport:
    """Which answers are wanted; all of them where that cannot be understood."""
    try:
        return request.failure_report
    except MsrpSyntaxError:
        return FailureReport.YES
