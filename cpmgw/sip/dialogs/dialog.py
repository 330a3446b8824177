"""What both sides of a dialog know, and the requests that it makes (RFC 3261 12)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Final, TypeAlias

import msgspec

from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.fields import MAX_CSEQ
from cpmgw.sip.headers import Headers
from cpmgw.sip.message import Request, Response
from cpmgw.sip.uri import SipUri, Uri

DialogId: TypeAlias = tuple[str, str, str]
"""Call-ID, our tag, their tag (RFC 3261 12)."""

# What a peer may have us keep of it: its route set, with both addresses and Contact.
MOST_ROUTES: Final = 32
MOST_OCTETS: Final = 8192
CHALLENGES: Final = (401, 407)


class Dialog:
    """One side of a dialog (RFC 3261 12).

    `target` is the peer's Contact, `routes` the route set; `local` and `remote` are
    From and To of our requests. Of these there is one for each call, so it is no
    Struct and keeps no message. `local_cseq` is 0 until we have sent something,
    `remote_cseq` -1 until the peer has.
    """

    __slots__ = (
        "id",
        "is_caller",
        "local",
        "local_cseq",
        "remote",
        "remote_cseq",
        "routes",
        "target",
    )

    def __init__(
        self,
        id: DialogId,
        local: str,
        remote: str,
        target: Uri,
        routes: tuple[str, ...],
        *,
        local_cseq: int = 0,
        remote_cseq: int = -1,
        is_caller: bool,
    ) -> None:
        self.id = id
        self.local = local
        self.remote = remote
        self.target = target
        self.routes = routes
        self.local_cseq = local_cseq
        self.remote_cseq = remote_cseq
        self.is_caller = is_caller

    @classmethod
    def of_server(cls, request: Request, response: Response) -> Dialog:
        """The dialog of a request that came and our answer, which has a tag (12.1.1).

        Fails with SipSyntaxError where the Contact is none to send to, or where there
        is too much to keep.
        """
        routes = tuple(request.headers.all("Record-Route"))
        return cls(
            (request.call_id, response.to.tag or "", request.from_.tag or ""),
            response.headers.raw("To")[0],
            request.headers.raw("From")[0],
            _target(request),
            _bounded(request, routes),
            remote_cseq=request.cseq.number,
            is_caller=False,
        )

    @classmethod
    def of_client(cls, request: Request, response: Response) -> Dialog:
        """The dialog of a request of ours and an answer that came (12.1.2).

        The number is that of the answer: the request may have been sent anew with
        credentials. Fails as `of_server` does.
        """
        routes = tuple(reversed(response.headers.all("Record-Route")))
        return cls(
            (request.call_id, request.from_.tag or "", response.to.tag or ""),
            request.headers.raw("From")[0],
            response.headers.raw("To")[0],
            _target(response),
            _bounded(response, routes),
            local_cseq=response.cseq.number,
            is_caller=True,
        )

    @classmethod
    def unusable(cls, request: Request, response: Response) -> Dialog:
        """What an ACK and a BYE can be sent by where `of_client` fails.

        Where the Contact is none to send to, they go where the INVITE went; without the
        route set, where that is too much.
        """
        routes = tuple(reversed(response.headers.all("Record-Route")))
        if len(routes) > MOST_ROUTES or sum(map(len, routes)) > MOST_OCTETS:
            routes = ()
        target = request.uri
        with suppress(SipSyntaxError):
            target = _target(response)
        return cls(
            (request.call_id, request.from_.tag or "", response.to.tag or ""),
            request.headers.raw("From")[0],
            response.headers.raw("To")[0],
            target,
            routes,
            local_cseq=response.cseq.number,
            is_caller=True,
        )

    @classmethod
    def of_notify(cls, subscribe: Request, notify: Request) -> Dialog:
        """The dialog of a SUBSCRIBE of ours that a NOTIFY has made (RFC 6665 4.4.1).

        Fails as `of_server` does.
        """
        routes = tuple(notify.headers.all("Record-Route"))
        return cls(
            (subscribe.call_id, subscribe.from_.tag or "", notify.from_.tag or ""),
            subscribe.headers.raw("From")[0],
            notify.headers.raw("From")[0],
            _target(notify),
            _bounded(notify, routes),
            local_cseq=subscribe.cseq.number,
            remote_cseq=notify.cseq.number,
            is_caller=True,
        )

    def request(
        self, method: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> Request:
        """A request within the dialog, numbered one higher than the last (12.2.1.1)."""
        if self.local_cseq >= MAX_CSEQ:
            raise SipSyntaxError("no number is left in the dialog")
        self.local_cseq += 1
        return self._numbered(self.local_cseq, method, headers, body)

    def ack(self, cseq: int) -> Request:
        """The ACK of the 2xx to the INVITE of this number (13.2.2.4)."""
        return self._numbered(cseq, "ACK", (), b"")

    def _numbered(
        self, cseq: int, method: str, headers: Iterable[tuple[str, str]], body: bytes
    ) -> Request:
        fields = [
            ("Max-Forwards", "70"),
            *[("Route", each) for each in self.routes],
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.id[0]),
            ("CSeq", f"{cseq} {method}"),
            *headers,
        ]
        return Request(method, self.target, Headers(fields), body)

    def answered(self, response: Response) -> None:
        """Take note of the number of a request, which credentials may have raised."""
        self.local_cseq = max(self.local_cseq, response.cseq.number)

    def heard(self, response: Response) -> None:
        """A challenge has come: what it is for goes again, numbered one higher (22.2).

        Other responses change nothing.
        """
        if response.status in CHALLENGES:
            self.local_cseq = max(self.local_cseq, response.cseq.number + 1)

    def in_order(self, request: Request) -> bool:
        """Whether a request that came is newer than all before it (12.2.2)."""
        number = request.cseq.number
        if number <= self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    def refresh_target(self, message: Request | Response) -> None:
        """Send to the Contact of this message from now on, if it has one (12.2).

        It is a re-INVITE or an UPDATE that was accepted, or a 2xx to one. A Contact
        that is none to send to changes nothing.
        """
        if "Contact" not in message.headers:
            return
        try:
            target = _target(message)
        except SipSyntaxError:
            return
        if len(str(target)) <= MOST_OCTETS:
            self.target = target


def id_of(request: Request) -> DialogId:
    """The dialog that a request within one says it is of, as we know it (12.2.2)."""
    return (request.call_id, request.to.tag or "", request.from_.tag or "")


def _target(message: Request | Response) -> SipUri:
    """The URI of the one Contact, as a Request-URI may be (19.1.1)."""
    contacts = message.headers.addresses("Contact")
    if len(contacts) != 1:
        raise SipSyntaxError("Not One Contact")
    uri: Uri = contacts[0].uri
    if not isinstance(uri, SipUri):
        raise SipSyntaxError("Contact Is No SIP URI")
    if uri.headers:
        uri = msgspec.structs.replace(uri, headers=())
    return uri.without_parameter("method") if uri.has("method") else uri


def _bounded(message: Request | Response, routes: tuple[str, ...]) -> tuple[str, ...]:
    """The route set, if it and the addresses are not too much to keep."""
    size = sum(map(len, routes))
    for name in ("From", "To", "Call-ID", "Contact"):
        size += sum(map(len, message.headers.raw(name)))
    if len(routes) > MOST_ROUTES or size > MOST_OCTETS:
        raise SipSyntaxError("Too Much Of A Dialog")
    return routes
