"""Tests of cpmgw.mm4.codec."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.mm4.codec import identifier, read_pdu, write_pdu
from cpmgw.mm4.errors import Corrupt, Mm4Error, NotMm4, UnknownType
from cpmgw.mm4.fields import fields_of, read_fields, write_fields
from cpmgw.mm4.limits import MAX_IDENTIFIER, MAX_ROUTE, MAX_TEXT, MailLimits
from cpmgw.mm4.pdu import (
    DeliveryReport,
    Forward,
    MessageType,
    MmStatus,
    Pdu,
    Priority,
    ReadReply,
    ReadStatus,
    RequestStatus,
    Result,
    Transaction,
)
from tests.mm4 import samples

NINE = 1_709_629_200.0


def pdu_of(octets: bytes, now: float | None = None) -> Pdu:
    """The PDU of a mail."""
    return read_pdu(read_fields(octets)[0], now=now)


def request(**more: str) -> list[tuple[str, str]]:
    """The least that is a MM4_forward.REQ, with other fields or without some."""
    fields = {
        "X-Mms-Message-Type": "MM4_forward.REQ",
        "X-Mms-Transaction-ID": "t",
        "X-Mms-Message-ID": "m",
        "From": "1/TYPE=PLMN@x",
    }
    fields |= {name.replace("_", "-"): value for name, value in more.items()}
    return [each for each in fields.items() if each[1]]


class Forwards(SynchronousTestCase):
    """MM4_forward.REQ (TS 23.140 8.4.1.4)."""

    def test_plain(self) -> None:
        """Every field of one by the book."""
        self.assertEqual(
            pdu_of(samples.PLAIN_FORWARD),
            Forward(
                transaction=Transaction(
                    type=MessageType.FORWARD_REQ,
                    transaction_id="txn-1@mms.example.org",
                    message_id="msg-1@mms.example.org",
                    version="6.3.0",
                ),
                sender="+15550101/TYPE=PLMN@mms.example.org",
                to=("+15550100/TYPE=PLMN@mms.test", "+15550102/TYPE=PLMN@mms.test"),
                cc=("someone@example.com",),
                content_type="text/plain; charset=utf-8",
                date=NINE,
                expiry=NINE + 86_400,
                delivery_report=True,
                read_reply=True,
                priority=Priority.HIGH,
                hide=True,
                subject="Hello",
                acknowledge=True,
                forward_counter=2,
                originator_system="system-user@mms.example.org",
                forward_route=(
                    "system-user@a.example.org",
                    "system-user@b.example.org",
                ),
                message_class="Personal",
            ),
        )

    def test_mbuni(self) -> None:
        """Quotes are taken away; the version of MM4 counts."""
        pdu = pdu_of(samples.MBUNI_FORWARD)
        assert isinstance(pdu, Forward)
        self.assertEqual(pdu.transaction.transaction_id, "+15550100-qf27.1.x.3")
        self.assertEqual(pdu.transaction.message_id, "qf27.1.x.3-mms.example.org")
        self.assertEqual(pdu.transaction.version, "5.3.0")
        self.assertEqual(pdu.to, ("+15550100/TYPE=PLMN",))
        self.assertIn('boundary="_boundary_123_"', pdu.content_type)

    def test_carrier(self) -> None:
        """Any case of names and values, encoded words, seconds to the expiry."""
        pdu = pdu_of(samples.CARRIER_FORWARD)
        assert isinstance(pdu, Forward)
        self.assertEqual(pdu.transaction.message_id, "g2q1@w.mms.example.org")
        self.assertEqual(pdu.sender, "+15550101/TYPE=PLMN")
        self.assertEqual(pdu.subject, "Zdjęcie z wakacji")
        self.assertTrue(pdu.delivery_report and pdu.acknowledge)
        self.assertFalse(pdu.read_reply)
        self.assertIs(pdu.hide, False)
        assert pdu.date is not None
        self.assertEqual(pdu.expiry, pdu.date + 86_400)

    def test_arrival(self) -> None:
        """Seconds to the expiry count from the arrival where that is known."""
        pdu = pdu_of(samples.CARRIER_FORWARD, now=NINE + 60)
        assert isinstance(pdu, Forward)
        self.assertEqual(pdu.expiry, NINE + 60 + 86_400)

    def test_least(self) -> None:
        """What may be left out is; a spare version and Message-ID do."""
        fields = request(X_Mms_Message_ID="", X_Mms_Transaction_ID="")
        fields += [("Message-ID", "<m@x>"), ("X-Mms-MMS-Version", "1.0")]
        pdu = read_pdu(fields_of(fields))
        assert isinstance(pdu, Forward)
        self.assertEqual(pdu.transaction.message_id, "m@x")
        self.assertEqual(pdu.transaction.version, "1.0")
        self.assertEqual(pdu.transaction.transaction_id, "")
        self.assertIsNone(pdu.hide)
        self.assertIsNone(pdu.expiry)

    def test_odd_values(self) -> None:
        """Values that say nothing are as if they were not there."""
        pdu = read_pdu(
            fields_of(
                request(
                    X_Mms_Forward_Counter="-7",
                    X_Mms_Priority="odd",
                    X_Mms_Originator_System="system=mms.example;party=1",
                    X_Mms_3GPP_MMS_Version="six",
                    X_Mms_Expiry="soon",
                    Date="today",
                )
            )
        )
        assert isinstance(pdu, Forward)
        self.assertEqual(pdu.forward_counter, 0)
        self.assertIsNone(pdu.priority)
        self.assertEqual(pdu.originator_system, "")
        self.assertEqual(pdu.transaction.version, "")
        self.assertIsNone(pdu.expiry)
        self.assertIsNone(pdu.date)


class Others(SynchronousTestCase):
    """Reports and responses (TS 23.140 8.4.1.4, 8.4.2.4, 8.4.3.4)."""

    def test_delivery_report(self) -> None:
        """From is who the message was for, To who sent it."""
        pdu = pdu_of(samples.DELIVERY_REPORT)
        assert isinstance(pdu, DeliveryReport)
        self.assertEqual(pdu.recipient, "+15550101/TYPE=PLMN@mms.example.org")
        self.assertEqual(pdu.sender, "+15550100/TYPE=PLMN@mms.test")
        self.assertIs(pdu.status, MmStatus.UNRECOGNISED)
        self.assertEqual(pdu.status_text, "café")
        self.assertEqual(pdu.forward_route, ("system-user@mms.example.org",))
        self.assertTrue(pdu.acknowledge)

    def test_read_reply(self) -> None:
        """MM4_read_reply.REQ is another name for MM4_read_reply_report.REQ."""
        pdu = pdu_of(samples.READ_REPLY)
        assert isinstance(pdu, ReadReply)
        self.assertIs(pdu.transaction.type, MessageType.READ_REPLY_REQ)
        self.assertIs(pdu.status, ReadStatus.DELETED)
        self.assertEqual(pdu.date, NINE)
        self.assertFalse(pdu.acknowledge)

    def test_responses(self) -> None:
        """With a transaction, or with a message only."""
        pdu = pdu_of(samples.MBUNI_RESPONSE)
        assert isinstance(pdu, Result)
        self.assertEqual(pdu.transaction.transaction_id, "txn-9")
        self.assertIs(pdu.status, RequestStatus.OK)
        pdu = pdu_of(samples.PLAIN_RESPONSE)
        assert isinstance(pdu, Result)
        self.assertEqual(pdu.transaction.transaction_id, "")
        self.assertEqual(pdu.transaction.message_id, "msg-9@mms.test")
        self.assertIs(pdu.status, RequestStatus.ADDRESS_UNRESOLVED)
        self.assertEqual(pdu.recipients, ("+15550101/TYPE=PLMN@mms.example.org",))
        self.assertEqual(len(pdu.return_route), 2)
        self.assertEqual(pdu.handled_by, ("system-user@mms.example.org",))

    def test_own_message_id(self) -> None:
        """The Message-ID of a response is no message's."""
        fields = [
            ("X-Mms-Message-Type", "MM4_forward.RES"),
            ("Message-ID", "<r@x>"),
            ("X-Mms-Request-Status-Code", "Ok"),
        ]
        self.assertRaises(Corrupt, read_pdu, fields_of(fields))
        pdu = read_pdu(fields_of([*fields, ("X-Mms-Transaction-ID", "t")]))
        self.assertEqual(pdu.transaction.message_id, "")


