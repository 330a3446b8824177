"""Short messages to numbers of ours (TS 6.2.2.2.2 NOTE 1, 5.2)."""

from __future__ import annotations

from cpmgw.errors import StoreError
from cpmgw.policy.sms import SmsPolicy
from cpmgw.records import Allocation, GroupSession
from tests.iwf.sms.chat.room import ALICE, BOB, Room
from tests.iwf.sms.chat.test_replies import OK, QUIET
from txsmpp.status import CommandStatus


class LeftAlready(Room):
    session = QUIET
    number = "+15145559000"

    def group(self) -> None:
        """A group that has a number, and no session with Bob."""
        record = GroupSession(
            user=BOB[4:],
            conversation_id="c",
            contribution_id="",
            session="sip:chess@conf.example.net",
            address="sip:chess@conf.example.net",
        )
        self.successResultOf(self.store.number_for(record, "SMS"))

    def test_word_to_a_group(self) -> None:
        """The word to leave is not for a group to read; other words are."""
        self.group()
        self.assertEqual(self.taken("Leave", target=self.number), OK)
        self.assertEqual(
            self.passed_on("Hi", target=self.number), "sip:chess@conf.example.net"
        )

    def test_by_policy(self) -> None:
        """Where there is no such word it is one as any other."""
        self.group()
        self.change(leave_by_text=False, leave_instructions="never")
        self.assertEqual(
            self.passed_on("leave", target=self.number), "sip:chess@conf.example.net"
        )


class OwnNumbers(Room):
    """Under numbers of ours (6.2.2.2.2 NOTE 1)."""

    session = {**QUIET, "sender": "number"}
    number = "+15145559000"

    def test_session(self) -> None:
        """The session's number leads into it, and the inviter's own does not."""
        self.establish()
        self.assertEqual(self.taken("Hi", target=self.number), OK)
        self.assertEqual(self.passed_on("Hi"), ALICE)

    def test_other_sender(self) -> None:
        """Somebody else who writes to the number has no session there."""
        self.establish()
        status = self.taken("Hi", target=self.number, source="+15145550009")
        self.assertEqual(status, CommandStatus.ESME_RINVDSTADR)

    def test_lost(self) -> None:
        """The number of a session that was lost with a former process leads on."""
        record = GroupSession(
            user="+15145550002",
            conversation_id="",
            contribution_id="",
            session=ALICE,
            address="sip:alice@example.net",
            one_to_one=True,
        )
        self.successResultOf(self.store.number_for(record, "SMS"))
        self.assertEqual(
            self.passed_on("Hi", target=self.number), "sip:alice@example.net"
        )

    def test_nobodys(self) -> None:
        """A number that stands for nothing: as policy says. [TS 6.2.2.2.2 NOTE 1]"""
        self.assertEqual(
            self.taken("Hi", target=self.number), CommandStatus.ESME_RINVDSTADR
        )

    def test_store_fails(self) -> None:
        """Where nobody can tell, the SM-SC tries again."""
        self.store.trouble = StoreError("broken")
        self.assertEqual(
            self.taken("Hi", target=self.number), CommandStatus.ESME_RX_T_APPN
        )

    def test_bounds_of_a_pool(self) -> None:
        """What no pool has is nobody's number of ours."""
        for number in ("+15145558999", "+15145559100"):
            self.assertEqual(self.passed_on("Hi", target=number), f"tel:{number}")

    def test_short_number(self) -> None:
        """A short number is in no pool."""
        self.assertEqual(self.passed_on("Hi", target="12345"), "tel:12345")

    def test_unroutable(self) -> None:
        """What cannot be sent to is nobody's."""
        self.store.allocations[self.number, "+15145550002"] = Allocation(
            number=self.number,
            group_session=GroupSession(
                user="+15145550002",
                conversation_id="",
                contribution_id="",
                session="x",
                address="mailto:a@b.example",
            ),
            pool="p",
            service="SMS",
            allocated=0.0,
            used=0.0,
        )
        self.assertEqual(
            self.taken("Hi", target=self.number), CommandStatus.ESME_RINVDSTADR
        )


class Discarding(OwnNumbers):
    policy = {"sms": SmsPolicy(stray_answer="discard")}

    def test_nobodys(self) -> None:
        """By policy it is taken and dropped. [TS 6.2.2.2.2 NOTE 1]"""
        self.assertEqual(self.taken("Hi", target=self.number), OK)

    test_other_sender = test_nobodys
    test_unroutable = test_nobodys
