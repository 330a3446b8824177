"""Tables 4 to 8 and 11: a row of the TS a test, and the PDUs and requests of them."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.originator import Identity
from cpmgw.config import SmscConfig
from cpmgw.cpm.headers import Identification
from cpmgw.cpm.imdn import Disposition
from cpmgw.iwf.mapping import Table
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.sessions.acceptance import InvitationAnswer, session_answer
from cpmgw.iwf.sms.largeinvitation import large_request
from cpmgw.iwf.sms.session_rules import held_text, lifetime
from cpmgw.iwf.sms.sessionmessage import SessionSegment, SessionText
from cpmgw.iwf.sms.shortmessage import InboundMessage
from cpmgw.iwf.sms.submission import session_sm
from cpmgw.iwf.sms.tables.table_04 import TABLE_4_SUBMIT_SM
from cpmgw.iwf.sms.tables.table_05 import TABLE_5_SIP_RESPONSE
from cpmgw.iwf.sms.tables.table_06 import TABLE_6_SUBMIT_SM
from cpmgw.iwf.sms.tables.table_07 import TABLE_7_SUBMIT_SM
from cpmgw.iwf.sms.tables.table_08 import TABLE_8_SUBMIT_SM
from cpmgw.iwf.sms.tables.table_11 import TABLE_11_SIP_INVITE
from cpmgw.policy import Policy
from cpmgw.policy.large import LargePolicy
from cpmgw.policy.session import SessionPolicy
from cpmgw.policy.sms import SmsPolicy
from cpmgw.records import Collected, ReceivedSegment
from cpmgw.sip.message import Request
from cpmgw.sip.uri import TelUri
from tests.addressing.plans import e164, sip
from tests.iwf.requests import PLAN
from txsmpp.codec import decode, encode
from txsmpp.pdu import DataSm, DeliverSm, SubmitSm
from txsmpp.text.encoding import prepare
from txsmpp.text.policy import Segmentation, TextPolicy
from txsmpp.tlv import Tag, find, integer

CENTRE = SmscConfig(name="home", host="127.0.0.1", system_id="x", protocol_id=0x41)
ENDS = Ends(e164("+15145550001"), e164("+15145550002"))
IDENTITY = "f81d4fae7dec41d0a76500a0c91e6bf6"
NOW = 1_760_000_000.0
OFFER = b"v=0\r\n"
TABLES: dict[SessionText, Table[SessionSegment]] = {
    SessionText.INVITATION: TABLE_4_SUBMIT_SM,
    SessionText.CLOSING: TABLE_6_SUBMIT_SM,
    SessionText.CHAT: TABLE_7_SUBMIT_SM,
    SessionText.PARTICIPANTS: TABLE_8_SUBMIT_SM,
}


def sources(
    what: SessionText,
    text: str = "Hello",
    segmentation: Segmentation = Segmentation.SAR,
    **details: Any,
) -> list[SessionSegment]:
    """The short messages that say a text in a session."""
    policy = TextPolicy(segmentation=segmentation, max_segments=20)
    values: dict[str, Any] = {
        "what": what,
        "ends": ENDS,
        "plan": PLAN,
        "centre": CENTRE,
        "policy": Policy(),
    }
    return [
        SessionSegment(segment=segment, **values | details)
        for segment in prepare(text, policy, 77)
    ]


def sent(what: SessionText, text: str = "Hello", **details: Any) -> SubmitSm:
    """The one submit_sm of a text."""
    (source,) = sources(what, text, **details)
    pdu = session_sm(source)
    assert isinstance(pdu, SubmitSm)
    return pdu


class Rows(SynchronousTestCase):
    """The rows are those of the TS, in its order."""

    envelope = (
        "service_type",
        "source_addr_ton",
        "source_addr_npi",
        "source_addr",
        "dest_addr_ton",
        "dest_addr_npi",
        "destination_addr",
        "esm_class",
        "protocol_id",
        "priority_flag",
        "schedule_delivery_time",
        "validity_period",
    )
    segments = ("sar_msg_ref_num", "sar_segment_seqnum", "sar_total_segments")

    def test_tables_4_6_and_8(self) -> None:
        """Tables 4, 6 and 8. [TS 6.2.2.1.3 step 3] [TS 6.2.2.1.4] [TS 6.2.2.1.6]"""
        rest = (
            "registered_delivery",
            "replace_if_present_flag",
            "data_coding",
            "sm_default_msg_id",
            "short_message",
            "message_payload",
        )
        expected = self.envelope + rest + self.segments
        for table in (TABLE_4_SUBMIT_SM, TABLE_6_SUBMIT_SM, TABLE_8_SUBMIT_SM):
            self.assertEqual(table.names, expected, table.number)

    def test_table_7(self) -> None:
        """Table 7: registered_delivery is its last row. [TS 6.2.2.1.5 step 3]"""
        rest = (
            "replace_if_present_flag",
            "data_coding",
            "sm_default_msg_id",
            "short_message",
            "message_payload",
        )
        expected = (*self.envelope, *rest, *self.segments, "registered_delivery")
        self.assertEqual(TABLE_7_SUBMIT_SM.names, expected)

    def test_table_5(self) -> None:
        """Table 5, then what 6.1.4 and 6.2.4 add. [TS 6.2.2.1.3 deliver_sm 4]"""
        self.assertEqual(
            TABLE_5_SIP_RESPONSE.names[:9],
            (
                "response code",
                "reason phrase",
                "Call-ID",
                "To",
                "Via",
                "From",
                "CSeq",
                "Content-Length",
                "body",
            ),
        )

    def test_table_11(self) -> None:
        """Table 11. [TS 6.2.2.2.3 step 3]"""
        self.assertEqual(
            TABLE_11_SIP_INVITE.names,
            (
                "To",
                "Request-URI",
                "P-Asserted-Identity",
                "From",
                "Call-ID",
                "CSeq",
                "Max-Forwards",
                "Via",
                "Contact",
                "Content-Type",
                "Accept-Contact",
                "Message-Expires",
                "Date",
                "User-Agent",
            ),
        )


class EveryTable(SynchronousTestCase):
    """What Tables 4, 6, 7 and 8 say alike."""

    def test_envelope(self) -> None:
        """Addresses are those of the ends; store and forward, and the rest NULL.

        [TS 6.2.2.1.3 step 3] [TS 6.2.2.1.4] [TS 6.2.2.1.5 step 3] [TS 6.2.2.1.6]
        """
        for what in SessionText:
            pdu = sent(what)
            with self.subTest(what=what):
                self.assertEqual(
                    (pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr),
                    (1, 1, "15145550001"),
                )
                self.assertEqual(
                    (pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr),
                    (1, 1, "15145550002"),
                )
                self.assertEqual((pdu.service_type, pdu.esm_class), ("", 0x03))
                self.assertEqual(pdu.protocol_id, 0x41)
                self.assertEqual(pdu.schedule_delivery_time, "")
                self.assertEqual(pdu.replace_if_present_flag, 0)
                self.assertEqual(pdu.short_message, b"Hello")

    def test_source_addr_is_what_is_shown(self) -> None:
        """source_addr: the number assigned, where one was (6.2.2.1.3 steps 1 and 2)."""
        ends = ENDS._replace(originator=e164("+15145550100"))
        for what in SessionText:
            self.assertEqual(sent(what, ends=ends).source_addr, "15145550100")

    def test_priority_flag(self) -> None:
        """priority_flag: the level that policy gives to each kind of message."""
        levels = {"invitation": 3, "chat": 2, "closing": 1, "participants": 0}
        policy = Policy(sms=msgspec.convert({"levels": levels}, SmsPolicy))
        found = {each.value: sent(each, policy=policy) for each in SessionText}
        self.assertEqual(
            {name: pdu.priority_flag for name, pdu in found.items()}, levels
        )

    def test_validity_period(self) -> None:
        """validity_period: by policy in Tables 4 and 8, NULL in Tables 6 and 7."""
        policy = Policy(
            sms=SmsPolicy(invitation_validity=300, participants_validity=3_600)
        )
        expected = {
            SessionText.INVITATION: "000000000500000R",
            SessionText.PARTICIPANTS: "000000010000000R",
            SessionText.CLOSING: "",
            SessionText.CHAT: "",
        }
        for what, period in expected.items():
            self.assertEqual(sent(what, policy=policy).validity_period, period, what)

    def test_data_coding(self) -> None:
        """data_coding: the alphabet that has the text, in Table 8 as well."""
        for what in SessionText:
            self.assertEqual(sent(what, "Ann").data_coding, 0)
            self.assertEqual(sent(what, "Жанна").data_coding, 8)

    def test_long_text_in_segments(self) -> None:
        """A text too long for one short message goes in several, whatever it says."""
        for what in SessionText:
            pdus = [session_sm(each) for each in sources(what, "x" * 400)]
            with self.subTest(what=what):
                self.assertEqual(len(pdus), 3)
                numbers = [integer(pdu.tlvs, Tag.SAR_SEGMENT_SEQNUM) for pdu in pdus]
                self.assertEqual(numbers, [1, 2, 3])
                for pdu in pdus:
                    self.assertEqual(integer(pdu.tlvs, Tag.SAR_MSG_REF_NUM), 77)
                    self.assertEqual(integer(pdu.tlvs, Tag.SAR_TOTAL_SEGMENTS), 3)

    def test_goes_over_the_wire(self) -> None:
        """Every form of text can be encoded, and is the same when decoded."""
        for what in SessionText:
            for segmentation in Segmentation:
                for source in sources(what, "Zwölf 😀 " * 60, segmentation):
                    pdu = session_sm(source)
                    self.assertEqual(decode(encode(pdu)), pdu)

    def test_every_row_is_written(self) -> None:
        """What a table gives is in the PDU: fields as fields, TLVs as TLVs."""
        for what, table in TABLES.items():
            (source,) = sources(what)
            pdu = session_sm(source)
            for name, value in table.apply(source).items():
                self.assertEqual(getattr(pdu, name), value, name)


class RegisteredDelivery(SynchronousTestCase):
    def test_user_acknowledgement(self) -> None:
        """Table 4: 0x08 where a response code is what answers, otherwise NULL.

        The TS's 0x80 is no value of SMPP 3.4 5.2.17. [TS 6.2.2.1.3 step 3]
        """
        for answer, asks, expected in (
            ("text", True, 0),
            ("text", False, 0),
            ("response_code", True, 0x08),
            ("response_code", False, 0),
        ):
            policy = Policy(sms=SmsPolicy(user_answer=answer))  # type: ignore[arg-type]
            pdu = sent(SessionText.INVITATION, policy=policy, asks=asks)
            self.assertEqual(pdu.registered_delivery, expected, (answer, asks))

    def test_chat(self) -> None:
        """Table 7: 01 for a success asked for, 10 for failure only, else NULL.

        [TS 6.2.2.1.5 step 3]
        """
        for requested, expected in (
            ({Disposition.POSITIVE_DELIVERY}, 1),
            ({Disposition.INTERWORKING}, 1),
            ({Disposition.INTERWORKING, Disposition.NEGATIVE_DELIVERY}, 1),
            ({Disposition.NEGATIVE_DELIVERY}, 2),
            ({Disposition.NEGATIVE_DELIVERY, Disposition.DISPLAY}, 2),
            ({Disposition.DISPLAY}, 0),
            (set(), 0),
        ):
            pdu = sent(SessionText.CHAT, requested=frozenset(requested))
            self.assertEqual(pdu.registered_delivery, expected, requested)

    def test_chat_by_policy(self) -> None:
        """Table 7: policy may ask for receipts that nobody else did (6.2.3)."""
        policy = Policy(registered_delivery_otherwise=2)
        pdu = sent(SessionText.CHAT, policy=policy)
        self.assertEqual(pdu.registered_delivery, 2)

    def test_closing_and_participants(self) -> None:
        """Tables 6 and 8: NULL, whatever policy and message say."""
        policy = Policy(
            registered_delivery_otherwise=2, sms=SmsPolicy(user_answer="response_code")
        )
        for what in (SessionText.CLOSING, SessionText.PARTICIPANTS):
            pdu = sent(
                what,
                policy=policy,
                asks=True,
                requested=frozenset({Disposition.POSITIVE_DELIVERY}),
            )
            self.assertEqual(pdu.registered_delivery, 0)


class HeldTexts(SynchronousTestCase):
    """sm_default_msg_id: the texts that the SM-SC holds (Tables 4 and 6)."""

    policy = Policy(sms=SmsPolicy(invitation_text=7, closing_text=9))

    def test_by_policy(self) -> None:
        """The number of the text, and no text of ours: sm_length is 0.

        [TS 6.2.2.1.3 step 3] [TS 6.2.2.1.4]
        """
        for what, expected in (
            (SessionText.INVITATION, 7),
            (SessionText.CLOSING, 9),
        ):
            pdu = sent(what, policy=self.policy, asks=True)
            self.assertEqual(pdu.sm_default_msg_id, expected)
            self.assertEqual(pdu.short_message, b"")

    def test_invitation_to_a_group(self) -> None:
        """A group's is ours: it says who invites to which. [TS 6.2.2.1.3 step 2]"""
        pdu = sent(SessionText.INVITATION, policy=self.policy, asks=True, is_group=True)
        self.assertEqual(pdu.sm_default_msg_id, 0)
        self.assertNotEqual(pdu.short_message, b"")

    def test_payload_neither(self) -> None:
        """A text that would go in message_payload is left out too."""
        (source,) = sources(
            SessionText.CLOSING, "x" * 400, Segmentation.PAYLOAD, policy=self.policy
        )
        pdu = session_sm(source)
        self.assertIsNone(find(pdu.tlvs, Tag.MESSAGE_PAYLOAD))

    def test_otherwise_null(self) -> None:
        """Without such a policy it is NULL, and the text is ours."""
        for what in SessionText:
            pdu = sent(what, asks=True)
            self.assertEqual((pdu.sm_default_msg_id, pdu.short_message), (0, b"Hello"))

    def test_only_what_prompts_or_closes(self) -> None:
        """Chat, participants and what only informs are told in our words."""
        for what in (
            SessionText.INVITATION,
            SessionText.CHAT,
            SessionText.PARTICIPANTS,
        ):
            pdu = sent(what, policy=self.policy)
            self.assertEqual((pdu.sm_default_msg_id, pdu.short_message), (0, b"Hello"))

    def test_not_in_data_sm(self) -> None:
        """data_sm cannot name a text: ours is sent (SMPP 3.4 4.7.1)."""
        policy = msgspec.structs.replace(self.policy, submit_with="data_sm")
        (source,) = sources(SessionText.CLOSING, policy=policy)
        pdu = session_sm(source)
        self.assertEqual(find(pdu.tlvs, Tag.MESSAGE_PAYLOAD), b"Hello")

    def test_asked_before_a_text_is_made(self) -> None:
        """The same is told to who would make the text."""
        invitation = SessionText.INVITATION
        self.assertEqual(held_text(invitation, self.policy, asks=True), 7)
        self.assertEqual(held_text(invitation, self.policy), 0)
        self.assertEqual(held_text(SessionText.CLOSING, self.policy), 9)


