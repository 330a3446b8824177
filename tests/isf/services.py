"""IWFs that do as they are told, and requests on their way to them."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from zope.interface import implementer

from cpmgw.config import Config
from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import (
    IHouse,
    IInterworking,
    IInterworkingFactory,
    ISessionInterworking,
)
from cpmgw.iwf.capabilities import Capabilities, Kind
from cpmgw.iwf.standalone import StandaloneMessage
from cpmgw.sip.legs import Incoming, ServerLeg
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.peer import Peer
from cpmgw.sip.proxy import Finish, unchanged
from tests.isf.requests import SMS


class Iwf:
    """An IWF as the ISF reaches it; `answers` are given in turn, the last for good.

    A status below 0 is raised as a refusal. `taken` are the requests it had.
    """

    def __init__(self, capabilities: Capabilities = SMS, *answers: int) -> None:
        self.capabilities = capabilities
        self.taken: list[Request] = []
        self.messages: list[StandaloneMessage] = []
        self.acknowledged: list[Request] = []
        self._answers = list(answers) or [202]

    async def message(self, incoming: Incoming, message: StandaloneMessage) -> Response:
        """Take it, or fail as told."""
        self.messages.append(message)
        return self._answer(incoming.request)

    async def invite(
        self, incoming: Incoming, request: Request, finish: Finish = unchanged
    ) -> Response:
        """Take it, or fail as told."""
        return finish(self._answer(request))

    async def within(self, incoming: Incoming) -> Response:
        """Take it, or fail as told."""
        return self._answer(incoming.request)

    def acknowledge(self, incoming: Incoming) -> None:
        """Remember it."""
        self.acknowledged.append(incoming.request)

    def _answer(self, request: Request) -> Response:
        self.taken.append(request)
        status = self._answers[0] if len(self._answers) == 1 else self._answers.pop(0)
        if status > 0:
            return respond(request, status)
        raise CannotInterwork(
            -status,
            "Failed",
            cause="test",
            section="x",
            warning="it failed",
            headers=(("Retry-After", "9"),),
        )


def pager_only(name: str) -> Capabilities:
    """An IWF for messages that is called so, and whose service too."""
    kinds = frozenset((Kind.PAGER, Kind.NOTIFICATION))
    return msgspec.structs.replace(SMS, name=name, service=name, kinds=kinds)


@implementer(IInterworking)
class Service:
    """A service of this process that takes every message: `taken`."""

    def __init__(self, name: str = "SMS") -> None:
        self.capabilities = pager_only(name)
        self.taken: list[StandaloneMessage] = []

    async def start(self) -> None:
        """Nothing."""

    async def stop(self) -> None:
        """Nothing."""

    async def sweep(self, now: float) -> None:
        """Nothing."""

    async def message(self, message: StandaloneMessage) -> Response:
        """Take it."""
        self.taken.append(message)
        return respond(message.request, 202)


@implementer(ISessionInterworking)
class SessionService(Service):
    """A service that takes sessions too: it answers 200, or with what `ends` gives."""

    def __init__(self, name: str = "SMS") -> None:
        super().__init__(name)
        self.capabilities = msgspec.structs.replace(SMS, name=name, service=name)
        self.invited: list[Incoming] = []
        self.followed: list[Request] = []
        self.acknowledged: list[Request] = []
        self.ends: Deferred[Response] | None = None

    async def invite(self, incoming: Incoming) -> Response:
        """Answer as a user agent does."""
        self.invited.append(incoming)
        if self.ends is not None:
            return await self.ends
        return self.accepted(incoming.request)

    def accepted(self, request: Request) -> Response:
        """The 200 of this user agent."""
        contact = ("Contact", f"<sip:{self.capabilities.name}@127.0.0.1:5060>")
        return respond(request, 200, headers=(contact,), to_tag="b")

    async def within(self, incoming: Incoming) -> Response:
        """Answer what follows."""
        self.followed.append(incoming.request)
        return respond(incoming.request, 200)

    def acknowledge(self, request: Request) -> None:
        """Note it."""
        self.acknowledged.append(request)

    async def leave(self) -> None:
        """Nothing."""


@implementer(IInterworkingFactory)
class Factory:
    """Builds one service, or none."""

    def __init__(self, name: str, service: Any) -> None:
        self.name = name
        self._service = service

    def capabilities(self, config: Config) -> Capabilities | None:
        """What the service carries."""
        found: Capabilities | None = getattr(self._service, "capabilities", None)
        return found

    def build(self, house: IHouse) -> Any:
        """The service."""
        return self._service


class _Transactions:
    """A server that sends nothing: what is tested here has no transactions."""

    def took_over(self, leg: ServerLeg) -> None:
        """Nothing."""

    def provisional(self, leg: ServerLeg, response: Response) -> None:
        """Nothing."""

    def success_again(self, leg: ServerLeg, response: Response) -> None:
        """Nothing."""

    def new_tag(self) -> str:
        """Always the same."""
        return "tag"


class _NoFlow:
    """A way back that leads nowhere."""

    reliable = True


def incoming_of(request: Request) -> Incoming:
    """A request from a trusted peer."""
    flow: Any = _NoFlow()
    leg = ServerLeg(_Transactions(), "key", request, flow, 1)
    return Incoming(request, Peer("TCP", "127.0.0.1", 5070), True, leg)
