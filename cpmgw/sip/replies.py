"""What goes by another connection, its own being gone (RFC 3261 9.1, 18.2.2)."""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.sip import uas
from cpmgw.sip.connections import Connections
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.fields import Via
from cpmgw.sip.parser import Limits, parse_datagram
from cpmgw.sip.resolver import DEFAULT_PORTS, Hop
from cpmgw.sip.transport import Flow, SipConnection, UdpFlow

_log = Logger()


def reply_flow(via: Via, flow: Flow) -> Flow:
    """Where the answer goes (RFC 3261 18.2.2, RFC 3581 4)."""
    if not isinstance(flow, UdpFlow):
        return flow
    port = uas.reply_port(via, flow.port)
    return flow if port == flow.port else UdpFlow(flow.socket, flow.host, port)


def send_back(
    data: bytes,
    flow: SipConnection,
    connections: Connections,
    limits: Limits,
    *,
    stopping: bool,
) -> None:
    """Send a response by another connection to where its Via says.

    It is dropped where that is the very connection that is gone, and while stopping.
    """
    try:
        via = parse_datagram(data, limits).via
    except SipSyntaxError as error:
        _log.debug("a response was lost: {error}", error=error)
        return
    port = via.port or DEFAULT_PORTS[flow.peer.transport]
    if stopping or (port == flow.peer.port and via.has("rport")):
        return
    hop = Hop(flow.peer.transport, flow.peer.host, port, via.host)
    there = connections.find(hop)
    if there is not None:
        there.send(data)
        return
    made = connections.reach_back(hop)
    made.addCallback(lambda connection: connection.send(data))
    made.addErrback(_lost)


def send_anew(
    data: bytes,
    flow: SipConnection,
    connections: Connections,
    failed: Callable[[], None],
) -> None:
    """Send what follows a request by a new connection to where the request went, once.

    It has the branch of the request, by which the peer knows what it belongs to.
    """
    peer = flow.peer
    hop = Hop(peer.transport, peer.host, peer.port, flow.peer_name)

    def send(connection: SipConnection) -> None:
        if not connection.send(data):
            failed()

    def unreachable(failure: Failure) -> None:
        _log.debug("cannot follow a request: {error}", error=failure.value)
        failed()

    there = connections.find(hop)
    if there is not None:
        send(there)
        return
    connections.reach(hop).addCallbacks(send, unreachable)


def _lost(failure: Failure) -> None:
    _log.debug("a response was lost: {error}", error=failure.value)
