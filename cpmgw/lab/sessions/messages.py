"""Chat messages: what is sent in a session, and what of it comes back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from twisted.internet.defer import Deferred

from cpmgw.cpm.cpim import CpimMessage
from cpmgw.cpm.imdn import Disposition
from cpmgw.cpm.timestamp import format_datetime
from cpmgw.lab.conversation import Notification, outcome_of
from cpmgw.lab.pager import CPIM, IMDN_NAMESPACE
from cpmgw.lab.sessions.legs import Leg
from cpmgw.mm4.entity import Entity, leaf, to_cpm

ALL: Final = (
    Disposition.POSITIVE_DELIVERY,
    Disposition.NEGATIVE_DELIVERY,
    Disposition.INTERWORKING,
)
"""What a client asks for of each message."""


class SentChat:
    """A message that was sent in a session, and what was said of it.

    `entity` is its content.
    `answered` fires with the MSRP status that its last chunk got, 0 where the session
    ended before.
    """

    def __init__(self, message_id: str, sender: str, of: str | Entity) -> None:
        self.message_id = message_id
        self.sender = sender
        self.entity = _text(of) if isinstance(of, str) else of
        self.status = 0
        self.answered: Deferred[int] = Deferred()
        self.notifications: list[Notification] = []

    @property
    def outcome(self) -> list[tuple[str, str]]:
        """(kind, status) of each notification, in the order in which they came."""
        return outcome_of(self.notifications)

    def settle(self, status: int) -> None:
        """Its answer has come."""
        self.status = status
        self.answered.callback(status)


def say(
    leg: Leg,
    sent: SentChat,
    *,
    sender: str,
    recipient: str,
    now: float,
    dispositions: Iterable[Disposition] = ALL,
) -> None:
    """Send a message in CPIM (conversation TS 7.3.9.1); both are name-addrs."""
    asked = ", ".join([each.value for each in dispositions])
    headers = [
        ("From", sender),
        ("To", recipient),
        ("DateTime", format_datetime(now)),
        ("NS", IMDN_NAMESPACE),
        ("imdn.Message-ID", sent.message_id),
        *([("imdn.Disposition-Notification", asked)] if asked else []),
    ]
    content_type, encoding, content = to_cpm(sent.entity)
    said = (("Content-Type", content_type), ("Content-Transfer-Encoding", encoding))
    cpim = CpimMessage(
        headers=tuple(headers),
        content_headers=tuple(each for each in said if each[1]),
        content=content,
    )
    leg.send(CPIM, cpim.encode()).addCallback(sent.settle)


def _text(text: str) -> Entity:
    return leaf("text/plain;charset=UTF-8", text.encode("utf-8", "replace"))
