"""What a handler gets: a request, and its hold on the server transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import msgspec

from cpmgw.sip import uas
from cpmgw.sip.message import Request, Response
from cpmgw.sip.peer import Peer
from cpmgw.sip.transport import Flow

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


# What a handler is told whose place another has taken.
_TAKEN_OVER: Final = 500


class Server(Protocol):
    """Who carries out what a handler does with its transaction."""

    def took_over(self, leg: ServerLeg) -> None:
        """The handler deals with a CANCEL itself, and is given more time."""

    def provisional(self, leg: ServerLeg, response: Response) -> None:
        """Send a provisional response."""

    def success_again(self, leg: ServerLeg, response: Response) -> None:
        """Send a further 2xx of an INVITE."""

    def new_tag(self) -> str:
        """A To tag that nobody has."""


class ServerLeg:
    """The server transaction of one request, as far as its handler has to do with it.

    The final response is what the handler returns; this is for what comes before and
    after. `reasons` are the Reason values of a CANCEL (RFC 3326). An ACK has no
    transaction: its leg sends nothing. Of these there is one for each request, so it is
    no Struct but also what the server itself keeps of it; `rings` once a handler took
    over. `given_up` is 0, or the status of the answer where the handler is to be ended
    though nothing was cancelled. `finish` changes each 2xx that is sent again: who
    stands between a user agent and the server, and has changed its first one, has the
    others be the same.
    """

    __slots__ = (
        "_server",
        "_tag",
        "cancelled",
        "deferred",
        "finish",
        "flow",
        "given_up",
        "key",
        "octets",
        "on_cancel",
        "on_finished",
        "reasons",
        "request",
        "rings",
        "serial",
        "until",
    )

    def __init__(
        self, server: Server, key: str, request: Request, flow: Flow, serial: int
    ) -> None:
        self._server = server
        self._tag = ""
        self.key = key
        self.request = request
        self.flow = flow
        self.serial = serial
        self.octets = uas.octets(request)
        self.deferred: Deferred[Any] | None = None
        self.cancelled = False
        self.on_cancel: Callable[[], None] | None = None
        self.on_finished: Callable[[int], None] | None = None
        self.given_up = 0
        self.finish: Callable[[Response], Response] | None = None
        self.reasons: tuple[str, ...] = ()
        self.rings = False
        self.until = 0.0

    @property
    def tag(self) -> str:
        """The tag that our own responses get where the To has none (8.2.6.2).

        It is the same in each of them.
        """
        if not self._tag:
            self._tag = self._server.new_tag()
        return self._tag

    def when_cancelled(self, callback: Callable[[], None]) -> None:
        """Take over: have `callback` called at a CANCEL, at once if there was one.

        The CANCEL is answered 200, but the handler goes on and gives the final response
        itself, in its own time: Timer C after the last provisional response. Until then
        the request rings, and takes no place among those in work. A further callback
        takes the place of the one before.
        """
        self.on_cancel = callback
        self._server.took_over(self)
        if self.cancelled:
            callback()

    def give_back(self, callback: Callable[[], None]) -> None:
        """No longer call `callback`: a CANCEL ends the handler, as one by default.

        Where another callback has taken its place, nothing changes.
        """
        if self.on_cancel == callback:
            self.on_cancel = None

    def when_finished(self, callback: Callable[[int], None]) -> None:
        """Have `callback` called with the status of the final response, from whomever.

        It is called once. Who has asked for that before is told that its part is over.
        """
        self.finished(_TAKEN_OVER)
        self.on_finished = callback

    def finished(self, status: int) -> None:
        """Tell who waits for the final response of it."""
        callback, self.on_finished = self.on_finished, None
        if callback is not None:
            callback(status)

    def let_go(self, status: int) -> None:
        """Who had the request has answered it so, but that need not be the last word.

        It is told so as of a final response, and of a CANCEL no more.
        """
        self.on_cancel = None
        self.finished(status)

    def send_provisional(self, response: Response) -> None:
        """Send a 1xx; after the final response it is dropped."""
        if not 100 <= response.status < 200:
            raise ValueError(f"{response.status} is not provisional")
        self._server.provisional(self, response)

    def send_again(self, response: Response) -> None:
        """Send a 2xx of an INVITE that was answered with one (RFC 6026 7.1).

        It is the same once more, or that of another branch. Where no 2xx has been sent,
        or 64*T1 after the first, it is dropped.
        """
        if not 200 <= response.status < 300:
            raise ValueError(f"{response.status} is no success")
        if self.finish is not None:
            response = self.finish(response)
        self._server.success_again(self, response)


class Incoming(msgspec.Struct, frozen=True):
    """A request for a handler.

    `trusted`: its peer may assert identities (RFC 3325). `leg` is the handler's hold on
    the transaction. `user` is who authenticated where that is asked of peers that are
    not trusted, otherwise empty.
    """

    request: Request
    peer: Peer
    trusted: bool
    leg: ServerLeg
    user: str = ""


Handler: TypeAlias = Callable[[Incoming], Awaitable[Response]]
