"""The SM-SC's side: sessions that ESMEs bind, for labs, tests and real centres."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.defer import Deferred, fail, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import ServerFactory

from txsmpp.codec import encode
from txsmpp.constants import VERSION_3_4
from txsmpp.errors import CannotEncode, NotBound, QueueFull, SmppError
from txsmpp.interfaces import ISmscHandler
from txsmpp.options import ServerOptions
from txsmpp.outbox import Entry, Outbox
from txsmpp.pacing import TokenBucket
from txsmpp.pdu import (
    RESPONSES,
    AlertNotification,
    BindReceiver,
    BindRequest,
    BindTransmitter,
    Pdu,
    Response,
    answer,
)
from txsmpp.protocol import SmppProtocol
from txsmpp.state import ALLOWED, RECEIVING, Side
from txsmpp.status import CommandStatus
from txsmpp.tlv import Tag, Tlv, of_integer

__all__ = ["ServerOptions", "SmscFactory", "SmscSession"]

MODES: Final = {BindTransmitter: "transmitter", BindReceiver: "receiver"}
DELIVERABLE: Final = frozenset(
    kind
    for (side, kind), states in ALLOWED.items()
    if side is Side.SMSC and states == RECEIVING
)


class SmscSession(SmppProtocol):
    """One ESME's connection; the handle that handlers get.

    `system_id`, `bind_mode` and `bind_request` are what it bound with; before, they
    are empty.
    """

    def __init__(
        self, clock: IReactorTime, options: ServerOptions, factory: SmscFactory
    ) -> None:
        super().__init__(clock, Side.SMSC, options, options.linger)
        self.system_id = ""
        self.bind_mode = ""
        self.bind_request: BindRequest | None = None
        self._options = options
        self._factory = factory
        self._bucket = TokenBucket(options.rate, clock.seconds())
        self._outbox = Outbox(options.queue_time, options.queue_time)
        self._order = 0

    # -- what users do -------------------------------------------------------------

    def deliver(self, pdu: Pdu) -> Deferred[Response]:
        """Send deliver_sm or data_sm inside the window; its response.

        It fails as `EsmeClient.submit` does. Refusals, ESME_RTHROTTLED among them, are
        given to the caller.
        """
        if type(pdu) not in DELIVERABLE or type(pdu) not in RESPONSES:
            name = type(pdu).__name__
            status = CommandStatus.ESME_RINVCMDID
            return fail(CannotEncode(name, "no SM-SC asks this", status))
        if self.session.state not in RECEIVING:
            return fail(NotBound("the ESME is not bound to receive"))
        if len(self._outbox) >= self._options.queue:
            return fail(QueueFull(f"{len(self._outbox)} requests wait"))
        try:
            octets = encode(pdu)
        except CannotEncode as error:
            return fail(error)
        self._order += 1
        entry = Entry(self, self._order, pdu, octets, self.clock.seconds())
        deferred = entry.deferred = Deferred(lambda _: self._outbox.discard(entry))
        self._outbox.add(entry)
        self.ready()
        return deferred

    def alert(self, pdu: AlertNotification) -> None:
        """Tell that a subscriber is reachable again; NotBound if that cannot be."""
        self.send(pdu, None)

    def unbind(self) -> Deferred[None]:
        """Settle what is open, unbind, close; fires when the connection is gone."""
        return self.leave()

    def connectionMade(self) -> None:
        """Count among the factory's sessions."""
        self._factory.sessions.add(self)
        super().connectionMade()

    # -- what the shell asks -------------------------------------------------------

    async def serve(self, pdu: Pdu) -> Response | None:
        """Authenticate a bind, refuse what is too fast, hand on the rest."""
        if isinstance(pdu, BindRequest):
            return await self._authenticate(pdu)
        if not self._bucket.take(self.clock.seconds()):
            return answer(pdu, CommandStatus.ESME_RTHROTTLED)
        return await self._factory.handler.request(self, pdu)

    async def _authenticate(self, pdu: BindRequest) -> Response:
        """The answer to a bind, with our version (4.1.2, 5.3.2.25).

        Before 3.4 there were no optional parameters, and an ESME of that time is sent
        none (3.4.2).
        """
        status = await self._factory.handler.authenticate(pdu)
        if status:
            return answer(pdu, status)
        self.system_id = pdu.system_id
        self.bind_mode = MODES.get(type(pdu), "transceiver")
        self.bind_request = pdu
        tlvs: tuple[Tlv, ...] = ()
        if pdu.interface_version >= VERSION_3_4:
            ours = self._options.interface_version
            tlvs = (of_integer(Tag.SC_INTERFACE_VERSION, ours),)
        return answer(pdu, system_id=self._options.system_id, tlvs=tlvs)

    def session_bound(self) -> None:
        """Tell of it."""
        self.log.info(
            "SMPP {id}: {system_id} bound", id=self.id, system_id=self.system_id
        )
        self._factory.handler.bound(self)

    def session_lost(self, error: SmppError | None, was_bound: bool) -> None:
        """Tell of it, and those who wait."""
        self._factory.sessions.discard(self)
        for entry in self._outbox.drain():
            entry.settle(NotBound("the ESME is gone"))
        if was_bound:
            self.log.info(
                "SMPP {id}: {system_id} gone", id=self.id, system_id=self.system_id
            )
            self._factory.handler.lost(self, error)

    def ready(self) -> None:
        """Send what waits, as far as the window goes; drop what waited too long."""
        for entry in self._outbox.expired(self.clock.seconds()):
            entry.settle(QueueFull("it was not its turn in time"))
        while self._outbox and self.room > 0:
            entry = self._outbox.pop()
            self.send(entry.request, entry, entry.octets)

    def answered(self, entry: Entry, response: Response) -> None:
        """The ESME's answer (`txsmpp.outbox.EntryOwner`)."""
        entry.settle(response)

    def failed(self, entry: Entry, error: SmppError) -> None:
        """There will be none."""
        entry.settle(error)


class SmscFactory(ServerFactory):
    """Makes the sessions of an SM-SC; `sessions` are those that are connected."""

    noisy = False

    def __init__(
        self, clock: IReactorTime, options: ServerOptions, handler: ISmscHandler
    ) -> None:
        self.clock = clock
        self.options = options
        self.handler = handler
        self.sessions: set[SmscSession] = set()

    def buildProtocol(self, addr: Any) -> SmscSession | None:
        """A session for a new connection; None, which closes it, beyond the limit."""
        if len(self.sessions) >= self.options.sessions:
            return None
        return SmscSession(self.clock, self.options, self)

    def unbind_all(self) -> Deferred[None]:
        """Have every session leave in order; fires when none is left."""
        leaving = [session.leave() for session in self.sessions]
        return gatherResults(leaving).addCallback(lambda _: None)
