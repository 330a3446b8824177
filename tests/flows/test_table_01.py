"""TS Table 1, row by row: SIP MESSAGE to submit_sm (6.2.2.1.1). [SCR Int-S-005-O]"""

from __future__ import annotations

from typing import Any

from cpmgw.iwf.sms.tables.table_01 import TABLE_1_SUBMIT_SM
from tests.flows.house import ALICE, BOB, House
from txsmpp.pdu import DataSm, SubmitSm
from txsmpp.tlv import Tag, find, integer


class Table1(House):
    def submitted(self, **details: Any) -> SubmitSm:
        """The one submit_sm that a message became."""
        details.setdefault("text", "Hello")
        sent = self.send(**details)
        self.assertEqual(sent.status, 202)
        (pdu,) = self.centre.submitted
        self.centre.submitted.clear()
        assert isinstance(pdu, SubmitSm)
        return pdu

    def test_every_parameter_of_the_table_is_a_row(self) -> None:
        """The rows are those of Table 1, in its order."""
        self.assertEqual(
            TABLE_1_SUBMIT_SM.names,
            (
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
                "registered_delivery",
                "replace_if_present_flag",
                "data_coding",
                "sm_default_msg_id",
                "short_message",
                "message_payload",
                "language_indicator",
                "sar_msg_ref_num",
                "sar_segment_seqnum",
                "sar_total_segments",
            ),
        )

    def test_service_type(self) -> None:
        """service_type: set by the IWF to NULL."""
        self.assertEqual(self.submitted().service_type, "")

    def test_source_addr_from_p_asserted_identity(self) -> None:
        """source_addr: the E.164 number of P-Asserted-Identity, if present."""
        pdu = self.submitted(asserted="sip:+15145550009@ims.example.net;user=phone")
        self.assertEqual(
            (pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr),
            (1, 1, "15145550009"),
        )

    def test_source_addr_otherwise_from_from(self) -> None:
        """source_addr: otherwise the E.164 number of From."""
        pdu = self.submitted(without=frozenset({"P-Asserted-Identity"}))
        self.assertEqual(pdu.source_addr, ALICE.removeprefix("tel:+"))

    def test_source_addr_of_two_asserted_identities(self) -> None:
        """source_addr: of a SIP and a tel identity, the one with a number."""
        pdu = self.submitted(
            without=frozenset({"P-Asserted-Identity"}),
            headers=(
                ("p-asserted-identity", "<sip:alice@ims.example.net>"),
                ("p-asserted-identity", "<tel:+15145550008>"),
            ),
        )
        self.assertEqual(pdu.source_addr, "15145550008")

    def test_destination_addr_from_request_uri(self) -> None:
        """destination_addr: the E.164 number of the Request-URI."""
        pdu = self.submitted(request_uri="sip:+15145550007@ims.example.net;user=phone")
        self.assertEqual(
            (pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr),
            (1, 1, "15145550007"),
        )

    def test_destination_addr_otherwise_from_to(self) -> None:
        """destination_addr: otherwise the E.164 number of To."""
        pdu = self.submitted(request_uri="sip:CPM-IWF@ims.example.net")
        self.assertEqual(pdu.destination_addr, BOB.removeprefix("tel:+"))

    def test_esm_class(self) -> None:
        """esm_class: set by the IWF to "Store and Forward"."""
        self.assertEqual(self.submitted().esm_class, 0x03)

    def test_protocol_id(self) -> None:
        """protocol_id: the value of the network type, 0 for GSM."""
        self.assertEqual(self.submitted().protocol_id, 0)

    def test_priority_flag(self) -> None:
        """priority_flag: normal is level 1 in GSM."""
        for priority, flag in (
            ("", 1),
            ("normal", 1),
            ("non-urgent", 0),
            ("urgent", 2),
            ("emergency", 3),
            ("whenever", 1),
        ):
            with self.subTest(priority=priority):
                self.assertEqual(self.submitted(priority=priority).priority_flag, flag)

    def test_schedule_delivery_time(self) -> None:
        """schedule_delivery_time: NULL for immediate delivery."""
        self.assertEqual(self.submitted().schedule_delivery_time, "")

    def test_validity_period_from_expires(self) -> None:
        """validity_period: the value of Expires if present."""
        self.assertEqual(
            self.submitted(expires=90_061).validity_period, "000001010101000R"
        )

    def test_validity_period_otherwise_by_policy(self) -> None:
        """validity_period: otherwise as service provider policy says (two days)."""
        self.assertEqual(self.submitted().validity_period, "000002000000000R")

    def test_validity_period_is_limited_by_policy(self) -> None:
        """validity_period: never longer than policy allows (a week)."""
        self.assertEqual(
            self.submitted(expires=8_640_000).validity_period, "000007000000000R"
        )

    def test_registered_delivery(self) -> None:
        """registered_delivery: 01 for a success asked for, 10 for failure only, 00."""
        for requested, bits in (
            (("positive-delivery",), 0b01),
            (("interworking",), 0b01),
            (("negative-delivery",), 0b10),
            (("positive-delivery", "negative-delivery"), 0b01),
            (("negative-delivery", "interworking"), 0b01),
            (("positive-delivery", "negative-delivery", "interworking"), 0b01),
            (("display",), 0b00),
            ((), 0b00),
        ):
            with self.subTest(requested=requested):
                pdu = self.submitted(imdn=requested)
                self.assertEqual(pdu.registered_delivery, bits)

    def test_replace_if_present_flag(self) -> None:
        """replace_if_present_flag: NULL."""
        self.assertEqual(self.submitted().replace_if_present_flag, 0)

    def test_data_coding(self) -> None:
        """data_coding: of the alphabet that the text needs."""
        self.assertEqual(self.submitted(text="Grüße €").data_coding, 0)
        self.assertEqual(self.submitted(text="Привет").data_coding, 8)

    def test_sm_default_msg_id(self) -> None:
        """sm_default_msg_id: NULL."""
        self.assertEqual(self.submitted().sm_default_msg_id, 0)

    def test_short_message(self) -> None:
        """short_message: the text in the encoding that data_coding says."""
        self.assertEqual(self.submitted(text="a@b").short_message, b"a\x00b")

    def test_short_message_of_another_charset(self) -> None:
        """data_coding along with the charset parameter of Content-Type."""
        pdu = self.submitted(
            content_type="text/plain; charset=koi8-r", content="Привет".encode("koi8-r")
        )
        self.assertEqual(pdu.short_message, "Привет".encode("utf-16-be"))

    def test_language_indicator(self) -> None:
        """language_indicator: from Content-Language, absent without."""
        pdu = self.submitted(content_language="fr-CA")
        self.assertEqual(integer(pdu.tlvs, Tag.LANGUAGE_INDICATOR), 2)
        self.assertIsNone(find(self.submitted().tlvs, Tag.LANGUAGE_INDICATOR))


