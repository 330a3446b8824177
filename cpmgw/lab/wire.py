"""What goes between the CPM side and the gateway by SIP, and who watches it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from cpmgw.lab.arrow import Arrow, Tap, nobody
from cpmgw.lab.sip_arrows import cancel_arrow, request_arrow, response_arrow
from cpmgw.sip.endpoint import Endpoint, Handler, Incoming
from cpmgw.sip.errand import Progress
from cpmgw.sip.message import Request, Response

TRYING: Final = 100


class Wire:
    """An endpoint that tells a `tap` of all that it sends and gets.

    It is a `Sender` for calls. What hides behind a transaction (100, repeats) is not
    told of.
    """

    def __init__(self, endpoint: Endpoint, clock: IReactorTime) -> None:
        self.tap: Tap = nobody
        self._endpoint = endpoint
        self._clock = clock

    def uri(self, user: str = "cpm") -> str:
        """A SIP URI that leads here."""
        return f"sip:{user}@{self._endpoint.side('udp').sent_by}"

    def request(
        self,
        request: Request,
        *,
        timeout: float | None = None,
        progress: Progress | None = None,
    ) -> Deferred[Response]:
        """Send a request; fires with the final response (Sender)."""
        if self.tap is nobody:
            return self._endpoint.request(request, timeout=timeout, progress=progress)

        def answered(response: Response) -> Response:
            self.see(lambda now: response_arrow(response, now, request, outgoing=False))
            return response

        def progressed(response: Response) -> None:
            if TRYING < response.status < 200:
                answered(response)
            if progress is not None:
                progress(response)

        self.see(lambda now: request_arrow(request, now, outgoing=True))
        answer = self._endpoint.request(request, timeout=timeout, progress=progressed)
        return answer.addCallback(answered)

    def cancel(self, answer: Deferred[Response], reasons: tuple[str, ...] = ()) -> None:
        """CANCEL an INVITE (Sender)."""
        self.see(lambda now: cancel_arrow(now, reasons))
        self._endpoint.cancel(answer, reasons)

    def acknowledge(self, ack: Request) -> Deferred[None]:
        """Send the ACK of a 2xx (Sender)."""
        self.see(lambda now: request_arrow(ack, now, outgoing=True))
        return self._endpoint.acknowledge(ack)

    def serve(self, method: str, handler: Handler, *, in_dialog: bool = False) -> None:
        """Have `handler` answer requests of a method, as `Endpoint.serve` does."""

        async def watched(incoming: Incoming) -> Response:
            request = incoming.request
            self.see(lambda now: request_arrow(request, now, outgoing=False))
            response = await handler(incoming)
            if request.method != "ACK":
                self.see(
                    lambda now: response_arrow(response, now, request, outgoing=True)
                )
            return response

        self._endpoint.serve(method, watched, in_dialog=in_dialog)

    def see(self, draw: Callable[[float], Arrow]) -> None:
        """Tell the tap of a step that is drawn for a time, unless nobody watches."""
        if self.tap is not nobody:
            self.tap(draw(self._clock.seconds()))
