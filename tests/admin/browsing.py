"""A browser of octets for the web site."""

from __future__ import annotations

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from cpmgw.config.changes import Changes
from tests.support.network import MemoryNetwork

PLACE = "tcp:8080:interface=127.0.0.1"


class Reply(msgspec.Struct, frozen=True):
    """An HTTP response, taken apart."""

    status: int
    headers: dict[str, str]
    body: bytes


class Browser(Protocol):
    """Collects what comes."""

    def __init__(self) -> None:
        self.octets = b""
        self.is_gone = False

    def dataReceived(self, data: bytes) -> None:
        self.octets += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.is_gone = True

    def reply(self) -> Reply:
        """The first response."""
        head, _, body = self.octets.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        pairs = (line.split(": ", 1) for line in lines)
        headers = {name.lower(): value for name, value in pairs}
        return Reply(int(first.split()[1]), headers, body)


def open_browser(network: MemoryNetwork, peer: str = "127.0.0.1") -> Browser:
    """A connection to the site, from this address."""
    browser = Browser()
    endpoint = TCP4ClientEndpoint(network, "127.0.0.1", 8080, bindAddress=(peer, 0))
    network.result_of(connectProtocol(endpoint, browser))
    return browser


def ask(
    network: MemoryNetwork,
    path: str,
    method: str = "GET",
    *lines: str,
    peer: str = "127.0.0.1",
) -> Browser:
    """One request on a connection of its own; a Host may be among its lines."""
    browser = open_browser(network, peer)
    assert browser.transport is not None
    head = [f"{method} {path} HTTP/1.1", *lines, "Connection: close"]
    if not any(line.lower().startswith("host:") for line in lines):
        head.append("Host: gw")
    browser.transport.write("\r\n".join([*head, "", ""]).encode("latin-1"))
    network.settle()
    return browser


def fetch(
    network: MemoryNetwork,
    path: str,
    method: str = "GET",
    *lines: str,
    peer: str = "127.0.0.1",
) -> Reply:
    """The answer to one request."""
    return ask(network, path, method, *lines, peer=peer).reply()


def unasked() -> Deferred[Changes]:
    """What a site is given that nobody asks to reload."""
    raise AssertionError("nobody asked for it")
