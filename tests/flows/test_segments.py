"""TS 6.2.2.2.1 step 2 and docs/decisions/0004: messages that come in segments."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cpmgw.config import Config
from cpmgw.iwf.sms.overdue import LAST_RETRY
from cpmgw.lab.behaviour import CpmBehaviour
from cpmgw.lab.handset import SmsOptions, compose
from tests.flows.house import ALICE, BOB, House
from tests.flows.machine import Mortal
from txsmpp.pdu import Pdu
from txsmpp.text.policy import Segmentation, TextPolicy

TEXT = "Franz jagt im komplett verwahrlosten Taxi quer durch Bayern. " * 6
SAR = TextPolicy(segmentation=Segmentation.SAR)


class Segments(House):
    """A concatenated message, segment by segment."""

    def setUp(self) -> None:
        super().setUp()
        self.pdus = self.composed()
        self.assertEqual(len(self.pdus), 3)

    def composed(self, text: str = TEXT, reference: int = 7) -> list[Pdu]:
        """The segments of a text."""
        options = SmsOptions(policy=SAR)
        return list(compose(BOB[4:], ALICE[4:], text, reference, options))

    def bring(self, *numbers: int, pdus: Sequence[Pdu] = ()) -> list[int]:
        """Send segments, by number; their command_status as far as they have one."""
        statuses: list[int] = []
        for number in numbers:
            pdu = (pdus or self.pdus)[number - 1]
            self.centre.sessions[-1].deliver(pdu).addCallbacks(
                lambda response: statuses.append(response.command_status),
                lambda _: statuses.append(-1),
            )
            self.settle()
        return statuses

    @property
    def texts(self) -> list[str]:
        """What Alice got."""
        return self.cpm.user(ALICE).texts


class Stored(Segments):
    """ack_segments = "stored", the default."""

    def test_each_is_acknowledged_when_stored(self) -> None:
        """2. A segment is ESME_ROK when it is on disk; the rest is waited for.

        [SCR Int-S-008-O]
        """
        self.assertEqual(self.bring(1, 2), [0, 0])
        self.assertEqual(self.texts, [])
        self.assertEqual(self.bring(3), [0])
        self.assertEqual(self.texts, [TEXT])

    def test_out_of_order(self) -> None:
        """2. The order in which they come is of no matter. [SCR Int-S-008-O]"""
        self.assertEqual(self.bring(3, 1, 2), [0, 0, 0])
        self.assertEqual(self.texts, [TEXT])

    def test_duplicates(self) -> None:
        """2. A segment that comes twice counts once, before and after the whole."""
        self.assertEqual(self.bring(1, 1, 3, 3, 2, 2, 1), [0] * 7)
        self.assertEqual(self.texts, [TEXT])

    def test_two_messages_at_once(self) -> None:
        """2. Segments go to their own message by its reference."""
        other = self.composed(TEXT.upper(), 8)
        self.bring(1)
        self.bring(2, 1, pdus=other)
        self.bring(3, 2)
        self.bring(3, pdus=other)
        self.assertEqual(self.texts, [TEXT, TEXT.upper()])

    def test_reference_used_again(self) -> None:
        """2. A reference that comes again belongs to another message."""
        self.bring(1, 2, 3)
        other = self.composed(TEXT.upper(), 7)
        self.bring(1, 2, 3, pdus=other)
        self.assertEqual(self.texts, [TEXT, TEXT.upper()])

    def test_cpm_side_fails_at_the_last_segment(self) -> None:
        """The last is 0x64; brought again, it completes the message again."""
        self.cpm.behave(CpmBehaviour(status=503))
        self.assertEqual(self.bring(1, 2, 3), [0, 0, 0x64])
        self.cpm.behave(CpmBehaviour())
        self.assertEqual(self.bring(3), [0])
        self.assertEqual(self.texts, [TEXT])

    def test_last_segment_never_brought_again(self) -> None:
        """What was acknowledged is not lost: it goes when its time is over."""
        self.cpm.behave(CpmBehaviour(status=503))
        self.bring(1, 2, 3)
        self.cpm.behave(CpmBehaviour())
        self.pass_time(610)
        self.assertEqual(self.texts, [TEXT])

    def test_refused_for_good(self) -> None:
        """A user who is not there: 0xB for the last, and nothing is kept."""
        self.cpm.behave(CpmBehaviour(status=404))
        self.assertEqual(self.bring(1, 2, 3), [0, 0, 0x0B])
        self.cpm.behave(CpmBehaviour())
        self.pass_time(610)
        self.assertEqual(self.texts, [])

    def test_time_limit(self) -> None:
        """What lacks a segment when its time is over is delivered, gaps marked."""
        self.bring(1, 3)
        self.pass_time(590)
        self.assertEqual(self.texts, [])
        self.pass_time(20)
        (text,) = self.texts
        self.assertIn("[...]", text)
        self.assertTrue(text.startswith(TEXT[:150]))
        self.assertTrue(text.endswith(TEXT[-50:]))

    def test_late_segment(self) -> None:
        """One that comes after the time limit begins no second delivery at once."""
        self.bring(1, 3)
        self.pass_time(610)
        self.assertEqual(self.bring(1), [0])
        self.assertEqual(len(self.texts), 1)

    def test_late_segment_while_a_slow_delivery_is_under_way(self) -> None:
        """What a part was sent without is not lost, however long that took."""
        self.bring(1, 3)
        self.network.advance(595)
        self.settle()
        self.cpm.behave(CpmBehaviour(delay=15.0))
        self.network.advance(6)
        self.settle()
        late = self.bring(2)
        self.network.advance(15)
        self.settle()
        self.assertEqual((len(self.texts), late), (1, [0]))
        self.cpm.behave(CpmBehaviour())
        self.pass_time(620)
        self.assertEqual(len(self.texts), 2)

    def test_last_segment_brought_again_hours_later(self) -> None:
        """One that was refused for now and is brought again late is known."""
        self.cpm.behave(CpmBehaviour(status=503))
        self.bring(1, 2, 3)
        self.cpm.behave(CpmBehaviour())
        self.pass_time(610)
        self.pass_time(7_200)
        self.assertEqual(self.bring(3), [0])
        self.pass_time(620)
        self.assertEqual(self.texts, [TEXT])

    def test_duplicate_after_the_whole(self) -> None:
        """A segment that comes again after the whole begins no second message."""
        self.bring(1, 2, 3, 1)
        self.pass_time(620)
        self.assertEqual(self.texts, [TEXT])

    def test_reference_used_again_with_an_equal_segment(self) -> None:
        """A new message may begin as the last one did; it is whole all the same."""
        self.bring(1, 2, 3)
        other = self.composed(TEXT[:200] + TEXT.upper()[200:])
        self.bring(1, 2, 3, pdus=other)
        self.assertEqual(self.texts, [TEXT, TEXT[:200] + TEXT.upper()[200:]])

    def test_overdue_and_the_cpm_side_is_away(self) -> None:
        """Overdue text is tried again until it is taken, and then no more."""
        self.bring(1, 3)
        self.cpm.behave(CpmBehaviour(status=503))
        self.pass_time(620)
        self.cpm.behave(CpmBehaviour())
        self.pass_time(30)
        self.assertEqual(len(self.texts), 1)
        self.pass_time(60)
        self.assertEqual(len(self.texts), 1)

    def test_overdue_and_never_taken(self) -> None:
        """What is never taken is given up when its validity is over."""
        self.bring(1, 3)
        self.cpm.behave(CpmBehaviour(status=480))
        self.pass_time(605)
        self.network.advance(172_800)
        # Its last try may have been a moment ago, or not before the longest pause.
        self.pass_time(LAST_RETRY + 30.0)
        found: list[object] = []
        self.gateway.store.received.overdue(1e12).addCallback(found.extend)
        self.settle()
        self.assertEqual(found, [])


class OneSegment(Segments):
    def test_step_4_sent_and_answered_from_the_response(self) -> None:
        """4. The SIP MESSAGE is sent; deliver_sm_resp follows the SIP response.

        [SCR Int-S-008-O]
        """
        self.cpm.behave(CpmBehaviour(delay=2.0))
        statuses = self.bring(1, pdus=self.composed("Hi"))
        self.assertEqual(statuses, [])
        self.network.advance(2.1)
        self.settle()
        self.assertEqual((statuses, self.texts), ([0], ["Hi"]))

    def test_step_4_under_way_when_its_time_is_over(self) -> None:
        """4. What is being sent is not given up, so that its repeat is known."""
        (pdu,) = self.composed("Hi")
        self.cpm.behave(CpmBehaviour(status=503))
        self.assertEqual(self.bring(1, pdus=[pdu]), [0x64])
        self.network.advance(598)
        self.settle()
        self.cpm.behave(CpmBehaviour(delay=8.0))
        statuses = self.bring(1, pdus=[pdu])
        for _ in range(9):
            self.network.advance(1)
            self.settle()
        self.assertEqual((statuses, self.texts), ([0], ["Hi"]))
        self.network.cut("127.0.0.1", 2775)
        self.network.advance(4)
        self.wait_until(lambda: self.gateway.centres[0].bound)
        self.cpm.behave(CpmBehaviour())
        self.assertEqual(self.bring(1, pdus=[pdu]), [0])
        self.assertEqual(self.texts, ["Hi"])

    def test_step_4_no_response(self) -> None:
        """4. Where none comes in time the SM-SC brings it again, and it goes once."""
        self.cpm.behave(CpmBehaviour(silent=True))
        statuses: list[list[int]] = []
        self.centre.send_sms(BOB[4:], ALICE[4:], "Hi").addCallback(statuses.append)
        self.settle()
        self.network.advance(33)
        self.settle()
        self.assertEqual((statuses, self.texts), ([], []))
        self.cpm.behave(CpmBehaviour())
        self.pass_time(60)
        self.assertEqual((statuses, self.texts), ([[0]], ["Hi"]))


class Delivered(Segments):
    policy = 'ack_segments = "delivered"'

    def test_all_wait_for_the_whole(self) -> None:
        """Every segment waits for the outcome of the whole message."""
        self.cpm.behave(CpmBehaviour(delay=1.0))
        statuses: list[int] = []
        for pdu in self.pdus:
            self.centre.sessions[-1].deliver(pdu).addCallback(
                lambda response: statuses.append(response.command_status)
            )
            self.settle()
        self.assertEqual(statuses, [])
        self.network.advance(1.1)
        self.settle()
        self.assertEqual(statuses, [0, 0, 0])

    def test_all_share_a_refusal(self) -> None:
        """Where the CPM side has no time, none was taken; all come again."""
        self.cpm.behave(CpmBehaviour(status=503))
        first = self.bring(1)
        second = self.bring(2)
        self.assertEqual((first, second), ([], []))
        self.assertEqual(self.bring(3), [0x64])
        self.assertEqual((first, second), ([0x64], [0x64]))
        self.cpm.behave(CpmBehaviour())
        self.bring(1, 2, 3)
        self.assertEqual(self.texts, [TEXT])


class Discarded(Segments):
    policy = 'incomplete = "discard"'

    def test_time_limit(self) -> None:
        """By policy what lacks a segment is dropped when its time is over."""
        self.bring(1, 3)
        self.pass_time(610)
        self.assertEqual(self.texts, [])
        self.bring(2)
        self.pass_time(610)
        self.assertEqual(self.texts, [])

    def test_whole_message_is_not_incomplete(self) -> None:
        """A whole message that the CPM side had no time for is not dropped."""
        self.cpm.behave(CpmBehaviour(status=503))
        self.bring(1, 2, 3)
        self.cpm.behave(CpmBehaviour())
        self.pass_time(610)
        self.assertEqual(self.texts, [TEXT])


class OverARestart(Mortal, Segments):
    def test_restart_between_segments(self) -> None:
        """Half a message survives a crash: its rest completes it."""
        self.assertEqual(self.bring(1, 3), [0, 0])
        self.restart()
        self.assertEqual(self.bring(2), [0])
        self.assertEqual(self.texts, [TEXT])

    def test_restart_after_the_whole(self) -> None:
        """A segment repeated after a crash makes no second message."""
        self.bring(1, 2, 3)
        self.restart()
        self.assertEqual(self.bring(3), [0])
        self.assertEqual(self.texts, [TEXT])

    def test_time_limit_over_a_restart(self) -> None:
        """The time limit goes on over a crash."""
        self.bring(1, 2)
        self.pass_time(300)
        self.restart()
        self.pass_time(310)
        self.assertEqual(len(self.texts), 1)


class AnotherName(Mortal, Segments):
    """The SM-SC is called otherwise after the restart."""

    called = "home"

    def config(self) -> Config:
        """The usual configuration, with another name for the SM-SC."""
        config = super().config()
        (centre,) = config.smsc
        named = msgspec.structs.replace(centre, name=self.called)
        return msgspec.structs.replace(config, smsc=(named,))

    def test_overdue_of_a_name_that_is_gone(self) -> None:
        """Segments of an SM-SC that is configured no longer are delivered."""
        self.bring(1, 2)
        self.called = "away"
        self.restart()
        self.pass_time(620)
        self.assertEqual(len(self.texts), 1)
