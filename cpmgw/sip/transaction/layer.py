"""The transaction layer: matches messages, runs the machines, keeps their timers.

Time is a value: `receive(message, flow, now)`, `next_timer`, `handle_timers(now)`; each
call gives back, in order, what the caller has to do (RFC 3261 17, RFC 6026).

A non-INVITE transaction that waits for Timer J is only its key and the octets of its
response: at 1,500 requests a second over UDP there are 50,000 of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.transaction import client, invite_client, invite_server, server
from cpmgw.sip.transaction.acknowledgement import acknowledge
from cpmgw.sip.transaction.alarms import Alarms
from cpmgw.sip.transaction.flows import Carried
from cpmgw.sip.transaction.machine import (
    Effect,
    NoTransition,
    On,
    State,
    Table,
    Timing,
    advance,
)
from cpmgw.sip.transaction.matching import client_key, merge_key, server_key
from cpmgw.sip.transaction.outputs import (
    Acknowledged,
    Answered,
    Arrived,
    Failed,
    Flow,
    Output,
    Refused,
    Send,
    Stray,
)

_FIRST_TIMER: Final = Effect.START_100
# What a stored response may take on the average; a peer makes its own as long as it
# likes, by the Via lines that are copied.
_OCTETS_EACH: Final = 1024


class _Transaction:
    """One running machine and what its effects work on."""

    __slots__ = (
        "armed",
        "data",
        "flow",
        "interval",
        "is_client",
        "key",
        "merge",
        "message",
        "serial",
        "state",
        "table",
        "to_tag",
    )

    def __init__(
        self,
        key: str,
        serial: int,
        table: Table,
        flow: Flow,
        message: Request | None,
    ) -> None:
        self.key = key
        self.serial = serial
        self.table = table
        self.flow = flow
        self.message = message
        self.is_client = False
        self.state = State.INITIAL
        self.data = b""
        self.interval = 0.0
        self.armed = 0
        self.merge = 0
        self.to_tag: str | None = None


class TransactionLayer:
    """All transactions of one endpoint, at most `limit` of them at a time.

    The responses that are stored are bounded too, by a KiB for each transaction.
    """

    def __init__(
        self,
        timing: Timing,
        *,
        limit: int = 200_000,
        trying: Callable[[Request, Flow], Response] | None = None,
    ) -> None:
        self._limit = limit
        self._trying = trying or _plain_trying
        self._delays: tuple[Mapping[int, float | None], Mapping[int, float | None]] = (
            timing.delays(reliable=False),
            timing.delays(reliable=True),
        )
        self._timing = timing
        self._trying_after = timing.non_invite_trying
        self._clients: dict[str, _Transaction] = {}
        self._carried = Carried()
        self._servers: dict[str, _Transaction] = {}
        self._settled: dict[str, bytes] = {}
        self._stored = 0
        self._merges: set[int] = set()
        self._alarms: Alarms[tuple[str, int, int]] = Alarms(self._is_stale)
        self._settled_alarms: Alarms[tuple[str, int]] = Alarms()
        self._serial = 0
        self._out: list[Output] = []

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers) + len(self._settled)

    # -- from the transaction user ------------------------------------------------

    def send(
        self, key: str, request: Request, data: bytes, flow: Flow, now: float
    ) -> list[Output]:
        """Start a client transaction; `data` is the encoded request.

        `key` is `matching.sent_key` of its branch and method; answers come under it.
        """
        is_invite = request.method == "INVITE"
        table = invite_client.TRANSITIONS if is_invite else client.TRANSITIONS
        kept = request if is_invite else None
        self._serial += 1
        transaction = _Transaction(key, self._serial, table, flow, kept)
        transaction.is_client = True
        transaction.data = data
        self._clients[key] = transaction
        self._carried.add(flow, key)
        self._step(transaction, On.SEND, None, now)
        return self._take()

    def respond(self, key: str, response: Response, now: float) -> list[Output]:
        """Answer a request; a second final answer to a non-INVITE changes nothing."""
        transaction = self._servers.get(key)
        if transaction is None:
            return []
        if transaction.table is invite_server.TRANSITIONS:
            on = _of_class(response.status, On.TU_SUCCESS, On.TU_FAILURE)
        else:
            on = _of_class(response.status, On.TU_FINAL, On.TU_FINAL)
        if (transaction.state, on) not in transaction.table:
            return []
        transaction.data = response.encode()
        if transaction.table is invite_server.TRANSITIONS:
            transaction.to_tag = response.to.tag
        self._step(transaction, on, None, now)
        return self._take()

    def forget(self, key: str) -> None:
        """Drop a client transaction whose user no longer wants an answer."""
        transaction = self._clients.pop(key, None)
        if transaction is not None:
            self._carried.discard(transaction.flow, key)

    def invited(self, cancel: Request, methods: tuple[str, ...]) -> str | None:
        """The key of the transaction a CANCEL is for, whatever its method (9.2)."""
        for method in methods:
            key = server_key(cancel, method)
            if key in self._servers or key in self._settled:
                return key
        return None

    def state(self, key: str) -> State:
        """The state of a transaction; TERMINATED when there is none."""
        transaction = self._clients.get(key) or self._servers.get(key)
        if transaction is not None:
            return transaction.state
        return State.COMPLETED if key in self._settled else State.TERMINATED

    # -- from the transport -------------------------------------------------------

    def receive(
        self, message: Request | Response, flow: Flow, now: float
    ) -> list[Output]:
        """Take a message from the wire."""
        if isinstance(message, Response):
            self._receive_response(message, now)
        elif message.method == "ACK":
            self._receive_ack(message, flow, now)
        else:
            self._receive_request(message, flow, now)
        return self._take()

    def transport_error(self, key: str, now: float) -> list[Output]:
        """What was sent under `key` did not leave."""
        transaction = self._clients.get(key) or self._servers.get(key)
        if transaction is not None:
            self._if_expected(transaction, On.TRANSPORT_ERROR, now)
        return self._take()

    def flow_lost(self, flow: Flow, now: float) -> list[Output]:
        """A connection is gone: what was sent over it gets no answer."""
        for key in self._carried.on(flow):
            transaction = self._clients.get(key)
            if transaction is not None and transaction.flow is flow:
                self._if_expected(transaction, On.TRANSPORT_ERROR, now)
        return self._take()

    # -- time ---------------------------------------------------------------------

    @property
    def next_timer(self) -> float:
        """When `handle_timers` has to be called; infinity: not at all."""
        return min(self._alarms.earliest, self._settled_alarms.earliest)

    def handle_timers(self, now: float) -> list[Output]:
        """Fire every timer that is due."""
        for key, merge in self._settled_alarms.due(now):
            self._stored -= len(self._settled.pop(key))
            self._merges.discard(merge)
        for alarm in self._alarms.due(now):
            transaction = self._running(alarm)
            if transaction is not None:
                on = On(alarm[2])
                transaction.armed &= ~(1 << on)
                self._step(transaction, on, None, now)
        return self._take()

    def clear(self) -> None:
        """Forget everything, as at the end of the process."""
        for table in (self._clients, self._servers, self._settled):
            table.clear()
        self._carried.clear()
        self._merges.clear()
        self._stored = 0
        self._alarms.clear()
        self._settled_alarms.clear()

    def _running(self, alarm: tuple[str, int, int]) -> _Transaction | None:
        """The transaction whose timer this is, if that has not been stopped."""
        key, serial, on = alarm
        transaction = self._clients.get(key) or self._servers.get(key)
        if transaction is None or transaction.serial != serial:
            return None
        return transaction if transaction.armed & (1 << on) else None

    def _is_stale(self, alarm: tuple[str, int, int]) -> bool:
        return self._running(alarm) is None

    # -- steps --------------------------------------------------------------------

    def _take(self) -> list[Output]:
        out, self._out = self._out, []
        return out

    def _receive_response(self, response: Response, now: float) -> None:
        transaction = self._clients.get(client_key(response))
        if transaction is None:
            self._out.append(Stray(response))
            return
        if transaction.table is invite_client.TRANSITIONS:
            success, failure = On.SUCCESS, On.FAILURE
        else:
            success = failure = On.FINAL
        if response.status < 200:
            on = On.PROVISIONAL
        else:
            on = success if response.status < 300 else failure
        try:
            self._step(transaction, on, response, now)
        except NoTransition:
            self._out.append(Stray(response))

    def _receive_ack(self, ack: Request, flow: Flow, now: float) -> None:
        transaction = self._servers.get(server_key(ack))
        if transaction is None or not _answers_tag(transaction, ack):
            self._out.append(Acknowledged(ack, flow))
            return
        if (transaction.state, On.ACK) in transaction.table:
            transaction.flow = flow
            self._step(transaction, On.ACK, ack, now)

    def _receive_request(self, request: Request, flow: Flow, now: float) -> None:
        key = server_key(request)
        stored = self._settled.get(key)
        if stored is not None:
            effects, _ = advance(server.TRANSITIONS, State.COMPLETED, On.REQUEST)
            if Effect.SEND in effects:
                self._out.append(Send(stored, flow, key))
            return
        transaction = self._servers.get(key)
        if transaction is not None:
            transaction.flow = flow
            self._step(transaction, On.REQUEST, request, now)
            return
        if len(self) >= self._limit or self._stored >= self._limit * _OCTETS_EACH:
            self._out.append(Refused(request, flow))
            return
        self._begin(request, flow, key, now)

    def _begin(self, request: Request, flow: Flow, key: str, now: float) -> None:
        """Make the server transaction of a new request."""
        is_invite = request.method == "INVITE"
        table = invite_server.TRANSITIONS if is_invite else server.TRANSITIONS
        self._serial += 1
        transaction = _Transaction(key, self._serial, table, flow, request)
        merge = merge_key(request)
        merged = merge in self._merges
        if merge and not merged:
            self._merges.add(merge)
            transaction.merge = merge
        self._servers[key] = transaction
        effects, transaction.state = advance(table, State.INITIAL, On.REQUEST)
        for effect in effects:
            if effect is Effect.PASS:
                self._out.append(Arrived(request, flow, key, merged))
            else:
                wait = self._timing.invite_trying if is_invite else self._trying_after
                self._arm(transaction, effect, wait, now)

    def _if_expected(self, transaction: _Transaction, on: On, now: float) -> None:
        if (transaction.state, on) in transaction.table:
            self._step(transaction, on, None, now)

    def _step(
        self,
        transaction: _Transaction,
        on: On,
        message: Request | Response | None,
        now: float,
    ) -> None:
        """Advance the machine and carry out its effects."""
        effects, state = advance(transaction.table, transaction.state, on)
        transaction.state = state
        ended = state is State.TERMINATED
        for effect in effects:
            if effect is Effect.SEND:
                if transaction.data:
                    self._send(transaction, transaction.data)
            elif effect is Effect.PASS:
                self._pass(transaction, message)
            elif effect >= _FIRST_TIMER:
                ended = self._start(transaction, effect, now) or ended
            else:
                self._other(transaction, effect, message)
        if ended:
            self._end(transaction)
        elif state is State.COMPLETED:
            if transaction.table is server.TRANSITIONS:
                self._settle(transaction, now)
            elif transaction.table is client.TRANSITIONS:
                transaction.data = b""

    def _send(self, transaction: _Transaction, data: bytes) -> None:
        self._out.append(Send(data, transaction.flow, transaction.key))

    def _pass(
        self, transaction: _Transaction, message: Request | Response | None
    ) -> None:
        if isinstance(message, Response):
            self._out.append(Answered(transaction.key, message))
        elif isinstance(message, Request):
            self._out.append(Acknowledged(message, transaction.flow))

    def _other(
        self,
        transaction: _Transaction,
        effect: Effect,
        message: Request | Response | None,
    ) -> None:
        """The effects that are rare, and STOP."""
        request = transaction.message
        if effect is Effect.STOP:
            transaction.armed = 0
        elif effect is Effect.TRYING and request is not None:
            response = self._trying(request, transaction.flow)
            transaction.data = response.encode()
            self._send(transaction, transaction.data)
        elif effect is Effect.ACK and request and isinstance(message, Response):
            ack = acknowledge(request, message)
            self._send(transaction, ack.encode())
        elif effect in (Effect.TIMEOUT, Effect.FAIL):
            self._out.append(Failed(transaction.key, effect is Effect.TIMEOUT))

    def _start(self, transaction: _Transaction, effect: Effect, now: float) -> bool:
        """Set a timer; True if it is one that on this transport fires at once."""
        delay: float | None
        if effect >= Effect.AGAIN_A:
            delay = self._timing.again(effect, transaction.interval)
            transaction.interval = delay
        else:
            delay = self._delays[transaction.flow.reliable][effect]
            if delay is None:
                return False
            if delay == 0.0:
                return True
            if effect in _REPEATED:
                transaction.interval = delay
            elif effect is Effect.START_J:
                return False
        self._arm(transaction, effect, delay, now)
        return False

    def _arm(
        self, transaction: _Transaction, effect: Effect, delay: float, now: float
    ) -> None:
        on = effect & 31
        transaction.armed |= 1 << on
        self._alarms.set(delay, (transaction.key, transaction.serial, on), now)

    def _settle(self, transaction: _Transaction, now: float) -> None:
        """Keep of a completed non-INVITE only its response, until Timer J."""
        if self._servers.pop(transaction.key, None) is None:
            return
        self._settled[transaction.key] = transaction.data
        self._stored += len(transaction.data)
        self._settled_alarms.set(
            self._timing.transaction, (transaction.key, transaction.merge), now
        )

    def _end(self, transaction: _Transaction) -> None:
        table = self._clients if transaction.is_client else self._servers
        if table.get(transaction.key) is transaction:
            del table[transaction.key]
            if transaction.is_client:
                self._carried.discard(transaction.flow, transaction.key)
        self._merges.discard(transaction.merge)


_REPEATED: Final = frozenset((Effect.START_A, Effect.START_E, Effect.START_G))


def _plain_trying(request: Request, flow: Flow) -> Response:
    return respond(request, 100)


def _of_class(status: int, success: On, failure: On) -> On:
    if status < 200:
        return On.TU_PROVISIONAL
    return success if status < 300 else failure


def _answers_tag(transaction: _Transaction, ack: Request) -> bool:
    """Whether an ACK's To tag is the one we answered with (RFC 3261 17.2.3)."""
    return transaction.to_tag is None or ack.to.tag == transaction.to_tag