class Refused(SynchronousTestCase):
    """What is no PDU, or no usable one."""

    def test_not_mm4(self) -> None:
        """A mail without a message type is of something else."""
        self.assertRaises(NotMm4, pdu_of, b"Subject: x\r\n\r\n")
        self.assertRaises(NotMm4, pdu_of, b"X-Mms-Message-Type:  \r\n\r\n")

    def test_unknown_type(self) -> None:
        """Another type is told with what its answer needs."""
        fields = request(
            X_Mms_Message_Type="MM4_strange.REQ",
            X_Mms_Originator_System="<system-user@x>",
            X_Mms_Forward_Route="system-user@x, system-user@y",
            X_Mms_3GPP_MMS_Version='"6.1"',
        )
        error = self.assertRaises(UnknownType, read_pdu, fields_of(fields))
        self.assertEqual(error.type_text, "MM4_strange.REQ")
        self.assertEqual(error.fields.transaction_id, "t")
        self.assertEqual(error.fields.message_id, "m")
        self.assertEqual(error.fields.originator_system, "system-user@x")
        self.assertEqual(error.fields.forward_route, ("system-user@x", "system-user@y"))
        self.assertEqual(error.fields.version, "6.1")

    def test_corrupt(self) -> None:
        """What a PDU cannot be without; the rest of it is told."""
        report = {"X_Mms_Message_Type": "MM4_delivery_report.REQ"}
        read = {"X_Mms_Message_Type": "MM4_read_reply_report.REQ"}
        response = {"X_Mms_Message_Type": "MM4_forward.RES"}
        for fields in (
            request(X_Mms_Message_ID=""),
            request(From=""),
            request(From="<>"),
            request(**report),
            request(**read),
            request(**read, X_Mms_Read_Status="odd"),
            request(**response),
        ):
            error = self.assertRaises(Corrupt, read_pdu, fields_of(fields))
            self.assertEqual(error.fields.transaction_id, "t")
            self.assertEqual(error.type_text, fields[0][1])

    def test_addresses_limit(self) -> None:
        """As many recipients as allowed, not one more."""
        limits = MailLimits(max_addresses=3)
        to = ", ".join(["1/TYPE=PLMN@x"] * 3)
        pdu = read_pdu(fields_of(request(To=to)), limits)
        assert isinstance(pdu, Forward)
        self.assertEqual(len(pdu.to), 3)
        fields = fields_of([*request(To=to), ("to", "2/TYPE=PLMN@x")])
        self.assertRaises(Corrupt, read_pdu, fields, limits)

    def test_identifiers(self) -> None:
        """Quotes and brackets go; what is too long or not ASCII is none."""
        for text, wanted in (
            ("a b", "a b"),
            ('"a"', "a"),
            (" <a@b> ", "a@b"),
            ('"<a>"', "a"),
            ("", ""),
            ('""', ""),
            ('a"b', ""),
            ("a\\b", ""),
            ("é", ""),
            ("x" * MAX_IDENTIFIER, "x" * MAX_IDENTIFIER),
            ("x" * (MAX_IDENTIFIER + 1), ""),
        ):
            self.assertEqual(identifier(text), wanted)

    def test_text_limit(self) -> None:
        """Text is cut, a route ends, after so much."""
        route = ",".join(f"s@h{n}" for n in range(MAX_ROUTE + 1))
        pdu = read_pdu(
            fields_of(request(Subject="x" * (MAX_TEXT + 1), X_Mms_Forward_Route=route))
        )
        assert isinstance(pdu, Forward)
        self.assertEqual(pdu.subject, "x" * MAX_TEXT)
        self.assertEqual(len(pdu.forward_route), MAX_ROUTE)