class DataSms(SynchronousTestCase):
    policy = Policy(submit_with="data_sm")

    def test_same_values(self) -> None:
        """By policy data_sm: the text, and the validity of a table that has one.

        (TS 6.2.2 note 3.)
        """
        expected = {
            SessionText.INVITATION: 300,
            SessionText.PARTICIPANTS: 3_600,
            SessionText.CLOSING: None,
            SessionText.CHAT: None,
        }
        for what, seconds in expected.items():
            (source,) = sources(what, policy=self.policy)
            pdu = session_sm(source)
            with self.subTest(what=what):
                self.assertIsInstance(pdu, DataSm)
                self.assertEqual(pdu.destination_addr, "15145550002")
                self.assertEqual(find(pdu.tlvs, Tag.MESSAGE_PAYLOAD), b"Hello")
                self.assertEqual(integer(pdu.tlvs, Tag.QOS_TIME_TO_LIVE), seconds)
                self.assertEqual(lifetime(source), seconds)
                self.assertEqual(decode(encode(pdu)), pdu)


class Table5(SynchronousTestCase):
    """The answer to an invitation. [TS 6.2.2.1.3 deliver_sm 4]"""

    def source(self, **details: Any) -> InvitationAnswer:
        """The answer of a user who accepts."""
        values: dict[str, Any] = {
            "accepted": True,
            "user": Identity(address=ENDS.target),
            "plan": PLAN,
            "identification": Identification("conversation", "contribution"),
            "policy": Policy(),
            "iw_number": "tel:+15145550100",
            "body": OFFER,
        }
        return InvitationAnswer(**values | details)

    def test_accepted(self) -> None:
        """200 with the SDP answer, the user asserted, the identifiers and IW-Number.

        [TS 6.1.4 step 6a] [TS 6.1.4 step 6c] [TS 6.1.4 step 6g]
        """
        answer = session_answer(TABLE_5_SIP_RESPONSE, self.source())
        self.assertEqual((answer.status, answer.reason), (200, "OK"))
        self.assertEqual(answer.body, OFFER)
        headers = dict(answer.headers)
        self.assertTrue(headers.pop("Server").startswith("IWF-SMS-serv/OMA2.1"))
        self.assertEqual(
            headers,
            {
                "Message-Context": "pager-message",
                "IW-Number": "tel:+15145550100",
                "Conversation-ID": "conversation",
                "Contribution-ID": "contribution",
                "P-Asserted-Identity": "<tel:+15145550002>",
            },
        )

    def test_declined(self) -> None:
        """603, or 480 by policy, without a body. [TS 6.1.4 step 8d]"""
        for status, reason in ((603, "Decline"), (480, "Temporarily Unavailable")):
            session = SessionPolicy(declined_status=status)  # type: ignore[arg-type]
            answer = session_answer(
                TABLE_5_SIP_RESPONSE,
                self.source(accepted=False, policy=Policy(session=session)),
            )
            self.assertEqual((answer.status, answer.reason), (status, reason))
            self.assertEqual(answer.body, b"")
            self.assertEqual([name for name, _ in answer.headers], ["Server"])

    def test_what_was_not_there(self) -> None:
        """No IW-Number, identifiers or Message-Context are made up."""
        answer = session_answer(
            TABLE_5_SIP_RESPONSE,
            self.source(
                iw_number="",
                identification=Identification(),
                policy=Policy(correlation_headers=False),
            ),
        )
        names = [name for name, _ in answer.headers]
        self.assertEqual(names, ["Server", "P-Asserted-Identity"])

    def test_user_with_a_sip_uri(self) -> None:
        """P-Asserted-Identity: both of a user who has a SIP URI as well."""
        user = Identity(address=ENDS.target, sip=sip("sip:bob@example.net"))
        asserted = [
            value
            for name, value in session_answer(
                TABLE_5_SIP_RESPONSE, self.source(user=user)
            ).headers
            if name == "P-Asserted-Identity"
        ]
        self.assertEqual(asserted, ["<sip:bob@example.net>", "<tel:+15145550002>"])


