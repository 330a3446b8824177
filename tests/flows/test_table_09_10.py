"""TS 6.2.2.2.1, Tables 9 and 10: SMS to pager mode CPM standalone message.

[SCR Int-S-008-O]
"""

from __future__ import annotations

from typing import Any

from cpmgw.cpm.features import Feature, features_of
from cpmgw.cpm.identity import nccsid_of
from cpmgw.iwf.sms.tables.table_09 import TABLE_9_SIP_MESSAGE
from cpmgw.iwf.sms.tables.table_10 import TABLE_10_COMMAND_STATUS
from cpmgw.lab.behaviour import CpmBehaviour
from cpmgw.lab.conversation import ReceivedMessage
from cpmgw.lab.handset import SmsOptions
from cpmgw.lab.receipt import Address
from tests.flows.house import ALICE, BOB, House
from txsmpp.status import CommandStatus
from txsmpp.text.policy import Segmentation, TextPolicy
from txsmpp.tlv import Tag, of_integer


class Inbound(House):
    def sms(self, text: str, **details: Any) -> list[int]:
        """Bob's handset writes to Alice; the command_status of each segment."""
        statuses: list[list[int]] = []
        self.centre.send_sms(
            BOB[4:], ALICE[4:], text, SmsOptions(**details)
        ).addCallback(statuses.append)
        self.network.wait_until(lambda: statuses)
        return statuses[0]

    def received(self, text: str = "Hello", **details: Any) -> ReceivedMessage:
        """What Alice gets of it."""
        self.sms(text, **details)
        return self.cpm.user(ALICE).inbox[-1]


class Rows(Inbound):
    def test_rows_are_those_of_the_table(self) -> None:
        """The rows are those of Table 9, in its order."""
        self.assertEqual(
            TABLE_9_SIP_MESSAGE.names,
            (
                "Content-Language",
                "Content-Length",
                "Content-Type",
                "P-Asserted-Identity",
                "From",
                "Priority",
                "To",
                "Request-URI",
                "User-Agent",
                "body",
            ),
        )

    def test_content_language(self) -> None:
        """Content-Language: from language_indicator, absent without."""
        tlvs = (of_integer(Tag.LANGUAGE_INDICATOR, 2),)
        self.assertEqual(
            self.received(tlvs=tlvs).request.headers.get("Content-Language"), "fr"
        )
        self.assertNotIn("Content-Language", self.received().request.headers)

    def test_content_type(self) -> None:
        """Content-Type: text/plain with its charset, in a CPIM wrapper."""
        message = self.received("Grüße 😀")
        self.assertEqual(message.request.content_type, "message/cpim")
        assert message.cpim is not None
        self.assertEqual(message.cpim.content_type, "text/plain;charset=UTF-8")

    def test_p_asserted_identity_and_from(self) -> None:
        """P-Asserted-Identity and From: a TEL URI of the MSISDN."""
        request = self.received().request
        self.assertEqual(request.headers.get("P-Asserted-Identity"), f"<{BOB}>")
        self.assertTrue(str(request.from_.uri).startswith(BOB))

    def test_non_cpm_communication_service_identifier(self) -> None:
        """From carries nccsid=SMS (Appendix D). [RCC.10 Appendix D]"""
        self.assertEqual(nccsid_of(self.received().request.from_.uri), "SMS")

    def test_priority(self) -> None:
        """Priority: 0 is non-urgent, 1 normal, 2 urgent in GSM."""
        for flag, priority in ((0, "non-urgent"), (1, "normal"), (2, "urgent")):
            with self.subTest(flag=flag):
                message = self.received(text=f"{flag}", priority_flag=flag)
                self.assertEqual(message.request.headers.get("Priority"), priority)

    def test_to_and_request_uri(self) -> None:
        """To and Request-URI: a TEL URI of the target's MSISDN."""
        request = self.received().request
        self.assertEqual((str(request.to.uri), str(request.uri)), (ALICE, ALICE))

    def test_user_agent(self) -> None:
        """User-Agent: the release version of the IWF (Appendix C).

        [RCC.10 Appendix C.3]
        """
        value = self.received().request.headers.get("User-Agent") or ""
        self.assertTrue(value.startswith("IWF-SMS-client/OMA2.1 cpmgw/"), value)

    def test_body(self) -> None:
        """body: the content of the SMS in CPIM (conversation TS 7.2.1.3)."""
        message = self.received("Grüße 😀")
        self.assertEqual(message.text, "Grüße 😀")
        assert message.cpim is not None
        self.assertEqual(message.cpim.get("From"), f"<{BOB}>")
        self.assertEqual(message.cpim.get("To"), f"<{ALICE}>")
        self.assertTrue(message.message_id)

    def test_feature_and_identifiers(self) -> None:
        """The pager mode feature, Conversation-ID, Contribution-ID (7.2.1.1)."""
        first, second = self.received("one"), self.received("two")
        self.assertEqual(features_of(first.request.headers), frozenset({Feature.PAGER}))
        self.assertEqual(first.conversation_id, second.conversation_id)
        self.assertNotEqual(first.contribution_id, second.contribution_id)