class Writing(SynchronousTestCase):
    """PDUs of ours."""

    transaction = Transaction(
        type=MessageType.FORWARD_REQ,
        transaction_id="t@x",
        message_id="m@x",
        version="6.3.0",
    )
    forward = Forward(
        transaction=transaction,
        sender="+15550100/TYPE=PLMN@mms.test",
        to=("+15550101/TYPE=PLMN@x", "+15550102/TYPE=PLMN@x"),
        date=NINE,
        subject="Grüße",
        hide=False,
        acknowledge=True,
    )

    def test_forward(self) -> None:
        """Identifiers in quotes, Yes and No, addresses in a list; empty is left out."""
        self.assertEqual(
            write_pdu(self.forward),
            (
                ("X-Mms-3GPP-MMS-Version", "6.3.0"),
                ("X-Mms-Message-Type", "MM4_forward.REQ"),
                ("X-Mms-Transaction-ID", '"t@x"'),
                ("X-Mms-Message-ID", '"m@x"'),
                ("Date", "Tue, 05 Mar 2024 09:00:00 +0000"),
                ("From", "+15550100/TYPE=PLMN@mms.test"),
                ("To", "+15550101/TYPE=PLMN@x, +15550102/TYPE=PLMN@x"),
                ("Subject", "=?utf-8?B?R3LDvMOfZQ==?="),
                ("X-Mms-Delivery-Report", "No"),
                ("X-Mms-Sender-Visibility", "Show"),
                ("X-Mms-Read-Reply", "No"),
                ("X-Mms-Ack-Request", "Yes"),
            ),
        )

    def test_injection(self) -> None:
        """Line ends in text are spaces, anywhere else they are refused."""
        change = msgspec.structs.replace
        written = dict(write_pdu(change(self.forward, subject="a\r\nBcc: x@y\x00")))
        self.assertEqual(written["Subject"], "a Bcc: x@y")
        bad = "a\r\nBcc:x"
        for pdu in (
            change(self.forward, sender=bad),
            change(self.forward, to=(bad,)),
            change(self.forward, originator_system=bad),
            change(self.forward, forward_route=(bad,)),
            change(self.forward, transaction=change(self.transaction, version=bad)),
            change(self.forward, transaction=change(self.transaction, message_id=bad)),
            change(
                self.forward, transaction=change(self.transaction, transaction_id=bad)
            ),
            change(self.forward, transaction=change(self.transaction, message_id='"')),
            change(self.forward, date=float("nan")),
            change(self.forward, forward_counter=1_000),
        ):
            self.assertRaises(Mm4Error, write_pdu, pdu)

    def test_wrong_type(self) -> None:
        """A request is not written as a response, nor one of nothing."""
        change = msgspec.structs.replace
        response = change(self.transaction, type=MessageType.FORWARD_RES)
        nothing = change(self.transaction, transaction_id="", message_id="")
        result = Result(transaction=self.transaction, status=RequestStatus.OK)
        for pdu in (
            change(self.forward, transaction=response),
            change(self.forward, transaction=nothing),
            result,
        ):
            self.assertRaises(Mm4Error, write_pdu, pdu)


