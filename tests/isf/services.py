"""Interworking services that do as they are told."""

from __future__ import annotations

from zope.interface import implementer

from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import IInterworking
from cpmgw.iwf.standalone import StandaloneMessage
from cpmgw.sip.message import Response, respond


@implementer(IInterworking)
class Service:
    """Refuses with a status, or takes every message; `taken` are those it had."""

    def __init__(self, name: str, refusal: int = 0, failure: int = 0) -> None:
        self.name = name
        self.taken: list[StandaloneMessage] = []
        self.asked = 0
        self._refusal = refusal
        self._failure = failure

    async def start(self) -> None:
        """Nothing."""

    async def stop(self) -> None:
        """Nothing."""

    async def sweep(self, now: float) -> None:
        """Nothing."""

    def refuses(self, message: StandaloneMessage) -> CannotInterwork | None:
        """As told."""
        self.asked += 1
        if not self._refusal:
            return None
        return CannotInterwork(self._refusal, f"{self.name} refuses", section="x")

    async def message(self, message: StandaloneMessage) -> Response:
        """Take it, or fail as told."""
        self.taken.append(message)
        if self._failure:
            raise CannotInterwork(
                self._failure,
                "Failed",
                section="x",
                warning="it failed",
                headers=(("Retry-After", "9"),),
            )
        return respond(message.request, 202)
