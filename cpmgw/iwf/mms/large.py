"""Large messages and files from CPM as MMS (TS 6.1.2, 6.1.3, 6.3.1.1.2, 6.3.1.1.5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from cpmgw.cpm import product
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.large_outcome import Outcomes, msrp_status
from cpmgw.iwf.media import Types
from cpmgw.iwf.mms.capabilities import capabilities_of
from cpmgw.iwf.mms.forward_outcome import BYE_TEXT, too_large
from cpmgw.iwf.mms.outbound import Outbound, Told
from cpmgw.iwf.parties import parties_of
from cpmgw.iwf.standalone import StandaloneMessage, unreadable
from cpmgw.policy import Policy
from cpmgw.records import Answer
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.status import reason_for

if TYPE_CHECKING:
    from cpmgw.interfaces import IHouse
    from cpmgw.sip.message import Request

Notify = Callable[[StandaloneMessage], Awaitable[Answer]]
"""Takes a disposition notification that came as a large message."""

# Octets of a CPIM wrapper and of what separates parts.
_AROUND: Final = 65_536
# What holds content, whatever is in it.
_HOLDING: Final = ("multipart/*",)
# Of a SIP answer to content that does not fit, what MSRP says of it (TS 6.3 1c, 1d).
_BY_MSRP: Final = {"content": 415, "too-large": 413}


class LargeToMms:
    """MMS as the carrier of large messages and of files (`Carrier`)."""

    service = "MMS"

    def __init__(self, house: IHouse, outbound: Outbound, notify: Notify) -> None:
        self._house = house
        self._outbound = outbound
        self._notify = notify

    @property
    def content(self) -> tuple[str, ...]:
        """What MMS takes, or what becomes something that it takes (TS 6.3 1a)."""
        known = capabilities_of(self._house.config)
        return (*(known.media if known is not None else ()), *_HOLDING)

    @property
    def max_size(self) -> int:
        """The octets of the largest content that is looked at.

        It may be more than MM4 takes where it can be made smaller (TS 6.3 1b).
        """
        config = self._house.config
        most = config.mm4.max_size
        if any(each.media.adapt for each in config.mmsc):
            return most
        known = [each.max_size or config.policy.mms.max_size for each in config.mmsc]
        return min(most, max(known, default=0) + _AROUND)

    def admit(self, invite: Request) -> None:
        """CannotInterwork where no MMS could go out for it now."""
        try:
            parties = parties_of(invite, self._house.dial_plan)
        except SipSyntaxError as error:
            raise unreadable(error) from error
        self._outbound.admit(parties)

    async def carry(self, message: StandaloneMessage) -> Answer:
        """Deliver by MMS; the success of Table 14, or CannotInterwork.

        What the relay refused is a success by MSRP where a notification tells of it
        (TS 6.3.1.1.2 step 6).
        """
        if message.is_notification:
            return await self._notify(message)
        try:
            return await self._outbound.deliver(message)
        except Told:
            return Answer(
                key=b"",
                status=200,
                reason=reason_for(200),
                headers=(
                    *message.identification.pairs(),
                    ("Server", product.server(self.service)),
                ),
            )
        except CannotInterwork as refusal:
            raise _by_msrp(refusal) from refusal

    async def undelivered(self, message: StandaloneMessage) -> None:
        """Tell its sender by a notification, if that was asked for, or by the event."""
        if not message.is_notification:
            await self._outbound.undelivered(message)

    def failure(self) -> str:
        """What a BYE says of MMS that could not deliver."""
        return BYE_TEXT


def _by_msrp(refusal: CannotInterwork) -> CannotInterwork:
    """A refusal as MSRP and the BYE word it: 415 and 413 for 488 (TS 6.3 1c, 1d)."""
    status = _BY_MSRP.get(refusal.cause)
    if status is None or refusal.status != 488:
        return refusal
    return CannotInterwork(
        status,
        reason_for(status),
        cause=refusal.cause,
        section=refusal.section,
        warning=refusal.warning,
        warning_code=refusal.warning_code,
    )


def _status(refusal: CannotInterwork) -> int:
    """The answer to the last chunk of what was refused."""
    if refusal.status == 415 and not refusal.may_have_left:
        return 415
    return msrp_status(refusal)


def _announced(size: int, _section: str) -> CannotInterwork:
    return too_large(f"a message of {size} octets")


# TS 6.3 1b to 1d.
OUTCOMES: Final = Outcomes(_status, _announced)


def types_of(policy: Policy) -> Types:
    """Which media types the answer to a large message names (RCC.10 6.3.1.1.2)."""
    return Types.OFFERED if policy.mms.unsupported_types == "keep" else Types.TAKEN