ADDRESS = st.builds(
    "{}/TYPE=PLMN@{}".format,
    st.from_regex(r"\+?[0-9]{1,20}", fullmatch=True),
    st.from_regex(r"[a-z]{1,10}\.test", fullmatch=True),
)
ROUTE = st.lists(ADDRESS, max_size=4).map(tuple)
IDENTIFIER = st.from_regex(r"[A-Za-z0-9@.+_-]{1,40}", fullmatch=True)
TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), max_size=60
)
WHEN = st.none() | st.integers(0, 4_000_000_000).map(float)


def transactions(kind: MessageType) -> st.SearchStrategy[Transaction]:
    """Any transaction of a type."""
    return st.builds(
        Transaction,
        type=st.just(kind),
        transaction_id=IDENTIFIER,
        message_id=IDENTIFIER,
        version=st.just("6.3.0"),
    )


def reports(
    of: Callable[..., Pdu], kind: MessageType, status: st.SearchStrategy[object]
) -> st.SearchStrategy[Pdu]:
    """Any report of a type."""
    return st.builds(
        of,
        transaction=transactions(kind),
        recipient=ADDRESS,
        sender=ADDRESS,
        status=status,
        date=WHEN,
        acknowledge=st.booleans(),
        status_text=TEXT,
        forward_route=ROUTE,
        originator_system=ADDRESS,
        handled_by=ROUTE,
    )


