"""Every seam of the house, as zope interfaces, and the values that cross them.

Transports and interworking meet only here: an IWF sees `ICpmNetwork` and `ISmsCentre`,
never a socket; what survives the process is reached through `IStore`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from cpmgw.addressing.dialplan import DialPlan
    from cpmgw.config import Config, SmscConfig
    from cpmgw.iwf.capabilities import Capabilities
    from cpmgw.iwf.standalone import StandaloneMessage
    from cpmgw.msrp.interfaces import IMsrpNode
    from cpmgw.records import (
        Allocation,
        Answer,
        Collected,
        GroupSession,
        NumberPool,
        PoolUse,
        ReceivedSegment,
        Reported,
        SegmentReport,
        SentMessage,
        Shortage,
        Watched,
    )
    from cpmgw.sip.errand import Progress
    from cpmgw.sip.forwarding import UriParameters
    from cpmgw.sip.legs import Incoming
    from cpmgw.sip.message import Request, Response
    from cpmgw.sip.proxy import Finish
    from cpmgw.sip.uri import SipUri
    from cpmgw.traffic import Traffic
    from txsmpp.interfaces import IEsmeHandler
    from txsmpp.pdu import Pdu
    from txsmpp.pdu import Response as SmppResponse

# -- what the store keeps ----------------------------------------------------------


class ISentMessages(Interface):
    """What was sent as short messages, and what its senders were answered."""

    def remember(answer: Answer | None, message: SentMessage | None) -> Deferred[None]:
        """Keep a sent message and the answer given for it, in one transaction."""

    def report(
        centre: str, message_id: str, report: SegmentReport
    ) -> Deferred[Reported | None]:
        """Record a status report; give its message, or None if none is known.

        A final state is never replaced by another one (late, repeated reports).
        """

    def settle(key: str, until: float, forget: bytes = b"") -> Deferred[None]:
        """The notification of a sent message was relayed: keep it `until` then.

        `forget` is the key of an answer that does not hold any more, because its
        message was not delivered: a repeat of the request is a new try.
        """

    def unsettled(after: str = "") -> Deferred[list[Reported]]:
        """Sent messages with reports whose notification was not relayed.

        In the order of their keys, some of those `after` this one; none at the end.
        """

    def answers() -> Deferred[list[Answer]]:
        """Every answer that has not expired, read once at the start."""


class IReceivedMessages(Interface):
    """What came from an SM-SC, whole or in part."""

    def collect(segment: ReceivedSegment, anew: bool = False) -> Deferred[Collected]:
        """Keep a received segment (replacing its like) and give all of its message.

        With `anew`, it is not taken for a repeat of one that has been delivered.
        """

    def collected(collection: str) -> Deferred[Collected | None]:
        """A received message as it is now, None if it is not known any more."""

    def delivered(
        collection: str, at: float, until: float, numbers: Collection[int] = ()
    ) -> Deferred[None]:
        """The CPM side has taken the message: keep its fingerprints `until`.

        `numbers` are its segments that were sent, where that may not be all: of one
        that came later nothing is kept.
        """

    def repeats(collection: str) -> Deferred[bool]:
        """Whether all segments of a message stand in one that was delivered."""

    def discard(collection: str) -> Deferred[None]:
        """Forget a received message that was refused for good and not delivered."""

    def overdue(now: float) -> Deferred[list[str]]:
        """The names of messages past their limit in time and not delivered."""

    def put_off(collection: str, until: float) -> Deferred[None]:
        """Have an undelivered message be overdue at this time and not before."""


class IInterworkingNumbers(Interface):
    """Which number stands for which session, of a group or of two (TS 5.1, 5.2)."""

    def offer(pools: Sequence[NumberPool]) -> Deferred[None]:
        """Have these numbers and no others to give: called once, at the start.

        A number that stands for a session keeps it, offered or not.
        """

    def allocate(
        session: GroupSession, service: str, pools: Sequence[NumberPool], now: float
    ) -> Deferred[Allocation | Shortage]:
        """The number of a session, given to it now if it has none; that is a use.

        Of the pools the first with a free number gives the one that was given back
        longest ago, or never.
        """

    def find(session: GroupSession) -> Deferred[Allocation | None]:
        """The number of a session, None if it has none."""

    def by_number(number: str, user: str) -> Deferred[Allocation | None]:
        """The session that a number stands for where this user is concerned."""

    def release(session: GroupSession) -> Deferred[bool]:
        """Take the number of a session back; False if it has none."""

    def take_back(allocation: Allocation) -> Deferred[bool]:
        """Release an allocation as it is known here; False if it was used since."""

    def end_lost(before: float, apart: float) -> Deferred[int]:
        """Take back some numbers of sessions of two last used `before`; how many.

        Those that each had one of their own, and cannot begin again, `apart`.
        """

    def allocations(after: tuple[str, str] = ("", "")) -> Deferred[list[Allocation]]:
        """Every allocation in the order of number and user, page by page.

        Some of those `after` this number and user; none at the end.
        """

    def pools() -> Deferred[list[PoolUse]]:
        """How much of each pool is in use."""


class IWatchedNumbers(Interface):
    """Whose alert is awaited after a delivery that failed (TS 6.2.3.1)."""

    def keep(number: Watched) -> Deferred[None]:
        """Keep what is known of a number, in place of what was."""

    def drop(number: str) -> Deferred[None]:
        """Forget a number; it need not be there."""

    def page(after: str = "") -> Deferred[list[Watched]]:
        """Some of those after this one in the order of numbers; none at the end."""


class IStore(Interface):
    """What must outlive the process; each Deferred fires after the commit."""

    healthy: bool = Attribute("Whether the last commit went well and there is room.")
    sent: ISentMessages = Attribute("What was sent, and answered.")
    received: IReceivedMessages = Attribute("What was received.")
    numbers: IInterworkingNumbers = Attribute("What stands for sessions.")
    watched: IWatchedNumbers = Attribute("Whose alert is awaited.")

    def secret(name: str) -> Deferred[bytes]:
        """A key of this gateway: 32 octets, the same whenever it is asked for."""

    def sweep(now: float) -> Deferred[int]:
        """Drop what has expired (never an undelivered received message); how many."""


# -- the two networks ---------------------------------------------------------------


class ICpmNetwork(Interface):
    """The CPM side as an IWF sees it."""

    def request(
        request: Request,
        *,
        timeout: float | None = None,
        progress: Progress | None = None,
    ) -> Deferred[Response]:
        """Send a request without a Via; fires with the final response.

        As `Sender.request` in `cpmgw.sip.dialogs`; fails with a SipError.
        """

    def cancel(answer: Deferred[Response], reasons: tuple[str, ...] = ()) -> None:
        """CANCEL an INVITE, and go on waiting for its answer."""

    def acknowledge(ack: Request) -> Deferred[None]:
        """Send the ACK of a 2xx; fires when it has left, fails with a SipError."""

    def contact(transport: str = "") -> SipUri:
        """A URI by which this gateway is reached, by a transport or towards CPM."""

    def begin(request: Request, iwf: str) -> Request:
        """The request with our Record-Route: what follows finds the IWF so named."""


class IProxy(Interface):
    """The CPM side as the ISF sees it: a record-routing proxy (RFC 3261 16)."""

    def forward(
        incoming: Incoming,
        request: Request,
        *,
        destination: str,
        parameters: UriParameters,
        timeout: float,
        finish: Finish,
    ) -> Deferred[Response]:
        """Send a request on to a SIP URI, with our Record-Route.

        `request` is the incoming one, as it is to go on; `parameters` are those of our
        URI. What comes before the final answer goes back by itself, and so does a
        CANCEL go on. Each 2xx of an INVITE goes back as `finish` makes it. What is no
        INVITE is waited for `timeout` seconds. Fails with a SipError where nobody
        answers.
        """

    def relay(incoming: Incoming) -> Deferred[Response]:
        """Send a request within a dialog along its route."""

    def acknowledge(incoming: Incoming) -> None:
        """Send an ACK along its route."""

    def routes(request: Request) -> tuple[SipUri, ...]:
        """The URIs of ours that are on top of a request's route."""

    def passed(request: Request) -> Request:
        """The request without them: as it is beyond us."""

    def record_routed(
        incoming: Incoming, request: Request, parameters: UriParameters
    ) -> Request:
        """The request with our Record-Route, for a user agent in this process."""

    def with_record_route(
        request: Request, transport: str, response: Response, parameters: UriParameters
    ) -> Response:
        """The 2xx with our Record-Route where the user agent has left it out."""

    def readable(request: Request) -> Request:
        """The request without a Content-Encoding; fails with a SipSyntaxError."""

    def admit(incoming: Incoming) -> Incoming | Response:
        """A request as a user agent in this process may take it, or its answer."""


