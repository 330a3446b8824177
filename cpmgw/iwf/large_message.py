"""Large messages and files from CPM, whatever the service (TS 6.1.2, 6.1.3).

A session brings exactly one message: an INVITE, MSRP, and a BYE from either side. What
the service says of the message answers its last chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.cpm.features import tag
from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import ICpmNetwork
from cpmgw.iwf.large_mode import LARGE, Mode
from cpmgw.iwf.large_outcome import AS_TEXT, Outcomes, too_large
from cpmgw.iwf.large_session import Fields, LargeMessage, offer_in
from cpmgw.iwf.media import Media, Several, Types, Wanted
from cpmgw.iwf.outcomes import retry_after
from cpmgw.iwf.standalone import StandaloneMessage
from cpmgw.msrp.interfaces import Received
from cpmgw.policy import PolicySource
from cpmgw.records import Answer
from cpmgw.sdp.roles import Direction
from cpmgw.sip.message import Request, Response
from cpmgw.sip.status import reason_for

if TYPE_CHECKING:
    from cpmgw.sip.dialogs.calls import Calls
    from cpmgw.sip.legs import Incoming
    from cpmgw.traffic import Traffic


class Carrier(Protocol):
    """The service that takes large messages."""

    service: str
    """Its Non-CPM Communication Service Identifier (App. D)."""

    @property
    def content(self) -> tuple[str, ...]:
        """The media types of which there must be one."""

    @property
    def max_size(self) -> int:
        """The largest content that is looked at, in octets."""

    def admit(self, invite: Request) -> None:
        """CannotInterwork where no message of this INVITE could be delivered now."""

    async def carry(self, message: StandaloneMessage) -> Answer:
        """Deliver; what the service answered, or CannotInterwork.

        The headers of the answer go into that of the BYE (TS 6.2.4).
        """

    async def undelivered(self, message: StandaloneMessage) -> None:
        """Tell the sender, whom MSRP no longer reaches, that it failed (TS 6.2.3)."""

    def failure(self) -> str:
        """What a BYE says of a service that could not deliver (TS 6.2.3 B)."""


class LargeMessages:
    """The large messages of one IWF, from CPM, or its files: `mode` says which.

    `types` are those that an answer names; `asserted` are the header fields of a 200
    that say who answers (TS 6.1.3 step 5b).
    """

    log = Logger()

    def __init__(
        self,
        calls: Calls,
        media: Media,
        carrier: Carrier,
        network: ICpmNetwork,
        policy: PolicySource,
        plan: Callable[[], DialPlan],
        clock: IReactorTime,
        now: Callable[[], float],
        traffic: Traffic,
        drain: float,
        *,
        mode: Mode = LARGE,
        outcomes: Outcomes = AS_TEXT,
        types: Callable[[], Types] = lambda: Types.OFFERED,
        asserted: Callable[[], Fields] = tuple,
    ) -> None:
        self.mode = mode
        self.outcomes = outcomes
        self.asserted = asserted
        self._types = types
        self.traffic = traffic
        self.carrier = carrier
        self.policy = policy
        self.plan = plan
        self.clock = clock
        self.now = now
        self._media = media
        self._calls = calls
        self._network = network
        self._drain = drain
        self._open: set[LargeMessage] = set()
        self._quiet: Deferred[None] | None = None
        self.is_stopping = False

    def __len__(self) -> int:
        return len(self._open)

    def start(self) -> None:
        """Take messages, also after a stop."""
        self.is_stopping = False

    async def stop(self) -> None:
        """Hang up: on what is in hand once it was answered, in `drain` at most."""
        self.is_stopping = True
        for message in tuple(self._open):
            message.leave(self._drain)
        quiet: Deferred[None] = Deferred()
        self._quiet = quiet
        self.look_if_quiet()
        await quiet

    def look_if_quiet(self) -> None:
        """See whether there is nothing more to be answered before we stop."""
        quiet = self._quiet
        if quiet is None or quiet.called:
            return
        if not any(each.is_to_be_answered for each in self._open):
            quiet.callback(None)

    async def invite(self, incoming: Incoming) -> Response:
        """Answer the INVITE of a large message; CannotInterwork if it is refused."""
        request = incoming.request
        mode = self.mode
        mode.admit(self.policy())
        self.carrier.admit(request)
        contact = self._network.contact(incoming.peer.transport)
        call = self._calls.incoming(incoming, f"<{contact}>;{tag(mode.feature)}")
        wanted = Wanted(
            direction=Direction.RECVONLY,
            section=f"{mode.section} step 1",
            content=self.carrier.content,
            wrapping=mode.wrapping,
            types=self._types(),
            max_size=self.carrier.max_size,
        )
        message = LargeMessage(request, self)
        stream = await self._media.answer_all(
            offer_in(request), wanted, mode.streams, message.inlet
        )
        try:
            mode.check(stream)
            self._check_size(stream)
            self._check_running()
            response = message.accept(call, stream)
        except Exception:
            stream.close()
            raise
        self._open.add(message)
        return response

    def _check_size(self, streams: Several) -> None:
        """CannotInterwork for what announces more than is taken."""
        selectors = [each.stream.file.selector for each in streams.streams]
        size = sum(each.size or 0 for each in selectors if each is not None)
        if size > self.carrier.max_size:
            raise self.outcomes.announced(size, self.mode.section)

    def _check_running(self) -> None:
        """CannotInterwork 503 while we stop."""
        if self.is_stopping:
            raise CannotInterwork(
                503,
                reason_for(503),
                cause="stopping",
                section=self.mode.section,
                warning="the gateway is stopping",
                headers=retry_after(503, self.policy()),
            )

    def ended(self, message: LargeMessage) -> None:
        """The session of a message is over."""
        self._open.discard(message)
        self.look_if_quiet()

    def read(
        self, invite: Request, received: Sequence[Received], streams: Several
    ) -> StandaloneMessage:
        """What has come, of each stream; CannotInterwork for what cannot be read."""
        size = sum(each.body.size for each in received)
        if size > self.carrier.max_size:
            raise too_large(size, self.mode.section)
        return self.mode.read(invite, self.now(), self.plan(), received, streams)
