"""Delivery receipts (SMPP 3.4 2.11, 5.2.12, 5.3.2, Appendix B)."""

from __future__ import annotations

from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.txsmpp.text.support import receipt
from txsmpp.constants import MessageState
from txsmpp.pdu import DataSm, DeliverSm
from txsmpp.text.receipt import (
    LONGEST_TEXT,
    Receipt,
    ReceiptKind,
    is_receipt,
    moment,
    parse_receipt,
    parse_receipt_text,
    receipt_kind,
)
from txsmpp.text.receipt_text import STATES
from txsmpp.tlv import Tag, Tlv, of_integer, of_text

APPENDIX_B = (
    "id:0123456789 sub:001 dlvrd:001 submit date:2401311159 done date:2401311200 "
    "stat:DELIVRD err:000 text:Hello there, how are"
)


class KindTests(SynchronousTestCase):
    def test_esm_class(self) -> None:
        """Bits 5 to 2 say what sort of report it is (5.2.12)."""
        for esm_class, kind in (
            (0x00, None),
            (0x04, ReceiptKind.RECEIPT),
            (0x08, ReceiptKind.ACKNOWLEDGEMENT),
            (0x10, None),
            (0x18, None),
            (0x20, ReceiptKind.INTERMEDIATE),
            (0x3C, None),
            (0x44, ReceiptKind.RECEIPT),
            (0x84, ReceiptKind.RECEIPT),
            (0x40, None),
        ):
            pdu = receipt(APPENDIX_B, esm_class)
            self.assertEqual(receipt_kind(pdu), kind, hex(esm_class))
            self.assertEqual(is_receipt(pdu), kind is not None)

    def test_parameters_without_esm_class(self) -> None:
        """An id and a state make a receipt of what does not call itself one."""
        tlvs = (
            of_text(Tag.RECEIPTED_MESSAGE_ID, "a1"),
            of_integer(Tag.MESSAGE_STATE, 2),
        )
        self.assertTrue(is_receipt(DeliverSm(tlvs=tlvs)))
        self.assertTrue(is_receipt(DeliverSm(esm_class=0x24, tlvs=tlvs)))
        self.assertFalse(is_receipt(DeliverSm(tlvs=tlvs[:1])))

    def test_a_text_that_looks_like_a_receipt(self) -> None:
        """A user's message is none, whatever it says."""
        self.assertFalse(is_receipt(receipt(APPENDIX_B, 0)))
        self.assertIsNone(parse_receipt(receipt(APPENDIX_B, 0)))


