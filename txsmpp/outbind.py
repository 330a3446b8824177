"""Connections that an SM-SC makes to an ESME, asking it to bind (SMPP 3.4 2.2.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import ServerFactory

from txsmpp.connection import EsmeConnection
from txsmpp.errors import SmppError
from txsmpp.interfaces import IEsmeHandler
from txsmpp.options import Bind, ClientOptions
from txsmpp.pdu import Outbind, Pdu, Response

DEFAULT_SESSIONS = 10


class OutboundBind(EsmeConnection):
    """Waits for outbind, then binds."""

    def __init__(
        self,
        clock: IReactorTime,
        bind: Bind,
        options: ClientOptions,
        handler: IEsmeHandler,
        factory: OutbindFactory,
    ) -> None:
        super().__init__(clock, bind, options, handler, factory)
        self._accepts = factory.accepts
        self._asked = False

    def introduce(self) -> None:
        """Not before we are asked."""

    async def serve(self, pdu: Pdu) -> Response | None:
        """Bind, once, or close if whoever asks is not known."""
        if not isinstance(pdu, Outbind):
            return await super().serve(pdu)
        if self._asked:
            return None
        self._asked = True
        if self._accepts(pdu):
            super().introduce()
        else:
            self.session.unbind(self.clock.seconds())
        return None


class OutbindFactory(ServerFactory):
    """Listens for SM-SCs that send outbind; `accepts` looks at its password.

    What they then send goes to the handler, as with `EsmeClient`. No more than
    `sessions` connections are held, and one that sends no outbind within
    `bind_timeout` is closed.
    """

    noisy = False

    def __init__(
        self,
        clock: IReactorTime,
        bind: Bind,
        options: ClientOptions,
        handler: IEsmeHandler,
        accepts: Callable[[Outbind], bool],
        sessions: int = DEFAULT_SESSIONS,
    ) -> None:
        self.accepts = accepts
        self.connections: set[EsmeConnection] = set()
        self._clock = clock
        self._bind = bind
        self._options = options
        self._handler = handler
        self._sessions = sessions

    def buildProtocol(self, addr: Any) -> EsmeConnection | None:
        """A connection; None, which closes it, beyond the limit."""
        if len(self.connections) >= self._sessions:
            return None
        return OutboundBind(self._clock, self._bind, self._options, self._handler, self)

    def opened(self, connection: EsmeConnection) -> None:
        """A connection was made."""
        self.connections.add(connection)

    def connected(self, connection: EsmeConnection) -> None:
        """A connection is bound."""

    def refused(self, connection: EsmeConnection, error: SmppError) -> None:
        """A bind failed."""

    def disconnected(
        self, connection: EsmeConnection, error: SmppError | None, was_bound: bool
    ) -> None:
        """A connection is gone."""
        self.connections.discard(connection)

    def pump(self) -> None:
        """Nothing is sent over connections like these."""
