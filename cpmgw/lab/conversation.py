"""What a CPM user sent and got: the record that tests and the demo look at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

import msgspec
from twisted.internet.defer import Deferred

from cpmgw.cpm.cpim import CpimMessage
from cpmgw.lab.pager import PagerMessage
from cpmgw.lab.pictures import Picture, content_of, pictures_in
from cpmgw.mm4.entity import Entity
from cpmgw.sip.message import Request, Response

if TYPE_CHECKING:
    from cpmgw.lab.sessions.chat import Chat
    from cpmgw.lab.sessions.large import SentLarge


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """An IMDN that came: which kind, which status, of which message (RFC 5438).

    `request` is the MESSAGE that brought it; where it came `in_session`, by MSRP, that
    session's INVITE.
    """

    message_id: str
    kind: str
    status: str
    at: float
    request: Request
    cpim: CpimMessage
    in_session: bool = False


class ReceivedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that came to a user; `sender` is the asserted identity.

    `request` is the MESSAGE, or the INVITE of the session in which it came by MSRP.
    """

    sender: str
    text: str
    at: float
    message_id: str
    conversation_id: str
    contribution_id: str
    in_reply_to: str
    request: Request
    cpim: CpimMessage | None

    @property
    def entity(self) -> Entity:
        """Its content; of one that was not wrapped, nothing."""
        if self.cpim is None:
            return Entity()
        encoding = self.cpim.content_header("Content-Transfer-Encoding")
        return content_of(self.cpim.content_type, encoding, self.cpim.content)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The pictures in it."""
        return pictures_in(self.entity)


def received_message(
    request: Request, cpim: CpimMessage | None, text: str, at: float, sender: str = ""
) -> ReceivedMessage:
    """A message that came with a request, from who it says unless `sender` is told."""
    headers = request.headers
    asserted = headers.get("P-Asserted-Identity") or str(request.from_.uri)
    return ReceivedMessage(
        sender=sender or asserted,
        text=text,
        at=at,
        message_id=(cpim.imdn("Message-ID") or "") if cpim else "",
        conversation_id=headers.get("Conversation-ID") or "",
        contribution_id=headers.get("Contribution-ID") or "",
        in_reply_to=headers.get("InReplyTo-Contribution-ID") or "",
        request=request,
        cpim=cpim,
    )


class ReceivedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A system message that came to the Participating Function (TS 6.2.3.2)."""

    content_type: str
    content: bytes
    at: float
    request: Request


class Sent(Protocol):
    """Whatever was sent under an IMDN Message-ID, and what was said of it."""

    notifications: list[Notification]

    @property
    def message_id(self) -> str:
        """Its IMDN Message-ID."""


def outcome_of(notifications: Iterable[Notification]) -> list[tuple[str, str]]:
    """(kind, status) of each notification, in the order in which they came."""
    return [(each.kind, each.status) for each in notifications]


class SentMessage:
    """A message on its way: its request, the answer to it, and what came after.

    `answered` fires with the final response, or fails as the endpoint's request does.
    """

    def __init__(self, message: PagerMessage, request: Request) -> None:
        self.message = message
        self.request = request
        self.response: Response | None = None
        self.answered: Deferred[Response] = Deferred()
        self.notifications: list[Notification] = []

    @property
    def message_id(self) -> str:
        """Its IMDN Message-ID."""
        return self.message.message_id

    @property
    def status(self) -> int:
        """The status that it was answered with, 0 while it was not."""
        return self.response.status if self.response else 0

    @property
    def outcome(self) -> list[tuple[str, str]]:
        """(kind, status) of each notification, in the order in which they came."""
        return outcome_of(self.notifications)


class Conversation:
    """What one CPM user has sent and received.

    `sent` are pager mode messages, `large` the others that stand alone, `chats` the
    sessions of two, whoever began them. `inbox` is whatever came.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.sent: list[SentMessage] = []
        self.large: list[SentLarge] = []
        self.chats: list[Chat] = []
        self.inbox: list[ReceivedMessage] = []
        self.notifications: list[Notification] = []
        self._by_id: dict[str, list[Sent]] = {}

    @property
    def texts(self) -> list[str]:
        """The texts that came."""
        return [message.text for message in self.inbox]

    def send(self, sent: SentMessage) -> None:
        """File a pager mode message that is being sent."""
        self.sent.append(sent)
        self.expect(sent)

    def expect(self, sent: Sent) -> None:
        """Have what is said of this be filed with it."""
        self._by_id.setdefault(sent.message_id, []).append(sent)

    def notify(self, notification: Notification) -> None:
        """File a notification, with the message that it speaks of if that is known."""
        self.notifications.append(notification)
        for sent in self._by_id.get(notification.message_id, ()):
            sent.notifications.append(notification)
