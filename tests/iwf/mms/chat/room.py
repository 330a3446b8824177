"""The sessions of an MMS IWF between a CPM user agent and a relay that obey a test."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.addressing.originator import Identity
from cpmgw.config import Mm4Config, MmscConfig, MmscMedia
from cpmgw.cpm.imdn import Imdn, parse_imdn
from cpmgw.iwf.media import Media
from cpmgw.iwf.memory import Memory
from cpmgw.iwf.mms.chat.chats import MmsChats, Ways, mms_chats
from cpmgw.iwf.mms.multimedia import InboundMms
from cpmgw.iwf.mms.relays import Relay, Relays
from cpmgw.iwf.parties import Ends
from cpmgw.mm4.entity import Entity, leaf
from cpmgw.mm4.pdu import Forward, MessageType, Transaction
from cpmgw.policy.mms import MmsPolicy
from cpmgw.sip.uri import SipUri, TelUri
from tests.addressing.plans import e164, plan
from tests.iwf.mms.chat.stand_ins import Adaptation, Forwarding, Link
from tests.iwf.sessions.room import ALICE, BOB, NOW, SessionRoom

__all__ = [
    "ALICE",
    "AT_ONCE",
    "BOB",
    "MOST",
    "NOW",
    "OURS",
    "SMALL",
    "THEIRS",
    "MmsRoom",
]

OURS, THEIRS = "mm4.example.net", "mms.test"
# Octets of the largest content that is looked at.
MOST = 90_000
# Contents of more octets than these are in memory so many at a time.
SMALL, AT_ONCE = 30_000, 2


class MmsRoom(SessionRoom):
    """Alice on the CPM side, Bob with MMS; `mms` are keys of [policy.mms]."""

    mms: dict[str, Any] = {}
    chats: MmsChats

    def setUp(self) -> None:
        self.policy = {**self.policy, "mms": MmsPolicy(**self.mms)}
        super().setUp()

    def make_chats(self, media: Media) -> MmsChats:
        """Those with MMS users."""
        self.house.config.mm4 = Mm4Config(domain=OURS)
        self.house.config.mm4_domain = OURS
        self.forwarding, self.adaptation = Forwarding(), Adaptation()
        self.media = MmscMedia(smil="leave")
        link: Any = Link()
        config = MmscConfig(name="home", domain=THEIRS, media=self.media)
        self.relays = Relays([Relay(link, config)], lambda: self.chosen)
        self.imdns: list[Imdn] = []
        self.imdn_fault: Exception | None = None
        return mms_chats(
            self.house,
            self.calls,
            media,
            Ways(
                relays=self.relays,
                forwarding=self.forwarding,
                adaptation=self.adaptation,
                repeats=self.repeats,
                notified=self._notified,
                types=lambda: ("text/plain", "image/*"),
                max_size=lambda: MOST,
                memory=Memory(AT_ONCE, lambda: SMALL),
            ),
        )

    async def _notified(self, content: bytes) -> None:
        if self.imdn_fault is not None:
            raise self.imdn_fault
        self.imdns.append(parse_imdn(content))

    @property
    def sent(self) -> Forward:
        """The newest request that went out."""
        return self.forwarding.parcels[-1].pdu

    @property
    def sent_entity(self) -> Entity:
        """Its content."""
        return self.forwarding.entities[-1]

    # -- the MMS side ------------------------------------------------------------------

    def mms_of(
        self,
        content: str | Entity,
        *,
        target: str = "+15145550001",
        source: str = "+15145550002",
        **details: Any,
    ) -> InboundMms:
        """What Bob writes, by default to Alice, as it is read."""
        if isinstance(content, str):
            content = leaf("text/plain; charset=utf-8", content.encode())
        ends = Ends(e164(source), e164(target))
        recipient = plan().uri_of(ends.target)
        assert isinstance(recipient, SipUri | TelUri)
        return InboundMms(
            forward=Forward(
                transaction=Transaction(
                    type=MessageType.FORWARD_REQ,
                    transaction_id="t",
                    message_id="m",
                ),
                sender=f"{source}/TYPE=PLMN@{THEIRS}",
                **details,
            ),
            entity=content,
            ends=ends,
            sender=Identity(address=ends.originator),
            recipient=recipient,
            plan=plan(),
            domain="ims.example.net",
            policy=self.chosen,
            relay="home",
            identity="0" * 31 + "1",
            received=NOW,
        )

    def write(
        self, content: str | Entity, **details: Any
    ) -> Deferred[str | InboundMms]:
        """Bob writes; fires with what becomes of it."""
        message = self.mms_of(content, **details)
        taken = Deferred.fromCoroutine(self.chats.take(message))
        self.network.settle()
        return taken

    def taken(self, content: str | Entity, **details: Any) -> str | InboundMms:
        """What becomes at once of what Bob writes."""
        result: str | InboundMms = self.successResultOf(self.write(content, **details))
        return result

    def passed_on(self, content: str | Entity, **details: Any) -> str:
        """To whom a message goes that is a standalone message."""
        message = self.taken(content, **details)
        assert isinstance(message, InboundMms), message
        return str(message.recipient)
