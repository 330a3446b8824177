"""Receipts, message ids and validity as SM-SCs write them (SMPP 3.4)."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.lab.behaviour import IdForm, ReceiptForm, SmsBehaviour
from cpmgw.lab.receipt import Address, StoredMessage, asked_for, receipt
from cpmgw.lab.validity import seconds_left
from txsmpp import tlv
from txsmpp.constants import EsmClass, MessageState
from txsmpp.text.receipt import parse_receipt
from txsmpp.tlv import Tag

MESSAGE = StoredMessage(
    key=1,
    number=1_000_001,
    esme="cpmgw",
    source=Address(1, 1, "15145550001"),
    target=Address(1, 1, "15145550002"),
    registered_delivery=1,
    octets=b"hello",
    behaviour=SmsBehaviour(),
    accepted=1_700_000_000.0,
    state=MessageState.DELIVERED,
    finished=1_700_000_060.0,
)


def message(**changes: Any) -> StoredMessage:
    """The message with another behaviour."""
    return msgspec.structs.replace(MESSAGE, behaviour=SmsBehaviour(**changes))


class ReceiptTests(SynchronousTestCase):
    def test_text(self) -> None:
        """The text is that of appendix B, times in UTC."""
        self.assertEqual(
            receipt(MESSAGE).short_message,
            b"id:1000001 sub:001 dlvrd:001 submit date:2311142213 "
            b"done date:2311142214 stat:DELIVRD err:000 text:hello",
        )

    def test_addresses_are_turned_round(self) -> None:
        """It comes from the destination and goes to the source (5.2.12)."""
        made = receipt(MESSAGE)
        self.assertEqual(
            (made.source_addr, made.destination_addr), ("15145550002", "15145550001")
        )
        self.assertEqual(made.esm_class, EsmClass.DELIVERY_RECEIPT)

    def test_forms(self) -> None:
        """A receipt speaks by parameters, by text, or by both."""
        parameters = receipt(message(receipt_form=ReceiptForm.TLV))
        self.assertEqual(parameters.short_message, b"")
        self.assertEqual(tlv.text(parameters.tlvs, Tag.RECEIPTED_MESSAGE_ID), "1000001")
        text = receipt(message(receipt_form=ReceiptForm.TEXT))
        self.assertEqual(text.tlvs, ())
        both = receipt(message())
        self.assertTrue(both.tlvs and both.short_message)

    def test_every_form_is_understood(self) -> None:
        """The library's own reader finds id and state in each form."""
        for form in ReceiptForm:
            read = parse_receipt(receipt(message(receipt_form=form)))
            assert read is not None
            self.assertEqual(
                (read.message_id, read.state), ("1000001", MessageState.DELIVERED)
            )

    def test_id_forms(self) -> None:
        """Ids come in decimal, hex and with leading zeros; all three differ."""
        written = {form: form.write(1_000_001) for form in IdForm}
        self.assertEqual(
            written,
            {
                IdForm.DECIMAL: "1000001",
                IdForm.HEX: "F4241",
                IdForm.PADDED: "0001000001",
            },
        )
        made = receipt(message(receipt_id=IdForm.HEX, response_id=IdForm.PADDED))
        self.assertIn(b"id:F4241 ", made.short_message)

    def test_error(self) -> None:
        """A network error is in the text and in its parameter."""
        made = receipt(message(error=7))
        self.assertIn(b"err:007", made.short_message)
        self.assertEqual(tlv.find(made.tlvs, Tag.NETWORK_ERROR_CODE), b"\x03\x00\x07")

    def test_intermediate(self) -> None:
        """A state that is not final makes an intermediate notification (5.2.12)."""
        made = receipt(msgspec.structs.replace(MESSAGE, state=MessageState.ENROUTE))
        self.assertEqual(made.esm_class, EsmClass.INTERMEDIATE_NOTIFICATION)

    def test_asked_for(self) -> None:
        """registered_delivery chooses: none, all, failures, success (5.2.17)."""
        delivered, failed = MessageState.DELIVERED, MessageState.UNDELIVERABLE
        table = {
            (registered, state): asked_for(registered, state)
            for registered in range(4)
            for state in (delivered, failed)
        }
        self.assertEqual(
            {pair for pair, asked in table.items() if asked},
            {(1, delivered), (1, failed), (2, failed), (3, delivered)},
        )
        self.assertTrue(asked_for(0x10, MessageState.ENROUTE))
        self.assertFalse(asked_for(0x01, MessageState.ENROUTE))


class ValidityTests(SynchronousTestCase):
    def test_relative(self) -> None:
        """R is a span (7.1.1.2)."""
        self.assertEqual(seconds_left("000001020304000R", 99), 93784)

    def test_absolute(self) -> None:
        """A time has a distance from UTC in quarter hours (7.1.1.1)."""
        self.assertEqual(seconds_left("231114221320000+", 1_700_000_000 - 60), 60)
        self.assertEqual(seconds_left("231114231320004+", 1_700_000_000 - 60), 60)
        self.assertEqual(seconds_left("231114211320004-", 1_700_000_000 - 60), 60)

    def test_past(self) -> None:
        """What is over is over now."""
        self.assertEqual(seconds_left("200101000000000+", 1_700_000_000), 0)

    def test_none(self) -> None:
        """Nothing, or nonsense, is no limit."""
        for text in ("", "R", "x" * 16, "239999999999000+", "000001020304000X"):
            self.assertIsNone(seconds_left(text, 0))