class Table11(SynchronousTestCase):
    """A long text to an INVITE. [TS 6.2.2.2.3 step 3]"""

    def message(self, **details: Any) -> InboundMessage:
        """A long text from Bob to Alice."""
        segment = ReceivedSegment(
            collection="c",
            number=1,
            total=1,
            octets=b"",
            fingerprint=b"",
            centre="home",
            session="s",
            received=NOW,
            expires=NOW,
        )
        collected = Collected(
            collection="c",
            identity=IDENTITY,
            total=1,
            segments=(segment,),
            delivered=0.0,
            expires=0.0,
        )
        values: dict[str, Any] = {
            "pdu": DeliverSm(priority_flag=3),
            "text": "x" * 2_000,
            "collected": collected,
            "ends": Ends(ENDS.target, ENDS.originator),
            "sender": Identity(address=ENDS.target),
            "recipient": TelUri("+15145550001"),
            "plan": PLAN,
            "domain": "ims.example.net",
            "policy": Policy(),
        }
        return InboundMessage(**values | details)

    def request(self, **details: Any) -> Request:
        """The INVITE that it becomes."""
        return large_request(
            self.message(**details),
            contact=sip("sip:iwf@127.0.0.1:5060;transport=tcp"),
            call_id="call-1@ims.example.net",
            tag="t-1",
            body=OFFER,
            now=784_111_777.0,
        )

    def test_to_and_request_uri(self) -> None:
        """To and Request-URI: the SIP URI if available, otherwise a tel URI."""
        for recipient in (TelUri("+15145550001"), sip("sip:alice@example.net")):
            request = self.request(recipient=recipient)
            self.assertEqual(request.method, "INVITE")
            self.assertEqual(request.uri, recipient)
            self.assertEqual(str(request.to), f"<{recipient}>")

    def test_sender(self) -> None:
        """P-Asserted-Identity and From: as in Table 9, From with nccsid (App. D)."""
        request = self.request()
        self.assertEqual(
            request.headers.all("P-Asserted-Identity"), ["<tel:+15145550002>"]
        )
        self.assertEqual(
            request.headers.get("From"), "<tel:+15145550002;nccsid=SMS>;tag=t-1"
        )
        sender = Identity(address=ENDS.target, sip=sip("sip:bob@example.net"))
        known = self.request(sender=sender)
        self.assertEqual(
            known.headers.all("P-Asserted-Identity"),
            ["<sip:bob@example.net>", "<tel:+15145550002>"],
        )

    def test_fields(self) -> None:
        """The other rows, each with the value that the table gives."""
        feature = (
            '+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.oma.cpm.largemsg"'
        )
        request = self.request()
        for name, value in (
            ("Call-ID", "call-1@ims.example.net"),
            ("CSeq", "1 INVITE"),
            ("Max-Forwards", "70"),
            ("Contact", f"<sip:iwf@127.0.0.1:5060;transport=tcp>;{feature}"),
            ("Content-Type", "application/sdp"),
            ("Accept-Contact", f"*;{feature}"),
            ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            (
                "P-Asserted-Service",
                "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.largemsg",
            ),
            ("Supported", "timer"),
        ):
            self.assertEqual(request.headers.all(name), [value], name)
        agent = request.headers.get("User-Agent") or ""
        self.assertTrue(agent.startswith("IWF-SMS-client/OMA2.1 "))
        self.assertEqual(request.body, OFFER)

    def test_message_expires(self) -> None:
        """Message-Expires: by policy, 0 sends none."""
        self.assertIsNone(self.request().headers.get("Message-Expires"))
        policy = Policy(large=LargePolicy(message_expires=259_200))
        request = self.request(policy=policy)
        self.assertEqual(request.headers.all("Message-Expires"), ["259200"])

    def test_no_session_expires(self) -> None:
        """Neither Session-Expires nor Min-SE (conversation TS 7.2.1.2 step 13)."""
        request = self.request()
        for name in ("Session-Expires", "Min-SE", "Priority"):
            self.assertNotIn(name, request.headers)

    def test_a_repeat_is_known(self) -> None:
        """Made again of the same message, the identifiers are the same."""
        for name in ("Conversation-ID", "Contribution-ID"):
            first = self.request().headers.get(name)
            self.assertTrue(first)
            self.assertEqual(self.request().headers.get(name), first)