PDUS = st.one_of(
    st.builds(
        Forward,
        transaction=transactions(MessageType.FORWARD_REQ),
        sender=ADDRESS,
        to=ROUTE,
        cc=ROUTE,
        bcc=ROUTE,
        date=WHEN,
        expiry=WHEN,
        delivery_report=st.booleans(),
        read_reply=st.booleans(),
        priority=st.none() | st.sampled_from(Priority),
        hide=st.none() | st.booleans(),
        subject=TEXT,
        acknowledge=st.booleans(),
        forward_counter=st.integers(0, 999),
        originator_system=ADDRESS,
        forward_route=ROUTE,
        handled_by=ROUTE,
        message_class=st.sampled_from(("", "Personal", "x-own")),
    ),
    reports(DeliveryReport, MessageType.DELIVERY_REPORT_REQ, st.sampled_from(MmStatus)),
    reports(ReadReply, MessageType.READ_REPLY_REQ, st.sampled_from(ReadStatus)),
    st.builds(
        Result,
        transaction=st.sampled_from(
            [each for each in MessageType if not each.is_request]
        ).flatmap(transactions),
        status=st.sampled_from(RequestStatus),
        status_text=TEXT,
        recipients=ROUTE,
        return_route=ROUTE,
        handled_by=ROUTE,
    ),
)


class RoundTrips(SynchronousTestCase):
    """Both directions."""

    @given(PDUS)
    @settings(max_examples=200, deadline=None)
    def test_round_trip(self, pdu: Pdu) -> None:
        """Any PDU that is written is read as the same."""
        octets = write_fields(write_pdu(pdu))
        self.assertEqual(read_pdu(read_fields(octets)[0]), pdu)

    @given(st.integers(0, len(samples.PLAIN_FORWARD)))
    def test_truncated(self, length: int) -> None:
        """A mail that was cut anywhere is a PDU, or refused."""
        with contextlib.suppress(Mm4Error):
            pdu_of(samples.PLAIN_FORWARD[:length])

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(
                    [name for name, _ in read_fields(samples.PLAIN_FORWARD)[0].pairs]
                    + [name for name, _ in read_fields(samples.PLAIN_RESPONSE)[0].pairs]
                ),
                st.text(max_size=60)
                | st.sampled_from([each.value for each in MessageType]),
            ),
            max_size=12,
        )
    )
    @settings(max_examples=300, deadline=None)
    def test_any_values(self, pairs: list[tuple[str, str]]) -> None:
        """Any values of any fields are a PDU that can be written, or refused."""
        try:
            pdu = read_pdu(fields_of([*request(), *pairs][::-1]))
        except Mm4Error:
            return
        self.assertTrue(write_fields(write_pdu(pdu)))
