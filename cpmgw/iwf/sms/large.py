"""Large messages from CPM as short messages (TS 6.1.2, 6.2.2.1.1, 6.2.3 B)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.cpm.content import HTML_TYPES, leaf_types
from cpmgw.cpm.errors import MimeError
from cpmgw.cpm.mime import parse_media_type
from cpmgw.cpm.warning import SIZE_EXCEEDED
from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import IStore
from cpmgw.iwf.capabilities import Characteristics
from cpmgw.iwf.large_session import SECTION
from cpmgw.iwf.outcomes import store_failed
from cpmgw.iwf.parties import parties_of
from cpmgw.iwf.sms.centres import Centres
from cpmgw.iwf.sms.notified import take_notification
from cpmgw.iwf.sms.outbound import Outbound, shown_originator
from cpmgw.iwf.standalone import StandaloneMessage, unreadable
from cpmgw.policy import Policy, PolicySource
from cpmgw.records import Answer, ImdnContext
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.status import reason_for

if TYPE_CHECKING:
    from cpmgw.sip.message import Request
    from cpmgw.traffic import Traffic

# RCC.10 6.1.2: any text (HTML is made text of, TS 6.2).
CONTENT: Final = ("text/*", *sorted(HTML_TYPES))


class LargeToSms:
    """SMS as the carrier of large messages (`Carrier`)."""

    service = "SMS"
    content = CONTENT

    def __init__(
        self,
        outbound: Outbound,
        centres: Centres,
        store: IStore,
        policy: PolicySource,
        plan: Callable[[], DialPlan],
        traffic: Traffic,
        failed: Callable[[ImdnContext], Awaitable[None]],
    ) -> None:
        self._failed = failed
        self._outbound = outbound
        self._centres = centres
        self._store = store
        self._policy = policy
        self._plan = plan
        self._traffic = traffic

    @property
    def max_size(self) -> int:
        """The octets of the largest content that is looked at."""
        return self._policy().text_limits.max_size

    def admit(self, invite: Request) -> None:
        """CannotInterwork where no short message could go out for it now.

        What is known before the 200 is answered by the INVITE (TS 6.2.3 A): who it is
        from and to, an SM-SC that is bound, a store that works.
        """
        policy = self._policy()
        try:
            parties = parties_of(invite, self._plan())
        except SipSyntaxError as error:
            raise unreadable(error) from error
        shown_originator(parties, policy)
        self._centres.towards(parties.ends().target)
        if not self._store.healthy:
            raise store_failed(503, policy)

    async def carry(self, message: StandaloneMessage) -> Answer:
        """Deliver by SMS; the success of Table 2, or CannotInterwork."""
        policy = self._policy()
        if message.is_notification:
            self._traffic.end_notification()
            return take_notification(message, policy)
        _check(message, policy)
        return await self._outbound.deliver(message)

    async def undelivered(self, message: StandaloneMessage) -> None:
        """Tell its sender by a notification or an event (TS 6.2.3)."""
        if message.is_notification:
            return
        await self._failed(message.imdn_context(message.parties.ends(), self._plan()))

    def failure(self) -> str:
        """What a BYE says of SMS that could not deliver (TS 6.2.3 B)."""
        return self._policy().sms.bye_reason


def _check(message: StandaloneMessage, policy: Policy) -> None:
    """CannotInterwork for content that the offer did not tell of (TS 5.1 step 5)."""
    limit = policy.selection.text_size_limit
    if limit and len(message.text(policy).encode("utf-8")) > limit:
        raise CannotInterwork(
            413,
            reason_for(413),
            cause="too-large",
            section=SECTION,
            warning=f"more than {limit} octets of text",
            warning_code=SIZE_EXCEEDED,
        )
    if policy.selection.mixed_content == "refuse" and not _is_text_only(
        message, policy
    ):
        raise CannotInterwork(
            415,
            reason_for(415),
            cause="content",
            section=SECTION,
            warning="more than text in it",
        )


def _is_text_only(message: StandaloneMessage, policy: Policy) -> bool:
    kind = parse_media_type(message.content_type or "text/plain")
    if kind.main != "multipart":
        return True
    try:
        types = leaf_types(message.content_type, message.content, policy.text_limits)
    except MimeError:
        return False
    return Characteristics(content_types=types).text_only
