"""TS 5.1, RCC.10 5.1: SMS and MMS side by side."""

from __future__ import annotations

from cpmgw.cpm.features import Feature
from cpmgw.lab.behaviour import MmsBehaviour, SmsBehaviour
from cpmgw.mm4.entity import leaf
from tests.flows.house import BOB
from tests.flows.large import TEXT, wrapping
from tests.flows.mms import MmsHouse, MmsLargeOutbound, mixed, picture, text
from txsmpp.constants import MessageState


class Both(MmsHouse):
    with_sms = True

    def where(self) -> tuple[int, int]:
        """How many went by SMS and by MMS."""
        return len(self.centre.handset(BOB[4:]).inbox), len(self.phone.inbox)


class Messages(Both):
    def test_text(self) -> None:
        """A text goes by SMS, a picture by MMS. [SCR Int-S-001-M]"""
        self.assertEqual(self.send(text="Hello").status, 202)
        self.assertEqual(self.where(), (1, 0))
        self.assertEqual(self.send_entity(picture()).status, 202)
        self.assertEqual(self.where(), (1, 1))
        self.assertEqual(self.send_entity(mixed(text(), picture())).status, 202)
        self.assertEqual(self.where(), (1, 2))

    def test_neither(self) -> None:
        """What nobody carries is 488."""
        sent = self.send_entity(leaf("application/pdf", b"%PDF-1.4"))
        self.assertEqual((sent.status, self.where()), (488, (0, 0)))

    def test_notifications(self) -> None:
        """Each service reports on its own messages."""
        asked = ("positive-delivery", "interworking")
        by_sms = self.send(text="Hello", imdn=asked)
        by_mms = self.send_entity(picture(), imdn=asked)
        self.settle()
        self.assertEqual(
            set(by_sms.outcome),
            {
                ("delivery-notification", "delivered"),
                ("interworking-notification", "legacy-sms"),
            },
        )
        self.assertEqual(
            set(by_mms.outcome),
            {
                ("delivery-notification", "delivered"),
                ("interworking-notification", "legacy-mms"),
            },
        )

    def test_notification_of_an_mms(self) -> None:
        """What a client says of an MMS goes to MMS, of a short message nowhere."""
        sent = self.write_mms("Hi", delivery_report=True)
        self.settle()
        self.assertEqual(sent.outcome, ["Retrieved"])

    def test_both_ways(self) -> None:
        """SMS and MMS come from the same handset, each as itself."""
        self.centre.send_sms(BOB[4:], "+15145550001", "by SMS")
        self.settle()
        self.write_mms("by MMS")
        self.assertEqual(set(self.alice.texts), {"by SMS", "by MMS"})

    def test_other_service_after_a_failure(self) -> None:
        """Where SMS does not take it, MMS does. [TS 5.1 step 11b]"""
        self.centre.behave(SmsBehaviour(status=0x08))
        self.assertEqual(self.send(text="Hello").status, 202)
        self.assertEqual(self.where(), (0, 1))

    def test_no_other_after_silence(self) -> None:
        """What may have left is sent by no other service."""
        self.centre.behave(SmsBehaviour(silent=True))
        sent = self.send(text="Hello")
        self.pass_time(120)
        self.assertEqual((sent.status, self.forwards), (408, []))

    def test_picture_and_no_relay(self) -> None:
        """A picture that MMS does not take goes by nothing else."""
        self.relay.behave(MmsBehaviour(silent=True))
        sent = self.send_entity(picture())
        self.pass_time(120)
        self.assertEqual((sent.status, self.where()), (408, (0, 0)))


class Preferred(Both):
    policy = 'selection.services.pager = ["MMS", "SMS"]'

    def test_order(self) -> None:
        """The order is policy's."""
        self.assertEqual(self.send(text="Hello").status, 202)
        self.assertEqual(self.where(), (0, 1))


class Rcs(Both):
    profile = "rcs"

    def test_text_and_all_else(self) -> None:
        """Text by SMS, all else by MMS, whatever else fails.

        [RCC.10 5.1 step 5a] [RCC.10 5.1 step 5b] [RCC.10 4 supported 1]
        [RCC.10 4 supported 2]
        """
        self.assertEqual(self.send(text="Hello").status, 202)
        self.assertEqual(self.send_entity(mixed(text(), picture())).status, 202)
        self.assertEqual(self.where(), (1, 1))
        self.centre.behave(SmsBehaviour(status=0x08))
        self.assertEqual(self.send(text="Hello").status, 503)
        self.assertEqual(self.where(), (1, 1))

    def test_part_is_left(self) -> None:
        """Of what crosses in part the rest is left. [RCC.10 6.1.1 difference 1a]"""
        pdf = leaf("application/pdf", b"%PDF-1.4")
        self.assertEqual(self.send_entity(mixed(picture(), pdf)).status, 202)
        kinds = {e.media_type.name for e in self.phone.inbox[0].entity.leaves()}
        self.assertEqual(kinds, {"image/gif", "application/smil"})

    def test_failed_event(self) -> None:
        """A failure that SMS reports is its own affair."""
        self.centre.behave(SmsBehaviour(state=MessageState.UNDELIVERABLE))
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self.settle()
        self.assertEqual((sent.status, self.forwards), (202, []))


class Large(MmsLargeOutbound):
    with_sms = True
    policy = "selection.large_text = 0"

    def test_large(self) -> None:
        """A large text goes by SMS, where pictures are offered by MMS."""
        talk = self.established()
        self.assertEqual(self.say(talk), 200)
        talk.bye()
        self.assertEqual(
            (self.centre.handset(BOB[4:]).texts, self.forwards), ([TEXT], [])
        )
        other = self.established(body=wrapping("image/gif image/png"))
        self.assertEqual(self.say_entity(other, picture(), message_id="m-2"), 200)
        other.bye()
        self.assertEqual(len(self.forwards), 1)

    def test_file(self) -> None:
        """A file goes by MMS, whatever it is."""
        talk = self.side.call(
            feature=Feature.FILE, body=wrapping("", types="text/plain")
        )
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 200)
        talk.establish()
        sent = talk.session.send("text/plain", TEXT.encode())
        self.settle()
        self.assertEqual(self.successResultOf(sent), 200)
        self.assertEqual((self.phone.texts, self.centre.submitted), ([TEXT], []))
        talk.bye()