class TextTests(SynchronousTestCase):
    def test_appendix_b(self) -> None:
        """Every field of the typical receipt (Appendix B)."""
        self.assertEqual(
            parse_receipt(receipt(APPENDIX_B)),
            Receipt(
                message_id="0123456789",
                state=MessageState.DELIVERED,
                status="DELIVRD",
                error="000",
                submitted="2401311159",
                done="2401311200",
                text="Hello there, how are",
            ),
        )

    def test_order_and_case(self) -> None:
        """Fields come in any order, in capitals, with other separators."""
        for text in (
            "STAT:DELIVRD ID:42 ERR:001",
            "err:001 stat:delivrd id:42",
            "id: 42 stat: Delivrd err: 001 Text:",
            "id:42,stat:DELIVRD,err:001",
            "id:42\nstat:DELIVRD\nerr:001\n",
            "text: id:42 stat:DELIVRD err:001",
            "message_id:42 status:DELIVERED error:001",
        ):
            read = parse_receipt_text(text)
            self.assertEqual(
                (read.message_id, read.state, read.error),
                ("42", MessageState.DELIVERED, "001"),
                text,
            )

    def test_missing_fields(self) -> None:
        """A field that is absent is empty."""
        read = parse_receipt_text("id:1526758174 done date:1701240904 stat:EXPIRED")
        self.assertEqual((read.error, read.submitted, read.text), ("", "", ""))
        self.assertEqual(read.state, MessageState.EXPIRED)
        self.assertEqual(parse_receipt_text("id:7").state, None)
        self.assertEqual(parse_receipt_text("id: stat:DELIVRD").message_id, "")

    def test_no_id(self) -> None:
        """A receipt that names no message is none."""
        self.assertIsNone(parse_receipt(receipt("stat:DELIVRD")))
        self.assertIsNone(parse_receipt(receipt("")))
        self.assertIsNone(parse_receipt(receipt("Your message was delivered.")))

    def test_dates(self) -> None:
        """Names in one word and values with spaces and colons are read."""
        read = parse_receipt_text(
            "id:1 submit_date:2401311159 donedate:24-01-31 12:00:05 stat:DELIVRD"
        )
        self.assertEqual(read.submitted, "2401311159")
        self.assertEqual(moment(read.done), datetime(2024, 1, 31, 12, 0, 5))
        self.assertEqual(read.state, MessageState.DELIVERED)

    def test_state_without_its_name(self) -> None:
        """Some leave out "stat:"."""
        read = parse_receipt_text("id:1 done date:180903120816 DELIVRD err:000 Text:")
        self.assertEqual(read.state, MessageState.DELIVERED)
        self.assertEqual(read.done, "180903120816")
        read = parse_receipt_text("id:1 done date:24-01-31 12:00:05 err:000")
        self.assertEqual((read.done, read.state), ("24-01-31 12:00:05", None))

    def test_ids_of_any_kind(self) -> None:
        """UUIDs, hexadecimal numbers, ids with a colon."""
        for message_id in ("ce5bc5a9-4f7d-4282-9244-2e1022a9335c", "00B8BE19", "a:b:c"):
            read = parse_receipt_text(f"id:{message_id} sub:001 stat:DELIVRD")
            self.assertEqual(read.message_id, message_id)

    def test_what_the_user_wrote(self) -> None:
        """Nothing in "text:" is a field, and the first of two fields counts."""
        read = parse_receipt_text("id:1 stat:UNDELIV text:id:2 stat:DELIVRD err:9")
        self.assertEqual((read.message_id, read.error), ("1", ""))
        self.assertEqual(read.state, MessageState.UNDELIVERABLE)
        self.assertEqual(read.text, "id:2 stat:DELIVRD err:9")
        self.assertEqual(parse_receipt_text("id:1 id:2").message_id, "1")
        self.assertEqual(parse_receipt_text("id:1 id:2 stat:X").message_id, "1")

    def test_states(self) -> None:
        """Short and whole words (Appendix B, table B-2), and numbers (5.2.28)."""
        for word, state in (
            *STATES.items(),
            ("delivered", MessageState.DELIVERED),
            ("2", MessageState.DELIVERED),
            ("008", MessageState.REJECTED),
            ("99", None),
            ("NONSENSE", None),
        ):
            self.assertEqual(parse_receipt_text(f"id:1 stat:{word} err:0").state, state)
        self.assertEqual(set(STATES.values()), set(MessageState))

    def test_other_codings(self) -> None:
        """A receipt in UCS-2 or behind a header is read all the same."""
        data = APPENDIX_B.encode("utf-16-be")
        pdu = DeliverSm(esm_class=4, data_coding=8, short_message=data)
        self.assertEqual(getattr(parse_receipt(pdu), "message_id", ""), "0123456789")
        data = b"\x03\x70\x01\x00" + APPENDIX_B.encode()
        pdu = DeliverSm(esm_class=0x44, short_message=data)
        self.assertEqual(getattr(parse_receipt(pdu), "message_id", ""), "0123456789")
        pdu = DeliverSm(esm_class=4, data_coding=4, short_message=APPENDIX_B.encode())
        self.assertEqual(getattr(parse_receipt(pdu), "message_id", ""), "0123456789")
        pdu = DeliverSm(esm_class=0x44, data_coding=4, short_message=b"\0" + data[4:])
        self.assertEqual(getattr(parse_receipt(pdu), "message_id", ""), "0123456789")
        pdu = DeliverSm(esm_class=0x44, short_message=b"\x99")
        self.assertIsNone(parse_receipt(pdu))

    def test_limit_of_the_text(self) -> None:
        """What stands beyond the limit is not looked at."""
        for pad, known in ((LONGEST_TEXT - 4, True), (LONGEST_TEXT - 3, False)):
            found = parse_receipt(receipt(" " * pad + "id:7"))
            self.assertEqual(found is not None, known)

    @settings(deadline=None, max_examples=100)
    @given(st.text(max_size=200))
    def test_any_text(self, text: str) -> None:
        """Reading never fails."""
        parse_receipt_text(text)

    @settings(deadline=None, max_examples=100)
    @given(
        st.lists(
            st.sampled_from(
                ["id:", "text:", "stat:", "done", "date", "err", "DELIVRD", "1", ":"]
            )
        )
    )
    def test_any_order_of_words(self, words: list[str]) -> None:
        """Reading never fails on the words of receipts in whatever order."""
        parse_receipt_text(" ".join(words))
        parse_receipt_text("".join(words))


