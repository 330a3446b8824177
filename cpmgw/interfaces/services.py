"""Interworking services, and what the gateway offers them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from cpmgw.addressing.dialplan import DialPlan
    from cpmgw.bodies.spool import Body
    from cpmgw.config import Config, Mm4Config, MmscConfig, SmscConfig
    from cpmgw.interfaces.network import ICpmNetwork
    from cpmgw.interfaces.store import IStore
    from cpmgw.iwf.capabilities import Capabilities
    from cpmgw.iwf.standalone import StandaloneMessage
    from cpmgw.msrp.interfaces import IMsrpNode
    from cpmgw.records import Allocation, GroupSession
    from cpmgw.sip.legs import Incoming
    from cpmgw.sip.message import Request, Response
    from cpmgw.sip.uri import SipUri
    from cpmgw.smtp.interfaces import IMailHandler, IMailRelay
    from cpmgw.traffic import Traffic
    from txsmpp.interfaces import IEsmeHandler

T = TypeVar("T")

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


class IWorkshop(Interface):
    """Threads for work that would hold up the reactor: pictures, sound, video."""

    waiting: int = Attribute("How many pieces of work wait or are being done.")

    def do(work: Callable[..., T], *arguments: Any) -> Deferred[T]:
        """Do work in another thread; its result or failure.

        Fails with TooBusy where too much waits. Cancelling it takes back what waits,
        and lets go of what is being done.
        """


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

    workshop: IWorkshop = Attribute("Where work is done that takes its time.")

    def sms_centre(config: SmscConfig, listener: IEsmeHandler) -> Any:
        """The ISmsCentre of one [[smsc]]; what it sends goes to the listener."""

    def mail_relay(config: MmscConfig) -> IMailRelay:
        """The link to one [[mmsc]]; it starts and stops with the gateway."""

    def receive_mail(config: Mm4Config, handler: IMailHandler) -> None:
        """Have the mail of a port go to a handler once all services have started."""

    def compose(size: int = 0) -> Body:
        """An empty body to write a mail into, of about so many octets.

        NoRoom where the mail that waits takes all the room there is.
        """


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