class Segments(House):
    """Text that one short message cannot hold is concatenated (6.2.2.1).

    [SCR Int-S-031-O]
    """

    def submitted(self, text: str) -> list[SubmitSm]:
        """The submit_sms that a text became."""
        self.assertEqual(self.send(text=text).status, 202)
        return [pdu for pdu in self.centre.submitted if isinstance(pdu, SubmitSm)]

    def test_sar_parameters(self) -> None:
        """sar_*: one new reference, the order and the total of the segments."""
        pdus = self.submitted("x" * 200)
        self.assertEqual(
            [
                (
                    integer(pdu.tlvs, Tag.SAR_SEGMENT_SEQNUM),
                    integer(pdu.tlvs, Tag.SAR_TOTAL_SEGMENTS),
                )
                for pdu in pdus
            ],
            [(1, 2), (2, 2)],
        )
        references = {integer(pdu.tlvs, Tag.SAR_MSG_REF_NUM) for pdu in pdus}
        self.assertEqual(len(references), 1)
        self.centre.submitted.clear()
        again = self.submitted("y" * 200)
        self.assertNotIn(integer(again[0].tlvs, Tag.SAR_MSG_REF_NUM), references)

    def test_one_segment_has_no_sar_parameters(self) -> None:
        """sar_*: only on concatenated short messages."""
        (pdu,) = self.submitted("x" * 160)
        self.assertIsNone(find(pdu.tlvs, Tag.SAR_MSG_REF_NUM))

    def test_long_text_arrives_whole(self) -> None:
        """A payload too large for one submit_sm is divided (6.2.2.1.1)."""
        text = "Ça va? 😀 " * 40
        self.submitted(text)
        self.assertEqual(self.centre.handset(BOB[4:]).texts, [text])


class UserDataHeader(House):
    smsc = '[smsc.text]\nsegmentation = "udh16"'

    def test_esm_class_tells_of_the_header(self) -> None:
        """esm_class: the UDH indicator is added where policy segments by UDH."""
        self.assertEqual(self.send(text="x" * 200).status, 202)
        pdus = self.centre.submitted
        self.assertEqual(
            [pdu.esm_class for pdu in pdus if isinstance(pdu, SubmitSm)], [0x43, 0x43]
        )
        self.assertEqual(self.centre.handset(BOB[4:]).texts, ["x" * 200])


class DefaultMode(House):
    smsc = 'messaging_mode = "default"'

    def test_esm_class(self) -> None:
        """esm_class: 0 for an SM-SC that takes no mode but its own."""
        self.assertEqual(self.send(text="Hello").status, 202)
        (pdu,) = self.centre.submitted
        assert isinstance(pdu, SubmitSm)
        self.assertEqual(pdu.esm_class, 0)


class Payload(House):
    smsc = '[smsc.text]\nsegmentation = "payload"'

    def test_long_text_in_message_payload(self) -> None:
        """Where policy leaves segments to the SM-SC the text goes whole (note 5)."""
        self.assertEqual(self.send(text="x" * 400).status, 202)
        (pdu,) = self.centre.submitted
        assert isinstance(pdu, SubmitSm)
        self.assertEqual(pdu.short_message, b"")
        self.assertEqual(find(pdu.tlvs, Tag.MESSAGE_PAYLOAD), b"x" * 400)


class DataSmInstead(House):
    policy = 'submit_with = "data_sm"'

    def test_data_sm(self) -> None:
        """data_sm uses the translation tables of submit_sm (6.2.2 note 3)."""
        sent = self.send(text="Hello", expires=3600)
        self.assertEqual(sent.status, 202)
        (pdu,) = self.centre.submitted
        assert isinstance(pdu, DataSm)
        self.assertEqual(pdu.source_addr, ALICE.removeprefix("tel:+"))
        self.assertEqual(pdu.destination_addr, BOB.removeprefix("tel:+"))
        self.assertEqual(pdu.registered_delivery, 1)
        self.assertEqual(find(pdu.tlvs, Tag.MESSAGE_PAYLOAD), b"Hello")
        self.assertEqual(integer(pdu.tlvs, Tag.QOS_TIME_TO_LIVE), 3600)
        self.assertEqual(len(sent.notifications), 2)
