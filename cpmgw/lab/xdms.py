"""An XDMS with users' documents: XCAP over HTTP, and obedient towards tests (RFC 4825).

It serves whole documents to GET, with ETags. How it answers is said by an
`XdmsBehaviour`: it can be slow, down, or lying.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final
from urllib.parse import quote, unquote

import msgspec
from twisted.internet.interfaces import IDelayedCall, IListeningPort
from twisted.internet.protocol import ServerFactory
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

AUID: Final = "org.openmobilealliance.access-rules"
DOCUMENT: Final = "access-rules"
MEDIA_TYPE: Final = "application/auth-policy+xml"

_CHUNK: Final = b" " * 4096


class XdmsBehaviour(msgspec.Struct, frozen=True, kw_only=True):
    """How the XDMS answers.

    `status` is given instead of the document, unless it is 0, with these `headers`,
    `body` instead of its octets, after `delay` seconds; with `silent` there is no
    answer. `pause` is the seconds between two octets of a body. With `endless` a body
    goes on for ever, with `cut` the connection ends in the middle of it. `has_etags`
    tells whether versions have names, `media_type` what a document calls itself.
    """

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    media_type: str = MEDIA_TYPE
    delay: float = 0.0
    pause: float = 0.0
    silent: bool = False
    endless: bool = False
    cut: bool = False
    has_etags: bool = True


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request that came: its path as it was written, and whose document it is for.

    `headers` have names in lower case; `status` is what it was answered with, 0 while
    it is not.
    """

    method: str
    path: str
    xui: str
    headers: dict[str, str]
    status: int = 0


class Xdms:
    """The documents of users, and who asked for them.

    `requests` are all that came, in order; `under_way` those that wait for an answer or
    its end; a `login` is asked for by HTTP basic authentication.
    """

    def __init__(self, reactor: Any, *, root: str = "/services") -> None:
        self.behaviour = XdmsBehaviour()
        self.login: tuple[str, str] | None = None
        self.requests: list[Asked] = []
        self.under_way = 0
        self.reactor = reactor
        self._root = root
        self._documents: dict[str, bytes] = {}
        self._port: IListeningPort | None = None

    def put(self, xui: str, document: bytes | str) -> None:
        """Give a user this document."""
        octets = document.encode() if isinstance(document, str) else document
        self._documents[xui] = octets

    def remove(self, xui: str) -> None:
        """Take a user's document away."""
        self._documents.pop(xui, None)

    def site(self) -> ServerFactory[Any]:
        """The HTTP server, to be listened with."""
        return _QuietSite(_Tree(self), reactor=self.reactor)

    def start(self, port: int = 0, interface: str = "127.0.0.1") -> int:
        """Listen for HTTP; gives the port."""
        self._port = self.reactor.listenTCP(port, self.site(), interface=interface)
        address: Any = self._port.getHost() if self._port else None
        number: int = address.port
        return number

    def stop(self) -> Any:
        """Listen no more; connections stay."""
        port, self._port = self._port, None
        return port.stopListening() if port else None

    def path_of(self, xui: str) -> str:
        """Where the document of a user is."""
        return f"{self._root}/{AUID}/users/{quote(xui, safe='')}/{DOCUMENT}"

    def xui_at(self, path: str) -> str:
        """Whose document is there, "" if that is the place of none."""
        before, slash, document = path.rpartition("/")
        folder, _, xui = before.rpartition("/")
        fits = slash and document == DOCUMENT and folder == f"{self._root}/{AUID}/users"
        return unquote(xui) if fits else ""

    def document(self, xui: str) -> bytes | None:
        """The document of a user."""
        return self._documents.get(xui)


def etag_of(document: bytes) -> str:
    """The name of a version of a document (RFC 4825 8.5)."""
    return f'"{hashlib.sha256(document).hexdigest()[:16]}"'


class _QuietSite(Site):
    noisy = False

    def log(self, request: Any) -> None:
        """Write nothing."""


class _Tree(Resource):
    """Every document that there is."""

    isLeaf = True

    def __init__(self, xdms: Xdms) -> None:
        super().__init__()
        self._xdms = xdms

    def render(self, request: Request) -> int:
        """Note the request, and answer it in due time."""
        answer = _Answer(self._xdms, request)
        request.notifyFinish().addBoth(answer.over)
        return NOT_DONE_YET


class _Answer:
    """The answer to one request, while it is being given."""

    def __init__(self, xdms: Xdms, request: Request) -> None:
        self._xdms = xdms
        self._request = request
        self._how = xdms.behaviour
        self._call: IDelayedCall | None = None
        path = request.path.decode("latin-1")
        pairs = request.requestHeaders.getAllRawHeaders()
        self._asked = Asked(
            method=request.method.decode("latin-1"),
            path=path,
            xui=xdms.xui_at(path),
            headers={
                name.decode("latin-1").lower(): b", ".join(values).decode("latin-1")
                for name, values in pairs
            },
        )
        self._number = len(xdms.requests)
        xdms.requests.append(self._asked)
        xdms.under_way += 1
        if not self._how.silent:
            self._later(self._how.delay, self._begin)

    def over(self, _: object) -> None:
        """The answer is given, or nobody waits for it any more."""
        self._xdms.under_way -= 1
        if self._call is not None and self._call.active():
            self._call.cancel()

    def _later(self, seconds: float, what: Any, *args: Any) -> None:
        self._call = self._xdms.reactor.callLater(seconds, what, *args)

    def _begin(self) -> None:
        """Send the head, and begin with the body."""
        status, body = self._content()
        request, how = self._request, self._how
        request.setResponseCode(status)
        for name, value in how.headers:
            request.responseHeaders.addRawHeader(name, value)
        self._xdms.requests[self._number] = msgspec.structs.replace(
            self._asked, status=status
        )
        if how.endless:
            self._flood()
        elif how.cut:
            request.setHeader("content-length", str(len(body) + 1))
            request.write(body)
            request.loseConnection()
        elif how.pause:
            self._trickle(body)
        else:
            request.write(body)
            request.finish()

    def _content(self) -> tuple[int, bytes]:
        """Status and body as the documents and the behaviour have them."""
        how, xdms, request = self._how, self._xdms, self._request
        if how.status:
            return how.status, how.body or b""
        if xdms.login is not None and self._login() != xdms.login:
            request.setHeader("www-authenticate", 'Basic realm="xdms"')
            return 401, b""
        document = xdms.document(self._asked.xui)
        if document is None:
            return 404, b""
        if self._asked.method != "GET":
            return 405, b""
        request.setHeader("content-type", how.media_type)
        body = document if how.body is None else how.body
        if how.has_etags:
            etag = etag_of(body)
            request.setHeader("etag", etag)
            if self._asked.headers.get("if-none-match") == etag:
                return 304, b""
        return 200, body

    def _login(self) -> tuple[str, str]:
        user, password = self._request.getUser(), self._request.getPassword()
        return user.decode("utf-8"), password.decode("utf-8")

    def _trickle(self, rest: bytes) -> None:
        """Send a body octet by octet."""
        if not rest:
            self._request.finish()
            return
        self._request.write(rest[:1])
        self._later(self._how.pause, self._trickle, rest[1:])

    def _flood(self) -> None:
        """Send for ever."""
        self._request.write(_CHUNK)
        self._later(self._how.pause or 0.001, self._flood)