class ISmsCentre(Interface):
    """One SM-SC as the SMS IWF sees it (TS 6.2.2)."""

    name: str = Attribute("The name of the [[smsc]] in the configuration.")
    bound: bool = Attribute("Whether a bind that can send is up.")

    def submit(request: Pdu) -> Deferred[SmppResponse]:
        """Send submit_sm, data_sm, cancel_sm, ...; fires with the response.

        Fails with a txsmpp SmppError (not bound, queue full, time-out, lost).
        """


# -- user preferences ------------------------------------------------------------------


class PreferenceState(Enum):
    """What is known of what a user prefers (TS 5.1 step 7)."""

    FOUND = "found"
    NONE = "none"
    UNAVAILABLE = "unavailable"


class Preference(msgspec.Struct, frozen=True):
    """The services that a user prefers, the best first; none unless FOUND.

    `reason` is a word for metrics and traces, one of a small set: why there are none,
    or "stale" where they are older than they should be.
    """

    services: tuple[str, ...] = ()
    state: PreferenceState = PreferenceState.NONE
    reason: str = ""


class IPreferences(Interface):
    """What users prefer, from wherever they have said so (TS 5.1 step 7)."""

    def look_up(user: str, originator: str) -> Deferred[Preference]:
        """What the target user prefers for messages from the originator; both are URIs.

        Never fails, unless it is cancelled.
        """

    def stop() -> Deferred[None]:
        """Ask nothing any more; what is under way ends UNAVAILABLE."""


