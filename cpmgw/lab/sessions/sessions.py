"""All sessions of the CPM side: those that its users begin, and those that come."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from cpmgw.cpm.features import Feature, features_of, tag
from cpmgw.cpm.headers import Identification
from cpmgw.errors import CannotInterwork
from cpmgw.lab.clients import Clients
from cpmgw.lab.conversation import Conversation
from cpmgw.lab.pager import PagerMessage, bare_uri
from cpmgw.lab.sessions.chat import Chat
from cpmgw.lab.sessions.group import Group, Member
from cpmgw.lab.sessions.invitation import Invitation, invite
from cpmgw.lab.sessions.large import SentLarge, TakenLarge
from cpmgw.lab.sessions.legs import Leg, Legs
from cpmgw.lab.sessions.parcels import Parcel, file_parcel, large_parcel
from cpmgw.lab.sessions.streams import CHAT, MEDIA_CHAT, Shape
from cpmgw.lab.wire import Wire
from cpmgw.msrp.node import MsrpNode
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.uri import SipUri


class Sessions:
    """What the CPM side does by INVITE and MSRP."""

    def __init__(
        self, wire: Wire, clients: Clients, clock: IReactorTime, node: MsrpNode
    ) -> None:
        self.groups: dict[str, Group] = {}
        self._wire = wire
        self._clients = clients
        self._clock = clock
        self._legs = Legs(wire, clock, node)
        wire.serve("INVITE", self._invited, in_dialog=True)
        wire.serve("ACK", self._acknowledged, in_dialog=True)
        wire.serve("SUBSCRIBE", self._subscribed, in_dialog=True)
        wire.serve("*", self._legs.calls.within, in_dialog=True)

    def __len__(self) -> int:
        """How many calls there are, however young or old."""
        return len(self._legs.calls)

    def stop(self) -> Deferred[None]:
        """Hang up all that stand; fires when there is none."""
        return self._legs.calls.stop()

    # -- begun here --------------------------------------------------------------------

    def send_large(self, message: PagerMessage) -> SentLarge:
        """Send a large message that has its identifiers (conversation TS 7.2.1.2)."""
        return self._send(message, large_parcel(message, self._clock.seconds()))

    def send_file(self, message: PagerMessage, name: str) -> SentLarge:
        """Send a file that has its identifiers (conversation TS 7.4.1)."""
        parcel = file_parcel(message, name, self._clock.seconds())
        return self._send(message, parcel)

    def _send(self, message: PagerMessage, parcel: Parcel) -> SentLarge:
        sent = SentLarge(message, parcel, self._legs)
        user = self._clients.user(message.asserted or message.sender)
        user.large.append(sent)
        user.expect(sent)
        sent.send(self._clients.identity())
        return sent

    def chat(
        self,
        sender: str,
        recipient: str,
        *,
        subject: str = "",
        shape: Shape = CHAT,
    ) -> Chat:
        """Begin a session of two (conversation TS 7.3.1.1)."""
        user = self._clients.user(sender)
        invitation = Invitation(
            sender=sender,
            recipient=recipient,
            ids=self._ids(user, recipient),
            headers=(("Subject", subject),) if subject else (),
        )
        return self.invite(invitation, shape)

    def invite(self, invitation: Invitation, shape: Shape = CHAT) -> Chat:
        """Begin a session of two with exactly this invitation."""
        user = self._clients.user(invitation.asserted or invitation.sender)
        chat = Chat(user, invitation.recipient, self._clients, self._legs, shape)
        call_id, contact = self._clients.identity(), self._wire.uri()

        def make(body: bytes) -> Request:
            return invite(invitation, call_id=call_id, contact=contact, body=body)

        chat.invite(make)
        return chat

    def group(
        self, members: Sequence[Member], recipient: str, *, subject: str = ""
    ) -> Group:
        """Begin a group of these and a user elsewhere (conversation TS 9.2.10)."""
        group = Group(members, recipient, subject, self._clients, self._legs)
        self.groups[group.entity] = group
        identity = self._clients.identity
        group.invite(Identification(identity(), identity()))
        return group

    def _ids(self, user: Conversation, recipient: str) -> Identification:
        """Those of a new session: it goes on with the last one (7.3.1.1 step 13)."""
        identity = self._clients.identity
        for chat in reversed(user.chats):
            if chat.peer == recipient and chat.ended:
                before = chat.request.headers.get("Contribution-ID")
                return Identification(identity(), before or identity())
        return Identification(identity(), identity())

    # -- that come ---------------------------------------------------------------------

    async def _invited(self, incoming: Incoming) -> Response:
        """Answer an INVITE, as its user behaves."""
        request = incoming.request
        if request.to.tag is not None:
            return await self._legs.calls.within(incoming)
        user = self._clients.user(str(request.uri))
        feature = _feature(request)
        if feature is None:
            return respond(request, 488)
        contact = f"<{self._wire.uri()}>;{tag(feature)}"
        try:
            call = self._legs.calls.incoming(incoming, contact)
        except CannotInterwork as refusal:
            status, headers = refusal.status, refusal.headers
            return respond(request, status, headers=headers)
        behaviour = await self._clients.hesitate(user)
        if behaviour.ringing:
            call.ring()
            await deferLater(self._clock, behaviour.ringing)
        if behaviour.status >= 300:
            return respond(request, behaviour.status, headers=behaviour.headers)
        return await self._leg_for(feature, user, request).take(call)

    def _leg_for(self, feature: Feature, user: Conversation, request: Request) -> Leg:
        if feature is Feature.LARGE:
            return TakenLarge(user, self._clients, self._legs).leg
        asserted = request.headers.get("P-Asserted-Identity")
        peer = bare_uri(asserted or str(request.from_.uri))
        chat = Chat(user, peer, self._clients, self._legs, MEDIA_CHAT)
        chat.taken()
        return chat.leg

    async def _acknowledged(self, incoming: Incoming) -> Response:
        self._legs.calls.acknowledge(incoming.request)
        return respond(incoming.request, 200)

    async def _subscribed(self, incoming: Incoming) -> Response:
        """Answer a SUBSCRIBE to who takes part in a group (conversation TS 9.2.14)."""
        request = incoming.request
        group = self.groups.get(_entity(request))
        if request.to.tag is None and (group is None or group.ended):
            return respond(request, 404)
        if group is None:
            return respond(request, 481)
        return group.conference.subscribed(incoming)


def _feature(request: Request) -> Feature | None:
    """Which kind of session an INVITE is about."""
    found = features_of(request.headers)
    for feature in (Feature.LARGE, Feature.SESSION):
        if feature in found:
            return feature
    return None


def _entity(request: Request) -> str:
    """The group that a request is for, by its Request-URI without parameters."""
    uri = request.uri
    return str(uri).partition(";")[0] if isinstance(uri, SipUri) else str(uri)