class ParameterTests(SynchronousTestCase):
    TLVS = (
        of_text(Tag.RECEIPTED_MESSAGE_ID, "a1"),
        of_integer(Tag.MESSAGE_STATE, 5),
        Tlv(Tag.NETWORK_ERROR_CODE, b"\x03\x00\x22"),
    )

    def test_parameters_alone(self) -> None:
        """Id, state and network error (5.3.2.12, .35, .31), also in a data_sm."""
        expected = Receipt(
            message_id="a1",
            state=MessageState.UNDELIVERABLE,
            error="34",
            network_type=3,
            from_tlv=True,
        )
        self.assertEqual(
            parse_receipt(DeliverSm(esm_class=4, tlvs=self.TLVS)), expected
        )
        self.assertEqual(parse_receipt(DataSm(esm_class=4, tlvs=self.TLVS)), expected)

    def test_both(self) -> None:
        """Parameters are believed, the text fills in what they leave out."""
        pdu = DeliverSm(
            esm_class=4, short_message=APPENDIX_B.encode(), tlvs=self.TLVS[:2]
        )
        found = parse_receipt(pdu)
        assert found is not None
        self.assertEqual((found.message_id, found.from_tlv), ("a1", True))
        self.assertEqual(found.state, MessageState.UNDELIVERABLE)
        self.assertEqual((found.error, found.done), ("000", "2401311200"))

    def test_text_preferred(self) -> None:
        """By policy it is the other way round."""
        pdu = DeliverSm(esm_class=4, short_message=APPENDIX_B.encode(), tlvs=self.TLVS)
        found = parse_receipt(pdu, prefer_text=True)
        assert found is not None
        self.assertEqual((found.message_id, found.from_tlv), ("0123456789", False))
        self.assertEqual(found.state, MessageState.DELIVERED)
        self.assertEqual((found.error, found.network_type), ("000", None))

    def test_text_preferred_but_empty(self) -> None:
        """What the text leaves out comes from the parameters."""
        pdu = DeliverSm(esm_class=4, short_message=b"sub:001", tlvs=self.TLVS)
        found = parse_receipt(pdu, prefer_text=True)
        assert found is not None
        self.assertEqual((found.message_id, found.error), ("a1", "34"))

    def test_malformed_parameters(self) -> None:
        """A value of the wrong size, or a state of no meaning, is as if absent."""
        tlvs = (
            Tlv(Tag.RECEIPTED_MESSAGE_ID, b"a1"),
            Tlv(Tag.MESSAGE_STATE, b"\x00\x02"),
            Tlv(Tag.MESSAGE_STATE, b"\x63"),
            Tlv(Tag.NETWORK_ERROR_CODE, b"\x03"),
        )
        found = parse_receipt(DeliverSm(esm_class=4, tlvs=tlvs))
        assert found is not None
        self.assertEqual((found.message_id, found.state, found.error), ("a1", None, ""))

    def test_intermediate(self) -> None:
        """An intermediate notification is told from a receipt (2.11)."""
        found = parse_receipt(receipt("id:1 stat:ENROUTE", 0x20))
        assert found is not None
        self.assertEqual(found.kind, ReceiptKind.INTERMEDIATE)
        self.assertEqual(found.state, MessageState.ENROUTE)


class MomentTests(SynchronousTestCase):
    def test_forms(self) -> None:
        """Two or four digits of year, with or without seconds (Appendix B, 7.1.1)."""
        for written, expected in (
            ("2401311205", datetime(2024, 1, 31, 12, 5)),
            ("240131120559", datetime(2024, 1, 31, 12, 5, 59)),
            ("202401311205", datetime(2024, 1, 31, 12, 5)),
            ("20240131120559", datetime(2024, 1, 31, 12, 5, 59)),
            ("2024-01-31 12:05:59", datetime(2024, 1, 31, 12, 5, 59)),
            ("2024-01-31T12:05:59.123Z", datetime(2024, 1, 31, 12, 5, 59)),
            ("180711070003912+", datetime(2018, 7, 11, 7, 0, 3)),
            ("201011121314", datetime(2020, 10, 11, 12, 13, 14)),
        ):
            self.assertEqual(moment(written), expected, written)

    def test_no_time(self) -> None:
        """What is no time is None."""
        for written in (
            "",
            "0",
            "0000000000",
            "2413311205",
            "24013112",
            "never",
            "٣" * 10,
        ):
            self.assertIsNone(moment(written), written)