# -- numbers and names -----------------------------------------------------------------


class IDirectory(Interface):
    """Where SIP URIs of numbers are known (TS Table 9: "if a SIP URI is available")."""

    def sip_uri(number: str) -> Deferred[SipUri | None]:
        """The SIP URI of an E.164 number, None where none is known in time.

        Never fails, unless it is cancelled.
        """


# -- interworking numbers --------------------------------------------------------------


class INumbers(Interface):
    """Interworking numbers as whoever has a session to give one to sees them.

    Which session a number stands for, `IStore.numbers` knows.
    """

    def number_for(session: GroupSession, service: str) -> Deferred[Allocation]:
        """The number of a session, one of the service's if it has none (7a.v, 7a.vi).

        Fails with a CannotInterwork where there is none to give; cancelling it takes
        the number back.
        """

    def release(session: GroupSession) -> Deferred[bool]:
        """The session has ended: its number is free; False if it had none."""


# -- interworking services -------------------------------------------------------------


class IHouse(Interface):
    """What the gateway offers to an interworking service that it builds."""

    config: Config = Attribute("The whole configuration, as it is in force now.")
    store: IStore = Attribute("What must outlive the process.")
    network: ICpmNetwork = Attribute("The CPM side.")
    dial_plan: DialPlan = Attribute(
        "How numbers are read and written, by the configuration in force."
    )
    directory: IDirectory = Attribute("Where SIP URIs are known, by the same.")
    numbers: INumbers = Attribute("Interworking numbers.")
    now: Callable[[], float] = Attribute("Gives seconds since 1970.")
    clock: IReactorTime = Attribute("Where time-outs are set.")
    msrp: IMsrpNode | None = Attribute("Where MSRP sessions are; None without [msrp].")
    traffic: Traffic = Attribute(
        "Where a service counts what it did: plain counts, which metrics are made of."
    )

    def sms_centre(config: SmscConfig, listener: IEsmeHandler) -> Any:
        """The ISmsCentre of one [[smsc]]; what it sends goes to the listener."""


class IInterworking(Interface):
    """One Non-CPM Communication Service: what the ISF chooses among (TS 5.1)."""

    capabilities: Capabilities = Attribute("What it carries, and what it is called.")

    def start() -> Awaitable[None]:
        """Make ready; called once the store is open and before requests are served."""

    def stop() -> Awaitable[None]:
        """Come to an end with what is under way; nothing new is handed over."""

    def sweep(now: float) -> Awaitable[None]:
        """Do what is due: called every few seconds, never while still at work."""

    def message(
        message: StandaloneMessage,
    ) -> Awaitable[Response]:
        """Interwork a pager mode message; the answer, or CannotInterwork (TS 6.1.1)."""


class IReconfigurable(Interface):
    """What a service adds that keeps something made of the configuration."""

    def prepare(config: Config) -> Callable[[], None]:
        """Make what a new configuration needs, which shows nowhere yet; may fail.

        The result, once called, has it used for what begins from then on; it does not
        fail. It may never be called.
        """


class ISessionInterworking(IInterworking):
    """What a service adds that takes INVITE (TS 6.1.2 to 6.1.6).

    It is a user agent behind the ISF, which is a proxy: the INVITE has the ISF's
    Record-Route, which comes back as the Route of all that follows in the dialog. What
    the service itself sends in a dialog goes through `ICpmNetwork`, its Route included.
    """

    def invite(incoming: Incoming) -> Awaitable[Response]:
        """An INVITE that begins something; the final answer, or CannotInterwork.

        Provisional answers, and the 2xx again until its ACK has come, go through the
        incoming's leg; so does the news of a CANCEL.
        """

    def within(incoming: Incoming) -> Awaitable[Response]:
        """A request within a dialog (BYE, INVITE, UPDATE, ...): the final answer."""

    def acknowledge(request: Request) -> None:
        """The ACK of a 2xx."""

    def leave() -> Awaitable[None]:
        """Begin no session any more and end those that there are, before `stop`."""


class IInterworkingFactory(Interface):
    """The plugin of a Non-CPM Communication Service: one line in twisted/plugins."""

    name: str = Attribute("Its Non-CPM Communication Service Identifier (Appendix D).")

    def capabilities(config: Config) -> Capabilities | None:
        """What the service of this configuration carries; None where it has none."""

    def build(house: IHouse) -> IInterworking | None:
        """The service for this gateway; None where it is not configured."""
