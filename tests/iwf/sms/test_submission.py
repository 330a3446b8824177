"""submit_sm and data_sm out of Table 1 (TS 6.2.2.1.1, 6.2.2 note 3)."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import SmscConfig
from cpmgw.iwf.sms.shortmessage import OutboundSegment
from cpmgw.iwf.sms.submission import data_sm, submit_sm
from cpmgw.iwf.sms.tables.table_01 import TABLE_1_SUBMIT_SM
from cpmgw.policy import Policy
from tests.iwf.requests import PLAN, message_of
from txsmpp.codec import decode, encode
from txsmpp.pdu import DataSm, SubmitSm
from txsmpp.text.encoding import prepare
from txsmpp.text.policy import Segmentation, TextPolicy
from txsmpp.text.received import read
from txsmpp.tlv import Tag, find, integer

CENTRE = SmscConfig(name="home", host="127.0.0.1", system_id="x", protocol_id=0x41)


def sources(
    text: str = "Hello", segmentation: Segmentation = Segmentation.SAR, **details: Any
) -> list[OutboundSegment]:
    """The sources of Table 1 for a text."""
    message = message_of(text=text, **details)
    policy = TextPolicy(segmentation=segmentation, max_segments=20)
    return [
        OutboundSegment(
            message, segment, message.parties.ends(), PLAN, CENTRE, Policy()
        )
        for segment in prepare(text, policy, 77)
    ]


class SubmitSms(SynchronousTestCase):
    def test_every_row_is_written(self) -> None:
        """What the table gives is in the PDU: fields as fields, TLVs as TLVs.

        [SCR Int-S-005-O]
        """
        (source,) = sources(content_language="fr", priority="urgent", expires=60)
        pdu = submit_sm(source)
        for name, value in TABLE_1_SUBMIT_SM.apply(source).items():
            tag = Tag.__members__.get(name.upper())
            written = getattr(pdu, name) if tag is None else integer(pdu.tlvs, tag)
            self.assertEqual(written, value, name)

    def test_protocol_id(self) -> None:
        """protocol_id is what the SM-SC's network wants."""
        self.assertEqual(submit_sm(sources()[0]).protocol_id, 0x41)

    def test_goes_over_the_wire(self) -> None:
        """What is made can be encoded, and is the same when decoded."""
        for segmentation in Segmentation:
            for source in sources("Zwölf Boxkämpfer 😀 " * 30, segmentation):
                pdu = submit_sm(source)
                self.assertEqual(decode(encode(pdu)), pdu)

    def test_payload(self) -> None:
        """Text in message_payload is not in short_message as well."""
        (source,) = sources("x" * 400, Segmentation.PAYLOAD)
        pdu = submit_sm(source)
        self.assertEqual(pdu.short_message, b"")
        self.assertEqual(find(pdu.tlvs, Tag.MESSAGE_PAYLOAD), b"x" * 400)

    @settings(deadline=None, max_examples=60)
    @given(some.text(max_size=300), some.sampled_from(list(Segmentation)))
    def test_text_is_kept(self, text: str, segmentation: Segmentation) -> None:
        """Whatever the text, its segments say it (line ends and CR aside)."""
        segments = [submit_sm(each) for each in sources(text, segmentation)]
        if len(segments) == 1:
            found = read(segments[0]).text or ""
            self.assertEqual(found.replace("\x1b", " "), text.replace("\x1b", " "))

    def test_data_sm(self) -> None:
        """data_sm: the same values; text and validity in TLVs (SMPP 3.4 4.7.1)."""
        (source,) = sources(expires=90, content_language="fr")
        submitted, sent = submit_sm(source), data_sm(source)
        self.assertIsInstance(submitted, SubmitSm)
        self.assertIsInstance(sent, DataSm)
        for name in (
            "service_type",
            "source_addr",
            "destination_addr",
            "registered_delivery",
            "data_coding",
        ):
            self.assertEqual(getattr(sent, name), getattr(submitted, name), name)
        self.assertEqual((submitted.esm_class, sent.esm_class), (0x03, 0))
        self.assertEqual(find(sent.tlvs, Tag.MESSAGE_PAYLOAD), b"Hello")
        self.assertEqual(integer(sent.tlvs, Tag.QOS_TIME_TO_LIVE), 90)
        self.assertEqual(integer(sent.tlvs, Tag.LANGUAGE_INDICATOR), 2)
        self.assertEqual(decode(encode(sent)), sent)

    def test_data_sm_of_a_whole_text(self) -> None:
        """data_sm with the text in message_payload has it once."""
        (source,) = sources("x" * 400, Segmentation.PAYLOAD)
        payloads = [
            tlv for tlv in data_sm(source).tlvs if tlv.tag == Tag.MESSAGE_PAYLOAD
        ]
        self.assertEqual(len(payloads), 1)
