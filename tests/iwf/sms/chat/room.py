"""The chats of an SMS IWF between a CPM user agent and an SM-SC that obey a test."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.addressing.originator import Identity
from cpmgw.config import SmscConfig
from cpmgw.iwf.media import Media
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.sms.centres import Centre, Centres
from cpmgw.iwf.sms.chat.chats import SmsChats, sms_chats
from cpmgw.iwf.sms.inflight import InFlight
from cpmgw.iwf.sms.shortmessage import InboundMessage
from cpmgw.iwf.sms.submissions import Submissions
from cpmgw.records import Collected, ReceivedSegment
from tests.addressing.plans import e164, plan
from tests.iwf.sessions.room import ALICE, BOB, NOW, OURS, SessionRoom
from tests.iwf.sms.chat.stand_ins import Link
from txsmpp.pdu import DeliverSm
from txsmpp.tlv import Tlv

__all__ = ["ALICE", "BOB", "NOW", "OURS", "Room"]


class Room(SessionRoom):
    """Alice on the CPM side, Bob with SMS."""

    chats: SmsChats

    def make_chats(self, media: Media) -> SmsChats:
        """Those with SMS users."""
        self.link = Link()
        smsc = SmscConfig(
            name="home", host="127.0.0.1", system_id="cpmgw", password="secret"
        )
        link: Any = self.link
        store: Any = self.store
        submissions = Submissions(
            Centres([Centre(link, smsc)], lambda: self.chosen),
            store,
            InFlight(),
            lambda: self.chosen,
            self.house.traffic,
        )
        return sms_chats(self.house, self.calls, media, submissions, self.repeats)

    # -- the SMS side ------------------------------------------------------------------

    def short_message(
        self,
        text: str,
        *,
        target: str = "+15145550001",
        source: str = "+15145550002",
        tlvs: tuple[Tlv, ...] = (),
        esm_class: int = 0,
    ) -> InboundMessage:
        """What Bob writes, by default to Alice, as it is read."""
        segment = ReceivedSegment(
            collection="c",
            number=1,
            total=1,
            octets=b"",
            fingerprint=b"",
            centre="home",
            session="s",
            received=NOW,
            expires=NOW + 1,
        )
        ends = Ends(e164(source), e164(target))
        return InboundMessage(
            pdu=DeliverSm(
                source_addr=source,
                destination_addr=target,
                short_message=text.encode("latin-1"),
                tlvs=tlvs,
                esm_class=esm_class,
            ),
            text=text,
            collected=Collected(
                collection="c",
                identity="0" * 31 + "1",
                total=1,
                segments=(segment,),
                delivered=0.0,
                expires=NOW + 1,
            ),
            ends=ends,
            sender=Identity(address=ends.originator),
            recipient=plan().uri_of(ends.target),
            plan=plan(),
            domain="ims.example.net",
            policy=self.chosen,
        )

    def write(self, text: str, **details: Any) -> Deferred[int | InboundMessage]:
        """Bob writes; fires with what becomes of it."""
        message = self.short_message(text, **details)
        taken = Deferred.fromCoroutine(self.chats.take(message))
        self.network.settle()
        return taken

    def taken(self, text: str, **details: Any) -> int | InboundMessage:
        """What becomes at once of what Bob writes."""
        result: int | InboundMessage = self.successResultOf(self.write(text, **details))
        return result

    def passed_on(self, text: str, **details: Any) -> str:
        """To whom a message goes that is a standalone message."""
        message = self.taken(text, **details)
        assert isinstance(message, InboundMessage), message
        return str(message.recipient)
