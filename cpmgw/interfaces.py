"""Every seam of the house, as zope interfaces, and the values that cross them.

Transports and interworking meet only here: an IWF sees `ICpmNetwork` and `ISmsCentre`,
never a socket; what survives the process is reached through `IStore`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any

import msgspec
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from cpmgw.config import Config, SmscConfig
    from cpmgw.errors import CannotInterwork
    from cpmgw.iwf.standalone import StandaloneMessage
    from cpmgw.sip.message import Request, Response
    from cpmgw.traffic import Traffic
    from txsmpp.interfaces import IEsmeHandler
    from txsmpp.pdu import Pdu
    from txsmpp.pdu import Response as SmppResponse

# -- what the store keeps ----------------------------------------------------------


class ImdnContext(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False
):
    """What a later disposition notification needs of the message (TS 6.1.1 step 2).

    Addresses are URIs in wire form, `recipient` and `originator` those that the IMDN
    goes from and to (Table 3); times are in seconds since 1970 or CPIM DateTime text.
    """

    originator: str
    recipient: str
    cpim_from: str = ""
    cpim_to: str = ""
    message_id: str = ""
    datetime: str
    requested: tuple[str, ...] = ()
    record_route: tuple[str, ...] = ()
    original_to: str = ""
    conversation_id: str = ""
    contribution_id: str = ""
    in_reply_to: str = ""
    feature: str = "msg"
    service: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The final answer once given to a request, so that its repeat gets the same.

    `key` identifies the request (RFC 5438 Message-ID and sender, or Call-ID and CSeq).
    """

    key: bytes
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()
    expires: float = 0.0


class SentMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One CPM message that left as short messages, until its reports are all in.

    `key` is unique, 32 hex digits; `segments` are the (centre, canonical message_id)
    of every short message in order; `expires` is in seconds since 1970; `answer` is
    the key of the answer that its sender was given.
    """

    key: str
    context: ImdnContext
    segments: tuple[tuple[str, str], ...]
    expires: float
    answer: bytes = b""


class SegmentReport(msgspec.Struct, frozen=True):
    """What one status report said of one short message: SMPP message_state, error.

    `mark` is a digest of the report: one that comes again is not another one, where
    the segments of a message share a message_id.
    """

    state: int
    error: str = ""
    mark: bytes = b""


class Reported(msgspec.Struct, frozen=True):
    """A sent message with the newest report of each segment (None: none yet).

    `settled` tells that its notification has been relayed before.
    """

    message: SentMessage
    reports: tuple[SegmentReport | None, ...]
    settled: bool


class ReceivedSegment(msgspec.Struct, frozen=True, kw_only=True):
    """One short message from an SM-SC, as it came (TS 6.2.2.2.1 step 2).

    `collection` groups the segments of one message (centre, addresses, reference and
    total in one string); a message of one segment has a collection of its own.
    `octets` is the whole deliver_sm or data_sm PDU, `fingerprint` a digest of its body
    without the sequence number.
    """

    collection: str
    number: int
    total: int
    octets: bytes
    fingerprint: bytes
    centre: str
    session: str
    received: float
    expires: float


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """The segments of one message that have arrived so far, in order of number.

    `identity` is fixed when the first segment is stored; message identifiers made from
    it stay the same when an unanswered message is sent again after a crash.
    `delivered` is the time at which the CPM side took it, 0 if it has not.
    """

    collection: str
    identity: str
    total: int
    segments: tuple[ReceivedSegment, ...]
    delivered: float
    expires: float

    @property
    def complete(self) -> bool:
        """Whether every segment is here."""
        return len(self.segments) == self.total


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


class IStore(Interface):
    """What must outlive the process; each Deferred fires after the commit."""

    healthy: bool = Attribute("Whether the last commit went well and there is room.")
    sent: ISentMessages = Attribute("What was sent, and answered.")
    received: IReceivedMessages = Attribute("What was received.")

    def sweep(now: float) -> Deferred[int]:
        """Drop what has expired (never an undelivered received message); how many."""


# -- the two networks ---------------------------------------------------------------


class ICpmNetwork(Interface):
    """The CPM side as an IWF sees it."""

    def request(request: Request) -> Deferred[Response]:
        """Send a request outside a dialog; fires with the final response.

        Fails with a SipError when nobody answers in time or no transport reaches.
        """


class ISmsCentre(Interface):
    """One SM-SC as the SMS IWF sees it (TS 6.2.2)."""

    name: str = Attribute("The name of the [[smsc]] in the configuration.")
    bound: bool = Attribute("Whether a bind that can send is up.")

    def submit(request: Pdu) -> Deferred[SmppResponse]:
        """Send submit_sm, data_sm, cancel_sm, ...; fires with the response.

        Fails with a txsmpp SmppError (not bound, queue full, time-out, lost).
        """


# -- interworking services -------------------------------------------------------------


class IHouse(Interface):
    """What the gateway offers to an interworking service that it builds."""

    config: Config = Attribute("The whole configuration.")
    store: IStore = Attribute("What must outlive the process.")
    network: ICpmNetwork = Attribute("The CPM side.")
    now: Callable[[], float] = Attribute("Gives seconds since 1970.")
    clock: IReactorTime = Attribute("Where time-outs are set.")
    traffic: Traffic = Attribute(
        "Where a service counts what it did: plain counts, which metrics are made of."
    )

    def sms_centre(config: SmscConfig, listener: IEsmeHandler) -> Any:
        """The ISmsCentre of one [[smsc]]; what it sends goes to the listener."""


class IInterworking(Interface):
    """One Non-CPM Communication Service: what the ISF chooses among (TS 5.1)."""

    name: str = Attribute(
        "Its Non-CPM Communication Service Identifier (Appendix D): SMS, MMS, email."
    )

    def start() -> Awaitable[None]:
        """Make ready; called once the store is open and before requests are served."""

    def stop() -> Awaitable[None]:
        """Come to an end with what is under way; nothing new is handed over."""

    def sweep(now: float) -> Awaitable[None]:
        """Do what is due: called every few seconds, never while still at work."""

    def refuses(message: StandaloneMessage) -> CannotInterwork | None:
        """Why this service cannot carry the message, or None (TS 5.1 step 5)."""

    def message(
        message: StandaloneMessage,
    ) -> Awaitable[Response]:
        """Interwork a pager mode message; the answer, or CannotInterwork (TS 6.1.1)."""


class IInterworkingFactory(Interface):
    """The plugin of a Non-CPM Communication Service: one line in twisted/plugins."""

    name: str = Attribute("Its Non-CPM Communication Service Identifier (Appendix D).")

    def build(house: IHouse) -> IInterworking | None:
        """The service for this gateway; None where it is not configured."""
