"""Requests from the SIP endpoint, on their way to the ISF (TS 5.1, RFC 3325)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from cpmgw.cpm.features import P_ASSERTED_SERVICE
from cpmgw.cpm.warning import SERVICE_NOT_AUTHORISED
from cpmgw.errors import CannotInterwork
from cpmgw.isf.function import SelectionFunction
from cpmgw.sip.endpoint import Endpoint, Incoming
from cpmgw.sip.message import Response, respond
from cpmgw.traffic import Traffic

# What only a trusted peer may say (RFC 3325, RFC 6050, RFC 5502).
ASSERTED: Final = ("P-Asserted-Identity", P_ASSERTED_SERVICE, "P-Served-User")
# What it sends us for itself alone: by "orig" in a Route it would choose its network.
OURS: Final = ("Route", "Authorization")
# What belongs to a dialog, and is named in Allow; others in a dialog are served too.
WITHIN: Final = ("BYE", "INFO", "NOTIFY", "PRACK", "REFER", "SUBSCRIBE", "UPDATE", "*")
_ANYBODY: Final = ("",)


class Reception:
    """Gives each request to the ISF, with what its peer may say.

    `senders` are the numbers that users who authenticate may send for, by how they
    begin. What comes before `open` waits for it.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        isf: SelectionFunction,
        senders: Mapping[str, Sequence[str]],
        traffic: Traffic,
        clock: IReactorTime,
    ) -> None:
        self._isf = isf
        self._senders = senders
        self._traffic = traffic
        self._clock = clock
        # Requests that came before the services were ready; None once they are.
        self._early: list[Deferred[None]] | None = []
        endpoint.serve("MESSAGE", self._message, in_dialog=True, proxied=True)
        endpoint.serve("INVITE", self._invite, in_dialog=True, proxied=True)
        for method in WITHIN:
            endpoint.serve(method, self._within, in_dialog=True, proxied=True)
        endpoint.serve("ACK", self._acknowledge, in_dialog=True, proxied=True)

    def change(self, senders: Mapping[str, Sequence[str]]) -> None:
        """Have other users, or the same ones send for other numbers."""
        self._senders = senders

    def close(self) -> None:
        """Have requests wait."""
        if self._early is None:
            self._early = []

    def open(self) -> None:
        """Let in what waits, and what comes."""
        early, self._early = self._early, None
        for turn in early or ():
            turn.callback(None)

    async def _message(self, incoming: Incoming) -> Response:
        if incoming.request.to.tag is not None:
            return await self._within(incoming)
        began = self._clock.seconds()
        response = await self._begin(incoming, self._isf.message)
        self._traffic.answer(response.status, self._clock.seconds() - began)
        return response

    async def _invite(self, incoming: Incoming) -> Response:
        if incoming.request.to.tag is not None:
            return await self._within(incoming)
        response = await self._begin(incoming, self._isf.invite)
        self._traffic.invite(response.status)
        return response

    async def _begin(
        self,
        incoming: Incoming,
        serve: Callable[[Incoming, Sequence[str]], Awaitable[Response]],
    ) -> Response:
        """Have the ISF answer what is outside of a dialog."""
        await self._opened()
        if incoming.trusted:
            return await serve(incoming, _ANYBODY)
        believed = _without(incoming, *ASSERTED, *OURS)
        return await serve(believed, self._senders.get(incoming.user, ()))

    async def _opened(self) -> None:
        """Wait until the services are ready."""
        if self._early is not None:
            turn: Deferred[None] = Deferred()
            self._early.append(turn)
            await turn

    async def _within(self, incoming: Incoming) -> Response:
        """Have the ISF answer what is in a dialog; 403 to who is nobody we know."""
        await self._opened()
        if incoming.trusted:
            return await self._isf.within(incoming)
        if not incoming.user:
            return self._isf.refuse(incoming.request, _nobody())
        return await self._isf.within(_without(incoming, *ASSERTED, "Authorization"))

    async def _acknowledge(self, incoming: Incoming) -> Response:
        """Have the ISF pass an ACK on: that its route is signed is enough."""
        await self._opened()
        if not incoming.trusted:
            incoming = _without(incoming, *ASSERTED, "Authorization")
        self._isf.acknowledge(incoming)
        return respond(incoming.request, 200)  # an ACK has no answer: it is dropped


def _nobody() -> CannotInterwork:
    return CannotInterwork(
        403,
        "Forbidden",
        cause="untrusted",
        section="RFC 3325 5",
        warning="neither trusted nor authenticated",
        warning_code=SERVICE_NOT_AUTHORISED,
    )


def _without(incoming: Incoming, *names: str) -> Incoming:
    """The request without what its peer is not believed, or needs not be told."""
    headers = incoming.request.headers
    for name in names:
        headers = headers.without(name)
    request = incoming.request.replace(headers=headers)
    return msgspec.structs.replace(incoming, request=request)
