"""The parts of an endpoint joined: transports, transactions, client and server."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.sip import uas
from cpmgw.sip.acknowledging import Acknowledger
from cpmgw.sip.admission import Admission
from cpmgw.sip.connections import Connections
from cpmgw.sip.errors import SipError, SipSyntaxError
from cpmgw.sip.forwarding import Rules
from cpmgw.sip.identifiers import Identifiers
from cpmgw.sip.listeners import Listeners
from cpmgw.sip.loops import LoopMarks
from cpmgw.sip.message import Request, Response
from cpmgw.sip.parser import Invalid, parse_datagram
from cpmgw.sip.replies import reply_flow, send_anew, send_back
from cpmgw.sip.resolver import Resolver, system_resolver
from cpmgw.sip.serving import Refusals, UserAgentServer
from cpmgw.sip.settings import EndpointSettings
from cpmgw.sip.transaction.layer import TransactionLayer
from cpmgw.sip.transaction.outputs import (
    Acknowledged,
    Answered,
    Arrived,
    Failed,
    Output,
    Refused,
    Send,
)
from cpmgw.sip.transport import Flow, SipConnection, UdpFlow
from cpmgw.sip.uac import UserAgentClient

# Timers may fire this much late, so that a burst of them is one call of the reactor.
_TICK: Final = 0.01
# What closing waits for connections to end.
_CLOSING: Final = 1.0


class Stack:
    """What octets go through on their way to a handler, and requests on their way out.

    It is the wire of its transports and what carries out the outputs of its layer.
    `settled` is called whenever a request may have been the last in work.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        settings: EndpointSettings,
        resolver: Resolver | None,
        identifiers: Identifiers,
        refused: Refusals,
        settled: Callable[[], None],
    ) -> None:
        self._reactor = reactor
        self._settings = settings
        self._settled = settled
        self._tick: IDelayedCall | None = None
        self._tick_at = inf
        self.layer = TransactionLayer(
            settings.timing,
            limit=settings.transactions,
            trying=partial(uas.trying, settings),
        )
        self.connections = Connections(
            reactor, self, settings.connection, settings.limits
        )
        self.listeners = Listeners(reactor, self, settings, self.connections)
        self.resolver = resolver or Resolver(
            lambda: system_resolver(reactor), transports=self.listeners.transports
        )
        self.client = UserAgentClient(
            reactor,
            settings,
            self.layer,
            self.listeners,
            self.connections,
            self.resolver,
            identifiers,
            self.perform,
        )
        self.acknowledger = Acknowledger(
            reactor,
            settings,
            self.listeners,
            self.connections,
            self.resolver,
            identifiers,
        )
        self.marks = LoopMarks(os.urandom(32))
        rules = Rules(self.marks, self.listeners.is_mine)
        self.server = UserAgentServer(
            reactor,
            settings,
            self.layer,
            identifiers,
            self.perform,
            Admission(settings, rules),
            refused,
        )

    async def close(self) -> None:
        """Give up what is in work, and close all that is open."""
        self.server.stop()
        self.client.stop()
        self.acknowledger.stop()
        self.resolver.close()
        # The ports first: what they let in later would never be closed.
        await self.listeners.stop()
        limit = self._reactor.callLater(_CLOSING, self.connections.abort)
        await self.connections.close()
        if limit.active():
            limit.cancel()
        self.layer.clear()
        if self._tick is not None:
            self._tick.cancel()
            self._tick, self._tick_at = None, inf

    # -- from the transports (Wire) -----------------------------------------------

    def datagram(self, data: bytes, flow: UdpFlow) -> None:
        """Take a datagram; what is broken is answered where it can be."""
        try:
            message = parse_datagram(data, self._settings.limits)
        except SipSyntaxError as error:
            self._broken(error, flow)
            return
        self.message(message, flow)

    def message(self, message: Request | Response, flow: Flow) -> None:
        """Take a message."""
        if isinstance(message, Request):
            flow = reply_flow(message.via, flow)
        elif not self._is_ours(message):
            self._log.debug("dropped a response that is not for us")
            return
        self.perform(self.layer.receive(message, flow, self._reactor.seconds()))

    def invalid(self, invalid: Invalid, flow: SipConnection) -> None:
        """Answer what a connection brought instead of a message."""
        self._broken(invalid.error, flow)

    def connected(self, flow: SipConnection) -> None:
        """A connection is up."""
        self.connections.added(flow)
        self._log.debug("connected with {peer}", peer=flow.peer)

    def lost(self, flow: SipConnection, reason: Failure) -> None:
        """A connection is gone: its requests get no answers."""
        self.connections.removed(flow)
        self._log.debug("{peer} is gone: {reason}", peer=flow.peer, reason=reason.value)
        self.perform(self.layer.flow_lost(flow, self._reactor.seconds()))

    def _broken(self, error: SipSyntaxError, flow: Flow) -> None:
        """Answer octets that are no valid message (RFC 4475)."""
        self._log.debug("{peer}: {error}", peer=flow.peer, error=error)
        if error.answer is None:
            return
        try:
            flow = reply_flow(error.answer.via, flow)
            self.server.refuse_without_state(error.answer, flow)
        except SipError as problem:
            self._log.debug("cannot answer it: {problem}", problem=problem)

    def _is_ours(self, response: Response) -> bool:
        """Whether we are the one it is for (RFC 3261 8.1.3.3, 16.7, 18.1.2).

        What was forwarded has the Via of its sender below ours; what we sent has none.
        """
        headers = response.headers
        lines = headers.raw("Via")
        has_more = len(lines) > 1 or ("," in lines[0] and len(headers.all("Via")) > 1)
        via = response.via
        if has_more is not self.marks.made(via.branch):
            return False
        return self.listeners.is_sent_by(via.transport, via.host, via.port)

    # -- what the layer gives -----------------------------------------------------

    def _carry(self, outputs: list[Output]) -> None:
        """Carry out what the transaction layer wants."""
        for output in outputs:
            if isinstance(output, Send):
                if not output.flow.send(output.data):  # type: ignore[attr-defined]
                    self._not_sent(output)
            elif isinstance(output, Arrived):
                self.server.arrived(output)
            elif isinstance(output, Answered):
                self.client.answered(output.key, output.response)
            elif isinstance(output, Failed):
                self.client.failed(output.key, timed_out=output.timed_out)
            elif isinstance(output, Refused):
                self.server.refused(output)
            elif isinstance(output, Acknowledged):
                self.server.acknowledged(output)
            else:
                self._log.debug("dropped a stray response")

    def perform(self, outputs: list[Output]) -> None:
        """Carry out outputs that came of something other than octets or time."""
        self._carry(outputs)
        self.schedule()
        self._settled()

    def _not_sent(self, send: Send) -> None:
        """Tell the layer, unless it may go another way.

        That is a response (18.2.2), and what follows an INVITE whose connection is
        gone: its CANCEL, and the ACK of a failure.
        """
        flow, data = send.flow, send.data
        if not isinstance(flow, SipConnection):
            self._failed(send.key)
        elif data.startswith(b"SIP/"):
            stopping = self.server.refusing
            limits = self._settings.limits
            send_back(data, flow, self.connections, limits, stopping=stopping)
        elif data.startswith((b"CANCEL ", b"ACK ")):
            failed = partial(self._failed, send.key)
            send_anew(data, flow, self.connections, failed)
        else:
            self._failed(send.key)

    def _failed(self, key: str) -> None:
        """Tell the layer that something could not be sent."""
        self._carry(self.layer.transport_error(key, self._reactor.seconds()))

    # -- time ---------------------------------------------------------------------

    def schedule(self) -> None:
        """Have the reactor call for the next deadline, all timers together."""
        earliest = min(
            self.layer.next_timer,
            self.server.alarms.earliest,
            self.client.alarms.earliest,
        )
        if earliest >= self._tick_at and self._tick is not None:
            return
        if self._tick is not None:
            self._tick.cancel()
            self._tick, self._tick_at = None, inf
        if earliest < inf:
            wait = max(earliest - self._reactor.seconds(), _TICK)
            self._tick_at = earliest
            self._tick = self._reactor.callLater(wait, self._ticked)

    def _ticked(self) -> None:
        self._tick, self._tick_at = None, inf
        now = self._reactor.seconds()
        self._carry(self.layer.handle_timers(now))
        self.client.handle_timers(now)
        self.server.handle_timers(now)
        self._settled()
        self.schedule()