class Steps(Inbound):
    def test_step_1_sender_that_is_no_e164_number(self) -> None:
        """1. Sender not identified by an E.164 number: command_status 0x65."""
        statuses = self.sms("Win!", source=Address(5, 0, "SHOP"))
        self.assertEqual(statuses, [0x65])
        statuses = self.sms("Win!", source=Address(3, 0, "4711"))
        self.assertEqual(statuses, [0x65])
        self.assertEqual(self.cpm.user(ALICE).inbox, [])

    def test_step_2_waits_for_the_rest(self) -> None:
        """2. A concatenated message waits for its segments, in whatever order."""
        text = "Zwölf Boxkämpfer jagen Viktor quer über den Sylter Deich. " * 6
        for segmentation in (Segmentation.SAR, Segmentation.UDH_8, Segmentation.UDH_16):
            with self.subTest(segmentation=segmentation):
                policy = TextPolicy(segmentation=segmentation)
                message = self.received(text, policy=policy, order=(3, 1, 2, 1))
                self.assertEqual(message.text, text)
        self.assertEqual(len(self.cpm.user(ALICE).inbox), 3)

    def test_step_3_message_payload(self) -> None:
        """3. Text in message_payload becomes one SIP MESSAGE."""
        policy = TextPolicy(segmentation=Segmentation.PAYLOAD)
        self.assertEqual(self.received("x" * 400, policy=policy).text, "x" * 400)

    def test_data_sm(self) -> None:
        """data_sm is read like deliver_sm (6.2.2 note 3)."""
        self.assertEqual(self.received("Hello", data_sm=True).text, "Hello")

    def test_target_that_is_no_number(self) -> None:
        """A target that is no number has no CPM user: ESME_RINVDSTADR."""
        statuses = self.sms("Hello", target=Address(0, 0, "12"))
        self.assertEqual(statuses, [CommandStatus.ESME_RINVDSTADR])

    def test_text_beyond_1300_octets_is_not_cut(self) -> None:
        """Longer text goes as one message over TCP (docs/decisions/0006)."""
        text = "Zwölf Boxkämpfer. " * 100
        message = self.received(text)
        self.assertEqual(message.text, text)
        self.assertEqual(message.request.via.transport, "TCP")


class Table10(Inbound):
    def test_response_codes(self) -> None:
        """202 is 0x0, 404 is 0xB, 503 is 0x64, 403 is 0x65; others alike."""
        for code, status in (
            (202, 0x00),
            (200, 0x00),
            (404, 0x0B),
            (403, 0x65),
            (415, 0x65),
            (604, 0x0B),
        ):
            with self.subTest(code=code):
                self.cpm.behave(CpmBehaviour(status=code))
                self.assertEqual(self.sms(f"answer {code}"), [status])

    def test_temporary_answers(self) -> None:
        """503 and its like are 0x64, which has the SM-SC try again."""
        for code in (408, 480, 486, 500, 503, 504, 600):
            self.assertEqual(TABLE_10_COMMAND_STATUS.of(code), 0x64, code)

    def test_every_answer_has_a_status(self) -> None:
        """No final response is without a command_status."""
        for code in range(200, 700):
            self.assertIn(TABLE_10_COMMAND_STATUS.of(code), (0, 0x0B, 0x64, 0x65))

    def test_message_arrives_when_the_sm_sc_tries_again(self) -> None:
        """After a 503 the message is not lost and not doubled."""
        self.cpm.behave(CpmBehaviour(status=503))
        statuses: list[list[int]] = []
        self.centre.send_sms(BOB[4:], ALICE[4:], "Hello").addCallback(statuses.append)
        self.settle()
        self.cpm.behave(CpmBehaviour())
        for _ in range(20):
            self.network.advance(5)
            self.settle()
        self.assertEqual(statuses, [[0]])
        self.assertEqual(self.cpm.user(ALICE).texts, ["Hello"])


class RcsPriority(Inbound):
    policy = "inbound_priority = false"

    def test_priority_is_ignored(self) -> None:
        """RCC.10 6.2.2.2.1: Priority will be ignored.

        [RCC.10 6.2.2.2.1 difference 2]
        """
        self.assertNotIn("Priority", self.received(priority_flag=2).request.headers)
