"""Documents from an XDMS: HTTP as XCAP uses it, by treq (RFC 4825 7). I/O only.

Nothing of what the server says is followed or obeyed: no redirect, no cookie, no
compression; each document has a limit in octets and in time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from OpenSSL import SSL
from service_identity import VerificationError
from treq.client import HTTPClient
from twisted.internet import error
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.client import Agent, HTTPConnectionPool, ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IResponse
from zope.interface import implementer

from cpmgw.config import XdmsConfig
from cpmgw.cpm import product
from cpmgw.errors import CpmgwError
from cpmgw.isf.xdms.endpoints import XcapEndpoints
from cpmgw.isf.xdms.xui import document_url

# Seconds that an unused connection is kept.
IDLE: Final = 60
# A longer one is as good as none.
MOST_ETAG: Final = 256

_ACCEPT: Final = "application/auth-policy+xml, application/xml, text/xml"


class XcapError(CpmgwError):
    """A document that was not had; `reason` is a word for it.

    One of "timeout", "too-large", "refused", "unresolved", "unreachable", "tls",
    "lost", "cancelled" and "failure".
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Reply(msgspec.Struct, frozen=True):
    """What the XDMS answered; `media_type` is in lower case and without parameters."""

    status: int
    body: bytes = b""
    etag: str = ""
    media_type: str = ""


class XcapClient:
    """Gets the documents of users from one XDMS ([xdms])."""

    log = Logger()

    def __init__(self, reactor: Any, config: XdmsConfig) -> None:
        self._reactor = reactor
        self._config = config
        self._pool = HTTPConnectionPool(reactor)
        self._pool.maxPersistentPerHost = config.concurrency
        self._pool.cachedConnectionTimeout = IDLE
        endpoints = XcapEndpoints(reactor, config)
        agent = Agent.usingEndpointFactory(reactor, endpoints, self._pool)
        self._http = HTTPClient(_PlainAgent(agent))

    def get(self, xui: str, etag: str = "") -> Deferred[Reply]:
        """The document of a user, or 304 if it still is the one with this ETag.

        Fails with XcapError; cancelled, it closes its connection.
        """
        work: Deferred[Reply] = Deferred.fromCoroutine(self._get(xui, etag))
        work.addTimeout(self._config.timeout, self._reactor, _out_of_time)
        return work.addErrback(self._explain)

    def close(self) -> Deferred[None]:
        """Close the connections that are kept."""
        closed: Deferred[None] = self._pool.closeCachedConnections()
        return closed

    async def _get(self, xui: str, known: str) -> Reply:
        config = self._config
        login = (config.username, config.password)
        response = await self._http.get(
            document_url(config.root, config.auid, xui, config.document),
            headers=self._headers(xui, known),
            auth=login if config.username else None,
            allow_redirects=False,
            unbuffered=True,
            reactor=self._reactor,
        )
        body = await _body_of(response, config.max_size)
        etag = _header(response, b"etag")
        return Reply(
            response.code,
            body,
            etag if len(etag) <= MOST_ETAG else "",
            _header(response, b"content-type").partition(";")[0].strip().lower(),
        )

    def _headers(self, xui: str, etag: str) -> Headers:
        """Who asks, for whom (3GPP TS 24.109), and what is known already."""
        headers = Headers({"User-Agent": [product.OWN_PRODUCT], "Accept": [_ACCEPT]})
        if self._config.asserted_identity:
            headers.setRawHeaders(self._config.asserted_identity, [f'"{xui}"'])
        if etag:
            headers.setRawHeaders("If-None-Match", [etag])
        return headers

    def _explain(self, failure: Failure) -> Reply:
        """Fail with the word for what went wrong."""
        reason = _reason(failure)
        if reason == "failure":
            self.log.failure("XDMS could not be asked", failure)
        raise XcapError(reason)


def _out_of_time(result: Reply | Failure, seconds: float) -> Reply:
    if isinstance(result, Failure):
        raise XcapError("timeout")
    return result


def _reason(failure: Failure) -> str:
    """A word for a failure; a connection says what it ended with in `reasons`."""
    value = failure.value
    if isinstance(value, XcapError):
        return value.reason
    for kind, reason in _REASONS:
        if isinstance(value, kind):
            return reason
    inner: Iterable[Failure] | None = getattr(value, "reasons", None)
    if inner is None:
        return "failure"
    words = {_reason(each) for each in inner}
    return next((word for word in ("tls", "too-large") if word in words), "lost")


# The first that fits.
_REASONS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (SSL.Error, "tls"),
    (VerificationError, "tls"),
    (error.ConnectionRefusedError, "refused"),
    (error.DNSLookupError, "unresolved"),
    (error.TimeoutError, "timeout"),
    (error.ConnectingCancelledError, "cancelled"),
    (CancelledError, "cancelled"),
    (error.ConnectError, "unreachable"),
    (error.ConnectionClosed, "lost"),
)


def _header(response: IResponse, name: bytes) -> str:
    """A header of a response that stands there once, "" if there is none such."""
    values: list[bytes] = response.headers.getRawHeaders(name, [])
    text = values[0].decode("ascii", "replace") if len(values) == 1 else ""
    return text if text.isascii() and text.isprintable() else ""


# -- bodies ----------------------------------------------------------------------------


def _body_of(response: IResponse, limit: int) -> Deferred[bytes]:
    """The octets of a body; XcapError ("too-large") as soon as there are too many."""
    body = _Body(limit, response.length)
    response.deliverBody(body)
    return body.done


class _Body(Protocol):
    """Collects a body up to a limit; cancelling `done` ends the connection."""

    def __init__(self, limit: int, announced: int | str) -> None:
        self.done: Deferred[bytes] = Deferred(lambda _: self._drop())
        self._limit = limit
        self._announced = announced if isinstance(announced, int) else 0
        self._octets = bytearray()

    def connectionMade(self) -> None:
        """Refuse what is announced to be too large."""
        self._check(self._announced)

    def dataReceived(self, data: bytes) -> None:
        """Collect."""
        if not self.done.called:
            self._octets += data
            self._check(len(self._octets))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The body is over, or cut."""
        if self.done.called:
            return
        if reason.check(ResponseDone, PotentialDataLoss):
            self.done.callback(bytes(self._octets))
        else:
            self.done.errback(reason)

    def _check(self, size: int) -> None:
        if size > self._limit and not self.done.called:
            self.done.errback(XcapError("too-large"))
            self._drop()

    def _drop(self) -> None:
        if self.transport is not None:
            self.transport.loseConnection()


# -- what is left out ------------------------------------------------------------------


@implementer(IAgent)
class _PlainAgent:
    """Takes documents as they are: treq would inflate them, and keep cookies."""

    def __init__(self, agent: IAgent) -> None:
        self._agent = agent

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: Any = None,
    ) -> Deferred[IResponse]:
        """Ask for nothing compressed; what is so all the same is not read."""
        headers = Headers() if headers is None else headers.copy()
        headers.setRawHeaders(b"accept-encoding", [b"identity"])
        asked: Deferred[IResponse] = self._agent.request(
            method, uri, headers, bodyProducer
        )
        return asked.addCallback(_without_extras)


def _without_extras(response: IResponse) -> IResponse:
    for name in (b"content-encoding", b"set-cookie"):
        response.headers.removeHeader(name)
    return response
