"""What a CPM user sent and got: the record that tests and the demo look at."""

from __future__ import annotations

import msgspec
from twisted.internet.defer import Deferred

from cpmgw.cpm.cpim import CpimMessage
from cpmgw.lab.pager import PagerMessage
from cpmgw.sip.message import Request, Response


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """An IMDN that came: which kind, which status, of which message (RFC 5438)."""

    message_id: str
    kind: str
    status: str
    at: float
    request: Request
    cpim: CpimMessage


class ReceivedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A pager mode message that came to a user; `sender` is the asserted identity."""

    sender: str
    text: str
    at: float
    message_id: str
    conversation_id: str
    contribution_id: str
    in_reply_to: str
    request: Request
    cpim: CpimMessage | None


class ReceivedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A system message that came to the Participating Function (TS 6.2.3.2)."""

    content_type: str
    content: bytes
    at: float
    request: Request


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
        return [(each.kind, each.status) for each in self.notifications]


class Conversation:
    """What one CPM user has sent and received."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.sent: list[SentMessage] = []
        self.inbox: list[ReceivedMessage] = []
        self.notifications: list[Notification] = []
        self._by_id: dict[str, list[SentMessage]] = {}

    @property
    def texts(self) -> list[str]:
        """The texts that came."""
        return [message.text for message in self.inbox]

    def send(self, sent: SentMessage) -> None:
        """File a message that is being sent."""
        self.sent.append(sent)
        self._by_id.setdefault(sent.message_id, []).append(sent)

    def notify(self, notification: Notification) -> None:
        """File a notification, with the message that it speaks of if that is known."""
        self.notifications.append(notification)
        for sent in self._by_id.get(notification.message_id, ()):
            sent.notifications.append(notification)
