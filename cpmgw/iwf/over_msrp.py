"""What an IWF interworks over MSRP: large messages, files, sessions (TS 6.1.2ff)."""

from __future__ import annotations

from collections.abc import Sized
from typing import TYPE_CHECKING, Generic, TypeVar

from twisted.internet.defer import Deferred, gatherResults

from cpmgw.cpm.features import Feature, features_of
from cpmgw.cpm.reason import reason
from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import IHouse
from cpmgw.iwf.large_message import LargeMessages
from cpmgw.iwf.sessions.chats import Chats
from cpmgw.sip.dialogs.calls import Calls
from cpmgw.sip.dialogs.interfaces import CallSettings
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.status import reason_for

if TYPE_CHECKING:
    from cpmgw.sip.legs import Incoming

M = TypeVar("M")
A = TypeVar("A")


def calls_of(house: IHouse) -> Calls:
    """The calls of an IWF, as the configuration wants them."""
    config = house.config
    return Calls(
        house.network,
        house.clock,
        CallSettings(
            timing=config.sip.timing,
            retry_after=config.policy.retry_after,
            drain=config.sip.drain,
            session_expires=config.sip.session_expires,
            min_se=config.sip.min_se,
            # Without one, and with 200, it would be the user that has left
            # (conversation TS 8.2.2.3).
            reasons=(reason(480, reason_for(480)),),
        ),
    )


class OverMsrp(Generic[M, A]):
    """The calls of an IWF, and what is in them.

    `chats` are its sessions; `messages` are those from CPM that have a call of their
    own, by the feature of its INVITE; `sent` are those towards CPM.
    """

    def __init__(
        self,
        calls: Calls,
        chats: Chats[M, A],
        messages: dict[Feature, LargeMessages],
        sent: Sized,
    ) -> None:
        self.calls = calls
        self.chats = chats
        self.messages = messages
        self._sent = sent

    def __len__(self) -> int:
        """What there is, however young: calls, and what is about to be one."""
        messages = sum(len(each) for each in self.messages.values())
        return len(self.calls) + len(self.chats) + messages + len(self._sent)

    def start(self) -> None:
        """Take invitations."""
        self.calls.start()
        for each in self.messages.values():
            each.start()
        self.chats.start()

    async def stop(self) -> None:
        """Take no more, and end all that there is."""
        chats = Deferred.fromCoroutine(self.chats.stop())
        await gatherResults(
            [Deferred.fromCoroutine(each.stop()) for each in self.messages.values()]
        )
        await self.calls.stop()
        await chats

    async def invite(self, incoming: Incoming) -> Response:
        """Answer an INVITE outside of a dialog, by its feature."""
        features = features_of(incoming.request.headers)
        for feature, messages in self.messages.items():
            if feature in features:
                return await messages.invite(incoming)
        if Feature.SESSION in features:
            return await self.chats.invite(incoming)
        raise _no_sessions()

    async def within(self, incoming: Incoming) -> Response:
        """Answer a request in a dialog: a call's, or a subscription's."""
        if incoming.request.method == "NOTIFY":
            return await self.chats.within(incoming)
        return await self.calls.within(incoming)


class InDialogs(Generic[M, A]):
    """The part of ISessionInterworking that is about dialogs.

    `_over_msrp` is None where the gateway has no MSRP: nothing begins there then.
    """

    _over_msrp: OverMsrp[M, A] | None

    async def invite(self, incoming: Incoming) -> Response:
        """Answer the INVITE of a message or a session; CannotInterwork if it cannot."""
        if self._over_msrp is None:
            raise _no_sessions()
        return await self._over_msrp.invite(incoming)

    async def within(self, incoming: Incoming) -> Response:
        """Answer a request in a dialog."""
        if self._over_msrp is None:
            return respond(incoming.request, 481)
        return await self._over_msrp.within(incoming)

    def acknowledge(self, request: Request) -> None:
        """Take the ACK of a 2xx."""
        if self._over_msrp is not None:
            self._over_msrp.calls.acknowledge(request)


def _no_sessions() -> CannotInterwork:
    """The refusal of an INVITE that begins nothing here."""
    return CannotInterwork(488, reason_for(488), cause="no-feature", section="TS 6.1")
