"""A group session with a user elsewhere, as its focus sees it (conversation TS 9.2).

The lab is Controlling Function and members in one: what a member says goes to the
gateway, what comes from there goes to all members.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

import msgspec
from twisted.internet.defer import Deferred

from cpmgw.cpm import imdn
from cpmgw.cpm.chat_content import ChatContent, Content, chat_notification, read_chat
from cpmgw.cpm.errors import CpmError
from cpmgw.cpm.headers import Identification
from cpmgw.cpm.imdn import Disposition, imdn_of
from cpmgw.cpm.reason import reason
from cpmgw.cpm.timestamp import format_datetime
from cpmgw.lab.client_imdn import notification_of
from cpmgw.lab.clients import Clients
from cpmgw.lab.conversation import ReceivedMessage, received_message
from cpmgw.lab.pager import CPIM, bare_uri
from cpmgw.lab.sessions.conference import Conference, Member
from cpmgw.lab.sessions.invitation import Invitation, invite
from cpmgw.lab.sessions.legs import Leg, Legs
from cpmgw.lab.sessions.messages import ALL, SentChat, say
from cpmgw.lab.sessions.streams import GROUP

__all__ = ["Group", "Member"]

OK: Final = 200
BAD: Final = 400
NOT_TAKEN: Final = 415
CLOSED: Final = reason(410, "Gone")
"""Why a focus hangs up that ends the session (conversation TS 9.2.9)."""


class Group:
    """A group session: its members, and the `recipient` who is elsewhere.

    `inbox` is what the recipient said, `sent` what members did. `established` fires
    once messages can go, and fails with CallFailed where they never will; `conference`
    is who takes part, and who wants to know.
    """

    def __init__(
        self,
        members: Sequence[Member],
        recipient: str,
        subject: str,
        clients: Clients,
        legs: Legs,
    ) -> None:
        self.recipient = recipient
        self.subject = subject
        self.inbox: list[ReceivedMessage] = []
        self.sent: list[SentChat] = []
        self.leg = Leg(legs, GROUP, self)
        self.established: Deferred[Group] = Deferred()
        self._clients = clients
        self._legs = legs
        self.entity = legs.wire.uri(f"group-{clients.identity()[-8:]}")
        self.conference = Conference(
            legs.wire, legs.clock, self.entity, subject, recipient
        )
        self.conference.members = (*members, Member(recipient))

    @property
    def members(self) -> tuple[Member, ...]:
        """Who takes part at present, but for the recipient."""
        return tuple(
            [
                each
                for each in self.conference.members
                if each.present and each.uri != self.recipient
            ]
        )

    @property
    def texts(self) -> list[str]:
        """The texts that came."""
        return [message.text for message in self.inbox]

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.leg.end is not None

    def invite(self, ids: Identification) -> None:
        """Invite the recipient, in the name of the first member (9.2.10)."""
        inviter = self.conference.members[0]
        subject = (("Subject", self.subject),) if self.subject else ()
        invitation = Invitation(
            sender=inviter.uri,
            recipient=self.recipient,
            ids=ids,
            focus=self.entity,
            headers=(("Referred-By", _named(inviter)), *subject),
        )
        call_id = self._clients.identity()
        self.leg.established.addCallbacks(self._begun, self.established.errback)
        self.leg.invite(
            lambda body: invite(
                invitation, call_id=call_id, contact=self.entity, body=body
            )
        )

    def say(
        self, member: str, text: str, dispositions: Iterable[Disposition] = ALL
    ) -> SentChat:
        """Have a member, by URI, say something."""
        sent = SentChat(self._clients.identity(), member, text)
        self.sent.append(sent)
        self._clients.user(member).expect(sent)
        say(
            self.leg,
            sent,
            sender=self._name_of(member),
            recipient=f"<{self.entity}>",
            now=self._legs.clock.seconds(),
            dispositions=dispositions,
        )
        return sent

    def join(self, member: Member) -> None:
        """Have somebody come, and tell who subscribes."""
        others = [each for each in self.conference.members if each.uri != member.uri]
        self.conference.change([*others, member])

    def leave(self, uri: str) -> None:
        """Have a member go, and tell who subscribes."""
        self.conference.change(
            [
                msgspec.structs.replace(each, present=False)
                if each.uri == uri
                else each
                for each in self.conference.members
            ]
        )

    def close(self, why: str = CLOSED) -> Deferred[None]:
        """End it; fires when that is answered."""
        return self.leg.close(why)

    # -- for the leg -------------------------------------------------------------------

    async def received(self, content_type: str, content: bytes) -> int:
        """Pass on what has come (LegUser)."""
        try:
            read = read_chat(content_type, content)
        except CpmError:
            return BAD
        if read.cpim is None:
            return NOT_TAKEN
        if read.imdn is not None:
            self._notified(read, read.imdn)
        elif read.kind is not Content.COMPOSING:
            self._said(read)
        return OK

    def over(self) -> None:
        """The session has ended: nobody is to be told of it any more (LegUser)."""
        self.conference.end()

    def _begun(self, leg: Leg) -> None:
        self.established.callback(self)

    def _name_of(self, uri: str) -> str:
        """A member as the others know him."""
        known = [each for each in self.conference.members if each.uri == uri]
        return _named(known[0] if known else Member(uri))

    def _notified(self, read: ChatContent, document: imdn.Imdn) -> None:
        """A notification is for whoever sent what it speaks of."""
        assert read.cpim is not None
        for sent in self.sent:
            if sent.message_id == document.message_id:
                user = self._clients.user(sent.sender)
                self._clients.notified(
                    user, document, self.leg.request, read.cpim, in_session=True
                )

    def _said(self, read: ChatContent) -> None:
        """A text is for all members."""
        assert read.cpim is not None
        sender = bare_uri(read.cpim.get("From") or self.recipient)
        now = self._legs.clock.seconds()
        received = received_message(self.leg.request, read.cpim, read.text, now, sender)
        self.inbox.append(received)
        for member in self.members:
            user = self._clients.user(member.uri)
            self._clients.take(user, received, partial(self._notify, member.uri))

    def _notify(
        self, member: str, received: ReceivedMessage, what: imdn.Notification
    ) -> None:
        """Notify in the session, or by MESSAGE once it is over (5.4)."""
        if self.ended:
            self._clients.notify(received, what, member)
            return
        assert received.cpim is not None
        now = self._legs.clock.seconds()
        content = chat_notification(
            notification_of(received, what, own=member, now=now),
            message_id=self._clients.identity(),
            datetime=format_datetime(now),
            sender=member,
            recipient=received.sender,
            routes=imdn_of(received.cpim).record_route,
        )
        self.leg.send(CPIM, content)


def _named(member: Member) -> str:
    return f'"{member.name}" <{member.uri}>' if member.name else f"<{member.uri}>"
