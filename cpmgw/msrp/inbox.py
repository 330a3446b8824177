"""Whole messages of one session: to its user, and what he says back to the peer."""

from __future__ import annotations

from collections import deque
from typing import Final, Protocol

import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from cpmgw.msrp.frames import OK, TOO_LARGE, Request, write_report
from cpmgw.msrp.identifiers import new_ident
from cpmgw.msrp.interfaces import IMsrpUser
from cpmgw.msrp.nobody import NOBODY
from cpmgw.msrp.reception import Complete, Reception
from cpmgw.msrp.serving import answer_to, wanted_of

# What a message gets whose user failed over it: send no more of it (RFC 4975 10.5).
_USER_FAILED: Final = TOO_LARGE


class Line(Protocol):
    """The connection that messages have come over."""

    def began_work(self, inbox: Inbox, waiting: int) -> None:
        """One more message is to be answered; so many wait for their turn."""

    def finished_work(self, inbox: Inbox, answer: bytes, waiting: int) -> None:
        """One has been answered; so many wait for their turn."""

    def reply(self, frame: bytes) -> None:
        """Answer."""


class _Arrival(msgspec.Struct):
    """A message, and how to answer it; one that waits keeps little of its head."""

    complete: Complete
    request: Request
    line: Line

    def slim(self) -> None:
        """It waits."""
        wanted = wanted_of(self.request)
        reports = self.complete.received.success_report
        self.request = self.request.slim(wanted, all_the_way=reports)


class Inbox:
    """Gives a user as many messages at once as he may have; the others wait.

    More than `most_waiting` do not: they are refused with 413. Its session holds it and
    is not held by it, so that both go by their reference counts.
    """

    _log = Logger()

    def __init__(
        self,
        user: IMsrpUser,
        reception: Reception,
        *,
        unanswered: int,
        most_waiting: int,
    ) -> None:
        self._user = user
        self._reception = reception
        self._unanswered = unanswered
        self._most_waiting = most_waiting
        self._waiting: deque[_Arrival] = deque()
        self._asked = 0
        self._going_on = False

    def take(self, complete: Complete, request: Request, line: Line) -> None:
        """A message is here whole."""
        if len(self._waiting) >= self._most_waiting:
            complete.received.body.close()
            self._reception.answered(complete.octets)
            line.reply(answer_to(request, TOO_LARGE))
            return
        arrival = _Arrival(complete, request, line)
        if self._asked < self._unanswered and not self._waiting:
            line.began_work(self, 0)
            if not self._ask(arrival).called:
                arrival.slim()
        else:
            arrival.slim()
            self._waiting.append(arrival)
            line.began_work(self, len(self._waiting))

    def close(self) -> None:
        """Its session is over: those that wait are for nobody."""
        self._user = NOBODY
        while self._waiting:
            self._ask(self._waiting.popleft())

    def _ask(self, arrival: _Arrival) -> Deferred[None]:
        self._asked += 1
        size = arrival.complete.received.body.size
        status: Deferred[int] = Deferred.fromCoroutine(self._status(arrival))
        return status.addCallback(self._answer, arrival, size)

    async def _status(self, arrival: _Arrival) -> int:
        received = arrival.complete.received
        try:
            return await self._user.message(received)
        except Exception:
            self._log.failure("the user of a session failed over a message")
            received.body.close()
            return _USER_FAILED

    def _answer(self, status: int, arrival: _Arrival, size: int) -> None:
        """The user has answered; a REPORT follows a 200 where it is wanted (7.1.2)."""
        self._asked -= 1
        self._reception.answered(arrival.complete.octets)
        request = arrival.request
        answer = answer_to(request, status)
        if status == OK and arrival.complete.received.success_report:
            answer += write_report(request, new_ident(), request.to_path[0], OK, size)
        if self._waiting:
            self._go_on()
        arrival.line.finished_work(self, answer, len(self._waiting))

    def _go_on(self) -> None:
        """Whose turn it is now goes to the user; he may answer at once."""
        if self._going_on:
            return
        self._going_on = True
        try:
            while self._waiting and self._asked < self._unanswered:
                self._ask(self._waiting.popleft())
        finally:
            self._going_on = False
