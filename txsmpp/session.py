"""One SMPP session, either side, without I/O: octets and time in, events out (2.2).

The shell calls `receive`, `request`, `respond` and, when `timer()` is due, `expire`; it
then takes every `next_event()` and writes what `take()` gives. Any of them may change
when `timer()` is due.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from typing import Any

from txsmpp.codec import encode, refusal, renumber
from txsmpp.errors import (
    BindFailed,
    ConnectionLost,
    InvalidPdu,
    NotBound,
    ProtocolError,
    QueueFull,
    ResponseTimeout,
    SmppError,
)
from txsmpp.events import (
    Bound,
    Ended,
    Event,
    Failed,
    Noted,
    Requested,
    SessionOptions,
    told,
)
from txsmpp.framer import Framer
from txsmpp.outstanding import OUTSIDE_WINDOW, Outstanding, Owed, Pending
from txsmpp.pdu import (
    RESPONSES,
    EnquireLink,
    GenericNack,
    Pdu,
    Response,
    Unbind,
    answer,
)
from txsmpp.state import (
    BIND_ANSWERS,
    BINDS,
    BOUND,
    COME_AGAIN,
    Side,
    State,
    allowed,
    refused_with,
)
from txsmpp.status import CommandStatus


class Session:
    """The rules of one session; `now` is any clock's seconds that never go back."""

    def __init__(self, side: Side, options: SessionOptions, now: float) -> None:
        self.state = State.OPEN
        self._side = side
        self._options = options
        self._framer = Framer(options.max_pdu)
        self._outstanding = Outstanding(options.response_timeout)
        self._owed: dict[int, Owed] = {}
        self._held: deque[Pdu] = deque()
        self._events: deque[Event] = deque()
        self._out: list[bytes] = []
        self._began = self._heard = self._active = now
        self._deaf_since: float | None = None
        self._leaving: float | None = None
        self._peer_unbind: Pdu | None = None
        self._congested_since: float | None = None

    # -- what the shell asks -------------------------------------------------------

    @property
    def free(self) -> int:
        """How many more requests the window has room for."""
        closed = self._leaving is not None or self._congested_since is not None
        if closed or self.state not in BOUND:
            return 0
        return self._options.window - self._outstanding.windowed

    @property
    def owed(self) -> int:
        """How many requests of the peer's wait for our answer."""
        return len(self._owed) + len(self._held)

    @property
    def saturated(self) -> bool:
        """Whether the peer takes nothing and has so much unanswered: read no more."""
        return self._deaf_since is not None

    def next_event(self, now: float) -> Event | None:
        """The next thing the shell has to know, None if there is nothing."""
        peer_window = self._options.peer_window
        while not self._events:
            full = len(self._owed) >= peer_window
            if full or not self._held or self._congested_since is not None:
                self._hear_again(now)
                return None
            self._admit(self._held.popleft(), now)
        return self._events.popleft()

    def take(self) -> bytes:
        """The octets to be written, once."""
        octets = b"".join(self._out)
        self._out.clear()
        return octets

    # -- what the shell does -------------------------------------------------------

    def request(
        self, pdu: Pdu, now: float, token: Any = None, octets: bytes | None = None
    ) -> int:
        """Send a request and give its sequence number; the answer brings `token` back.

        `octets` are the encoded PDU where they are known. NotBound if the state does
        not allow it (table 2-1), QueueFull if the window does not.
        """
        kind = type(pdu)
        if self._leaving is not None or not allowed(self._side, kind, self.state):
            raise NotBound(f"{kind.__name__} in state {self.state.value}")
        windowed = kind in RESPONSES and kind not in OUTSIDE_WINDOW
        if windowed and self._outstanding.windowed >= self._options.window:
            raise QueueFull("the window is full")
        return self._issue(kind, octets or encode(pdu), now, token)

    def respond(self, response: Response, now: float) -> None:
        """Answer a request of the peer's; nothing happens if it waits no longer.

        A bind that is refused ends the session.
        """
        owed = self._owed.get(response.sequence_number)
        if owed is None:
            return
        self._out.append(encode(response))
        del self._owed[response.sequence_number]
        if type(owed.request) in BINDS:
            if response.command_status:
                self._end(BindFailed(response.command_status))
                return
            self._become_bound(BINDS[type(owed.request)], now)
        if self._leaving is not None:
            self._leave_if_settled(now)

    def receive(self, data: bytes, now: float) -> None:
        """Octets from the peer."""
        if self.state is State.CLOSED:
            return
        self._heard = now
        for item in self._framer.feed(data):
            if isinstance(item, Response):
                self._settle(item, now)
            elif isinstance(item, InvalidPdu):
                self._refuse(item, now)
            elif not self._full() or self._goes_ahead(item):
                self._admit(item, now)
            elif self._turns_away(item):
                self._turn_away(item)
            else:
                self._held.append(item)
            if self._ended():
                return
        if self._deaf_since is None and self._overwhelmed():
            self._deaf_since = now

    def congest(self, congested: bool, now: float) -> None:
        """Whether what was sent piles up here: then nothing new is for this peer.

        A session that stays so for the time an answer may take ends.
        """
        self._congested_since = now if congested else None

    def unbind(self, now: float, within: float | None = None) -> None:
        """Leave: nothing new is sent, what is open is settled, then unbind (4.2).

        That may take `within` seconds, `unbind_timeout` by default; another call can
        only shorten it.
        """
        if self.state is State.OPEN:
            self._end(None)
        elif self.state in BOUND:
            until = now + (self._options.unbind_timeout if within is None else within)
            earlier = self._leaving
            self._leaving = until if earlier is None else min(earlier, until)
            self._leave_if_settled(now)

    def lost(self, reason: str) -> None:
        """The connection is gone."""
        if self.state is not State.CLOSED:
            self._end(ConnectionLost(reason))

    def timer(self) -> float | None:
        """When `expire` has something to do."""
        if self.state is State.CLOSED:
            return None
        return min(self._deadlines(), default=None)

    def expire(self, now: float) -> None:
        """Do what is due."""
        if self.state is State.CLOSED:
            return
        self._expire_owed(now)
        if self._leaving is not None and self._leaving <= now:
            self._give_up_leaving()
            return
        since = self._congested_since
        if since is not None and since + self._options.response_timeout <= now:
            self._end(ResponseTimeout("the peer takes nothing"))
            return
        if self._deaf_since is not None:
            return
        self._expire_pending(now)
        if self._ended():
            return
        options = self._options
        if self.state is State.OPEN:
            if options.bind_timeout and self._began + options.bind_timeout <= now:
                self._end(ResponseTimeout("no bind in time"))
        elif self._idle_until() <= now:
            self.unbind(now)
        elif self._enquires() and self._heard + options.enquire_link <= now:
            self._issue(EnquireLink, encode(EnquireLink()), now, None)

    # -- requests of ours ----------------------------------------------------------

    def _issue(self, kind: type[Pdu], octets: bytes, now: float, token: Any) -> int:
        """Number a request, send it and wait for its answer if it has one."""
        number = self._outstanding.number()
        self._out.append(renumber(octets, number))
        if kind in RESPONSES:
            self._outstanding.add(number, kind, now, token)
            if kind not in OUTSIDE_WINDOW:
                self._active = now
        return number

    def _settle(self, response: Response, now: float) -> None:
        """A response came (2.7.2: in any order)."""
        pending = self._outstanding.take(response.sequence_number)
        kind = type(response)
        if pending is None:
            self._note(f"{kind.__name__} that answers nothing")
            return
        if kind is not RESPONSES[pending.request] and kind is not GenericNack:
            error = ProtocolError(f"{kind.__name__} answers {pending.request.__name__}")
            self._fail(pending, error)
            self._end(error)
            return
        if pending.request is Unbind:
            self._end(None)
            return
        if kind in BIND_ANSWERS and not response.command_status:
            self._become_bound(BIND_ANSWERS[kind], now)
        if pending.token is not None:
            self._events.append(told(response, pending.token))
        if self._leaving is not None:
            self._leave_if_settled(now)

    def _fail(self, pending: Pending, error: SmppError) -> None:
        if pending.token is not None:
            self._events.append(Failed(error, pending.token))

    def _expire_pending(self, now: float) -> None:
        """Give up the requests whose time is over; a dead link ends the session."""
        while pending := self._outstanding.overdue(now):
            error = ResponseTimeout(f"no answer to {pending.request.__name__} in time")
            self._fail(pending, error)
            sent = pending.deadline - self._options.response_timeout
            if pending.request is EnquireLink and self._heard <= sent:
                self._end(error)
                return
        self._leave_if_settled(now)

    # -- requests of the peer's ----------------------------------------------------

    def _full(self) -> bool:
        """Whether requests have to be held back."""
        waits = bool(self._held) or self._congested_since is not None
        return waits or len(self._owed) >= self._options.peer_window

    def _goes_ahead(self, pdu: Pdu) -> bool:
        """enquire_link goes past what is held, unless its answer would not leave."""
        return isinstance(pdu, EnquireLink) and self._congested_since is None

    def _overwhelmed(self) -> bool:
        """Whether answers do not leave and requests go on coming."""
        waiting = len(self._held) + len(self._owed)
        congested = self._congested_since is not None
        return congested and waiting >= self._options.peer_window

    def _turns_away(self, pdu: Pdu) -> bool:
        """Whether to have it come later; answers to us come this way: we read on."""
        last = type(pdu) is Unbind and len(self._held) < self._options.peer_window
        return self._congested_since is None and not last

    def _turn_away(self, pdu: Pdu) -> None:
        """Ask the peer to come again later, if it does not wait already."""
        number = pdu.sequence_number
        waits = number in self._owed or number in {
            h.sequence_number for h in self._held
        }
        if type(pdu) in RESPONSES and not waits:
            self._out.append(encode(answer(pdu, COME_AGAIN[self._side])))

    def _admit(self, pdu: Pdu, now: float) -> None:
        """A request came: answer it here, or have it answered."""
        kind, number = type(pdu), pdu.sequence_number
        if not allowed(self._side.other, kind, self.state) or (
            kind in BINDS and self._owed
        ):
            self._deny(pdu)
        elif kind is EnquireLink:
            self._out.append(encode(answer(pdu)))
        elif kind is Unbind:
            self._peer_unbind = pdu
            self.state = State.UNBOUND
            self._leaving = now + self._options.unbind_timeout
            self._leave_if_settled(now)
        elif number in self._owed:
            self._note(f"{kind.__name__} repeats a number that waits for its answer")
        else:
            if kind in RESPONSES:
                self._owed[number] = Owed(pdu, now + self._options.answer_timeout)
            self._active = now
            self._events.append(Requested(pdu))

    def _deny(self, pdu: Pdu) -> None:
        """Answer a request that has no place in this state (table 2-1)."""
        kind = type(pdu)
        status = refused_with(self._side.other, kind, self.state)
        if kind in BINDS and self.state is State.OPEN:
            status = CommandStatus.ESME_RALYBND
        self._note(f"{kind.__name__} in state {self.state.value}: {status.name}")
        if kind in RESPONSES:
            self._out.append(encode(answer(pdu, status)))

    def _refuse(self, error: InvalidPdu, now: float) -> None:
        """Octets came that are no PDU; answer them, settle what they meant (4.3)."""
        self._note(str(error))
        answered = refusal(error)
        if answered is not None:
            self._out.append(encode(answered))
        if error.fatal or self._congested_since is not None:
            self._end(error)
        elif answered is None:
            pending = self._outstanding.take(error.sequence_number)
            if pending is not None:
                self._fail(pending, error)
                self._leave_if_settled(now)

    def _expire_owed(self, now: float) -> None:
        """Answer for those who have not answered in time."""
        for owed in list(self._owed.values()):
            if owed.deadline > now:
                return
            self._note(f"{type(owed.request).__name__} was not answered here in time")
            self.respond(answer(owed.request, CommandStatus.ESME_RSYSERR), now)

    def _hear_again(self, now: float) -> None:
        """The peer is read again: the time it was not does not count against it."""
        if self._deaf_since is None or self._overwhelmed():
            return
        lost, self._deaf_since = now - self._deaf_since, None
        self._heard += lost
        self._outstanding.postpone(lost)

    # -- the session itself --------------------------------------------------------

    def _become_bound(self, state: State, now: float) -> None:
        self.state = state
        self._active = now
        self._events.append(Bound(state))

    def _enquires(self) -> bool:
        """Whether the link is to be tested: not while a test is under way."""
        return (
            self._options.enquire_link > 0
            and not self._outstanding.enquiring
            and self.state in BOUND
        )

    def _idle_until(self) -> float:
        """When the session has been idle too long: never while it leaves."""
        if not self._options.inactivity or self._leaving is not None:
            return math.inf
        return self._active + self._options.inactivity

    def _deadlines(self) -> Iterator[float]:
        """Each moment at which something is due."""
        options = self._options
        if self._leaving is not None:
            yield self._leaving
        if self._congested_since is not None:
            yield self._congested_since + options.response_timeout
        for owed in self._owed.values():
            yield owed.deadline
            break
        if self._deaf_since is not None:
            return
        if (first := self._outstanding.deadline()) is not None:
            yield first
        if self.state is State.OPEN:
            if options.bind_timeout:
                yield self._began + options.bind_timeout
        elif self.state in BOUND:
            if (idle_until := self._idle_until()) < math.inf:
                yield idle_until
            if self._enquires():
                yield self._heard + options.enquire_link

    def _leave_if_settled(self, now: float) -> None:
        """Once nothing is open either way, say unbind, or answer the peer's (4.2)."""
        if self._leaving is None or self._outstanding.windowed or self.owed:
            return
        if self._peer_unbind is not None:
            self._out.append(encode(answer(self._peer_unbind)))
            self._end(None)
        elif self.state in BOUND:
            self._issue(Unbind, encode(Unbind()), now, None)
            self._leaving = now + self._options.unbind_timeout
            self.state = State.UNBOUND

    def _give_up_leaving(self) -> None:
        """What is open was not settled in time."""
        if self._peer_unbind is not None:
            self._out.append(encode(answer(self._peer_unbind)))
        self._end(ResponseTimeout("the session was not settled before unbind"))

    def _end(self, error: SmppError | None) -> None:
        """Nothing more is sent or heard; every request that waits fails."""
        self.state = State.CLOSED
        self._leaving = None
        self._owed.clear()
        self._held.clear()
        reason = f": {error}" if error else ""
        for pending in self._outstanding.clear():
            self._fail(pending, ConnectionLost(f"the session ended{reason}"))
        self._events.append(Ended(error))

    def _ended(self) -> bool:
        return self.state is State.CLOSED

    def _note(self, detail: str) -> None:
        self._events.append(Noted(detail))
