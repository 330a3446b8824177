"""How sessions with MMS users end, and who takes part (TS 6.3.1.1.6.4, 6.3.1.1.6.6)."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.cpm.chat_content import chat_message
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.fields import NameAddr
from cpmgw.sip.message import Request, Response, originate, respond
from tests.iwf.mms.chat.room import ALICE, BOB, OURS, MmsRoom
from tests.iwf.mms.chat.stand_ins import refused
from tests.iwf.sessions.invites import FOCUS, NUMBER, here

CAROL = "tel:+15145550003"


class Closing(MmsRoom):
    session = {"inform_invited": "never"}

    def test_closed(self) -> None:
        """A BYE is answered 200, and the user is told.

        [TS 6.3.1.1.6.4] [SCR Int-S-041-O]
        """
        answer = self.establish()
        self.assertEqual(self.within("BYE", answer).status, 200)
        self.assertEqual(
            self.forwarding.texts, ["The chat with +15145550001 has been closed."]
        )
        self.assertEqual(self.sent.sender, f"+15145550001/TYPE=PLMN@{OURS}")
        self.assertFalse(self.sent.delivery_report or self.sent.read_reply)
        self.assertIsNone(self.forwarding.parcels[0].sent)

    def test_not_told(self) -> None:
        """A user who cannot be told holds nothing up."""
        answer = self.establish()
        self.forwarding.faults = [refused(503, "mmsc-unreachable")]
        self.assertEqual(self.within("BYE", answer).status, 200)
        self.assertEqual(len(self.chats), 0)


class Quiet(MmsRoom):
    session = {"inform_invited": "never", "inform_closed": "never"}

    def test_by_policy(self) -> None:
        """By policy the user is not told. [TS 6.3.1.1.6.4]"""
        answer = self.establish()
        self.within("BYE", answer)
        self.assertEqual(self.forwarding.parcels, [])


class Participants(MmsRoom):
    session: dict[str, Any] = {
        "inform_invited": "never",
        "inform_closed": "never",
        "leave_instructions": "never",
    }

    def setUp(self) -> None:
        super().setUp()
        self.subscribed: list[Request] = []
        self.peer.serve("SUBSCRIBE", self._subscribe, in_dialog=True)

    async def _subscribe(self, incoming: Incoming) -> Response:
        request = incoming.request
        self.subscribed.append(request)
        expires = request.headers.get("Expires") or "3600"
        return respond(
            request,
            200,
            to_tag="focus",
            headers=(("Contact", f"<{FOCUS}>"), ("Expires", expires)),
        )

    def notify(self, *entities: str) -> int:
        """Tell who takes part; the status that answers it."""
        first = self.subscribed[0]
        users = "".join(
            f'<user entity="{each}"><endpoint entity="{each}"><status>connected'
            "</status></endpoint></user>"
            for each in entities
        )
        body = (
            '<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" '
            f'entity="{FOCUS}" state="full" version="1"><conference-description>'
            "<subject>Chess</subject></conference-description>"
            f"<users>{users}</users></conference-info>"
        ).encode()
        contact = first.headers.addresses("Contact")[0].uri
        request = originate(
            "NOTIFY",
            contact,
            from_=NameAddr(first.to.uri).with_parameter("tag", "focus"),
            to=first.from_,
            call_id=first.call_id,
            headers=(
                ("Contact", f"<{FOCUS}>"),
                ("Event", "conference"),
                ("Subscription-State", "active;expires=3600"),
                ("Content-Type", "application/conference-info+xml"),
            ),
            body=body,
        )
        return self.answer(request).status

    def test_told(self) -> None:
        """Who takes part comes from the group's number.

        [TS 6.3.1.1.6.6] [SCR Int-S-042-O]
        """
        self.establish(here(("Subject", "Chess")))
        self.assertEqual(self.notify(ALICE, BOB, CAROL), 200)
        (text,) = self.forwarding.texts
        self.assertIn("+15145550001, +15145550003", text)
        self.assertEqual(self.sent.sender, f"{NUMBER}/TYPE=PLMN@{OURS}")
        self.assertFalse(self.sent.acknowledge)

    def test_nobody(self) -> None:
        """Where there is nobody to name, nothing is sent."""
        self.establish(here())
        self.assertEqual(self.notify(BOB), 200)
        self.assertEqual(self.forwarding.parcels, [])


class InMessages(Participants):
    session = {**Participants.session, "participants_in_messages": True}

    def test_when_it_is_its_turn(self) -> None:
        """A message that has waited says who takes part when it goes."""
        self.establish(here())
        held: list[Deferred[None]] = []
        self.forwarding.held = held
        self.hear("1")
        second = self.hear("2")
        self.assertEqual(self.notify(ALICE, BOB, CAROL), 200)
        self.assertEqual(len(held), 1)
        held[0].callback(None)
        self.assertIn("2", self.forwarding.texts[1])
        self.assertIn("+15145550001, +15145550003", self.forwarding.texts[1])
        for each in (1, 2):
            held[each].callback(None)
        self.assertEqual(self.successResultOf(second), 200)

    def hear(self, text: str) -> Deferred[int]:
        """Carol says something."""
        octets = chat_message(
            text,
            sender=CAROL,
            recipient=FOCUS,
            message_id=text,
            datetime="2026-11-24T23:00:00Z",
        )
        return self.arrive(octets)
