"""PDUs to octets and back (SMPP 3.4 sections 3 and 4)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.txsmpp.samples import VENDOR, any_pdu, full
from txsmpp import pdu
from txsmpp.codec import HEADER_LENGTH, MAX_TLVS, decode, encode, refusal, renumber
from txsmpp.errors import CannotEncode, FramingLost, InvalidPdu
from txsmpp.layout import ROWS
from txsmpp.pdu import CommandId
from txsmpp.status import CommandStatus as S
from txsmpp.tlv import Tag, Tlv

FAST = settings(deadline=None, max_examples=100)

SUBMIT_SM = bytes.fromhex(
    "0000004b 00000004 00000000 00000007"
    "434d5400"  # service_type CMT
    "0101 3135313435353530303031 00"  # source 15145550001
    "0101 3135313435353530303032 00"  # destination 15145550002
    "40 00 01"  # esm_class, protocol_id, priority_flag
    "00 00"  # schedule_delivery_time, validity_period
    "01 00 08 00"  # registered_delivery, replace, data_coding, default message
    "04 00480069"  # sm_length, short_message
    "0204 0002 0007"  # user_message_reference
    "1401 0003 aabbcc"  # a vendor's
)
SUBMIT_SM_VALUE = pdu.SubmitSm(
    service_type="CMT",
    source_addr_ton=1,
    source_addr_npi=1,
    source_addr="15145550001",
    dest_addr_ton=1,
    dest_addr_npi=1,
    destination_addr="15145550002",
    esm_class=0x40,
    priority_flag=1,
    registered_delivery=1,
    data_coding=8,
    short_message=b"\x00H\x00i",
    tlvs=(
        Tlv(Tag.USER_MESSAGE_REFERENCE, b"\x00\x07"),
        Tlv(0x1401, b"\xaa\xbb\xcc"),
    ),
    sequence_number=7,
)
BY_HAND = {
    SUBMIT_SM: SUBMIT_SM_VALUE,
    # The example of 3.2.3.
    bytes.fromhex(
        "0000002f 00000002 00000000 00000001"
        "534d50503354455354 00 7365637265743038 00 5355424d495431 00 00 01 01 00"
    ): pdu.BindTransmitter(
        system_id="SMPP3TEST",
        password="secret08",
        system_type="SUBMIT1",
        interface_version=0,
        addr_ton=1,
        addr_npi=1,
        sequence_number=1,
    ),
    bytes.fromhex(
        "0000001c 80000009 00000000 00000001 63656e74726500 02100001 34"
    ): pdu.BindTransceiverResp(
        system_id="centre",
        tlvs=(Tlv(Tag.SC_INTERFACE_VERSION, b"\x34"),),
        sequence_number=1,
    ),
    bytes.fromhex("00000015 80000004 00000000 00000007 3543304400"): (
        pdu.SubmitSmResp(message_id="5C0D", sequence_number=7)
    ),
    bytes.fromhex("00000011 80000005 00000064 00000003 00"): pdu.DeliverSmResp(
        command_status=S.ESME_RX_T_APPN, sequence_number=3
    ),
    bytes.fromhex("00000010 00000015 00000000 00000002"): pdu.EnquireLink(
        sequence_number=2
    ),
    bytes.fromhex("00000010 80000000 00000003 00000005"): pdu.GenericNack(
        command_status=S.ESME_RINVCMDID, sequence_number=5
    ),
    bytes.fromhex(
        "0000003b 00000021 00000000 00000004"
        "00 0000 3100"
        "02 01 0101 343400 02 667269656e647300"
        "00 00 00 00 00 00 00 00 00"
        "02 6869"
        "0204 0002 0001 1400 0000"
    ): pdu.SubmitMulti(
        source_addr="1",
        dest_address=(pdu.SmeAddress(1, 1, "44"), pdu.DistributionList("friends")),
        short_message=b"hi",
        tlvs=(Tlv(Tag.USER_MESSAGE_REFERENCE, b"\x00\x01"), Tlv(0x1400, b"")),
        sequence_number=4,
    ),
    bytes.fromhex(
        "00000020 80000021 00000000 00000004 4100 01 0101 343400 0000000b 00000000"
    ): pdu.SubmitMultiResp(
        message_id="A",
        unsuccess_sme=(pdu.UnsuccessSme(1, 1, "44", S.ESME_RINVDSTADR),),
        tlvs=(Tlv(0, b""),),
        sequence_number=4,
    ),
    bytes.fromhex(
        "0000001f 00000102 00000000 00000006 0101 343400 0001 393900 0422 0001 00"
    ): pdu.AlertNotification(
        source_addr_ton=1,
        source_addr_npi=1,
        source_addr="44",
        esme_addr_npi=1,
        esme_addr="99",
        tlvs=(Tlv(Tag.MS_AVAILABILITY_STATUS, b"\x00"),),
        sequence_number=6,
    ),
}


def with_length(octets: bytes) -> bytes:
    """The same octets with a command_length that is right."""
    return len(octets).to_bytes(4, "big") + octets[4:]


class EncodingTests(SynchronousTestCase):
    """Values to octets."""

    def test_octets_written_by_hand(self) -> None:
        """Every PDU that was written out by hand is encoded to the octet (4)."""
        for octets, value in BY_HAND.items():
            self.assertEqual(encode(value).hex(), octets.hex(), value)
            self.assertEqual(decode(octets), value)

    def test_each_kind_there_and_back(self) -> None:
        """Every kind of PDU, all fields set, is read as it was written."""
        for kind in ROWS:
            value = full(kind)
            self.assertEqual(decode(encode(value)), value)

    def test_command_ids(self) -> None:
        """Every command_id of 5.1.2.1 has a PDU, and the other way round."""
        self.assertEqual({each.command_id for each in ROWS}, set(CommandId))

    @given(any_pdu)
    @FAST
    def test_any_value_there_and_back(self, value: pdu.Pdu) -> None:
        """Whatever can be written is read as it was."""
        octets = encode(value)
        self.assertEqual(int.from_bytes(octets[:4], "big"), len(octets))
        if isinstance(value, pdu.Response) and len(octets) == HEADER_LENGTH:
            return
        self.assertEqual(decode(octets), value)

    def test_renumbered(self) -> None:
        """Another sequence number changes nothing else."""
        octets = renumber(encode(SUBMIT_SM_VALUE), 0x7FFFFFFF)
        self.assertEqual(decode(octets), pdu.numbered(SUBMIT_SM_VALUE, 0x7FFFFFFF))

    def refused(self, value: pdu.Pdu, status: S, field: str) -> None:
        """Encoding it fails for this field, with this status."""
        error = self.assertRaises(CannotEncode, encode, value)
        self.assertEqual((error.command_status, error.field), (status, field))

    def test_text_at_its_limit_and_one_past(self) -> None:
        """Each text field holds its size less the NUL and no more (4.4.1, 5.2)."""
        limits = [
            (pdu.BindTransceiver, "system_id", 15, S.ESME_RINVSYSID),
            (pdu.BindTransceiver, "password", 8, S.ESME_RINVPASWD),
            (pdu.BindTransceiver, "system_type", 12, S.ESME_RINVSYSTYP),
            (pdu.BindTransceiver, "address_range", 40, S.ESME_RBINDFAIL),
            (pdu.SubmitSm, "service_type", 5, S.ESME_RINVSERTYP),
            (pdu.SubmitSm, "source_addr", 20, S.ESME_RINVSRCADR),
            (pdu.SubmitSm, "destination_addr", 20, S.ESME_RINVDSTADR),
            (pdu.SubmitSmResp, "message_id", 64, S.ESME_RINVMSGID),
            (pdu.DataSm, "source_addr", 64, S.ESME_RINVSRCADR),
            (pdu.DataSm, "destination_addr", 64, S.ESME_RINVDSTADR),
            (pdu.AlertNotification, "esme_addr", 64, S.ESME_RINVDSTADR),
        ]
        for kind, field, most, status in limits:
            fits = kind(**{field: "x" * most})
            self.assertEqual(decode(encode(fits)), fits)
            self.refused(kind(**{field: "x" * (most + 1)}), status, field)
            octets = encode(fits)
            at = octets.index(b"x" * most)
            longer = with_length(octets[:at] + b"x" + octets[at:])
            error = self.assertRaises(InvalidPdu, decode, longer)
            self.assertEqual(error.command_status, status, field)

    def test_short_message_at_its_limit_and_one_past(self) -> None:
        """A short_message has up to 254 octets (5.2.21)."""
        fits = pdu.SubmitSm(short_message=bytes(254))
        self.assertEqual(decode(encode(fits)), fits)
        self.refused(
            pdu.SubmitSm(short_message=bytes(255)), S.ESME_RINVMSGLEN, "short_message"
        )

    def test_a_5_0_peer_may_send_255_octets(self) -> None:
        """255 octets are read, as SMPP 5.0 allows them (5.0 4.7.28)."""
        octets = encode(pdu.DeliverSm(short_message=bytes(254)))
        longer = with_length(octets[:-255] + b"\xff" + bytes(255))
        read = decode(longer)
        assert isinstance(read, pdu.DeliverSm)
        self.assertEqual(len(read.short_message), 255)

    def test_what_no_octet_can_hold(self) -> None:
        """A number beyond 255 and text beyond ISO 8859-1 are refused."""
        self.refused(
            pdu.DataSm(data_coding=256),
            S.ESME_RSYSERR,
            "esm_class, registered_delivery, data_coding",
        )
        self.refused(pdu.SubmitSm(source_addr="€"), S.ESME_RINVSRCADR, "source_addr")

    def test_a_nul_cannot_be_smuggled_in(self) -> None:
        """Text with a NUL inside is refused: it would move every later field."""
        self.refused(
            pdu.SubmitSm(destination_addr="1\x002"),
            S.ESME_RINVDSTADR,
            "destination_addr",
        )

    def test_times_are_whole(self) -> None:
        """A time is empty or 16 characters (7.1.1)."""
        for bad in ("1", "0" * 15, "0" * 17):
            self.refused(
                pdu.SubmitSm(validity_period=bad), S.ESME_RINVEXPIRY, "validity_period"
            )

    def test_tlv_at_its_limit_and_one_past(self) -> None:
        """A parameter has up to 65,535 octets (3.2.4.1)."""
        fits = pdu.DataSm(tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, bytes(65535)),))
        self.assertEqual(decode(encode(fits)), fits)
        self.refused(
            pdu.DataSm(tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, bytes(65536)),)),
            S.ESME_RINVPARLEN,
            "TLV 0x0424",
        )

    def test_destinations_at_their_limits(self) -> None:
        """submit_multi has 1 to 254 destinations (5.2.24)."""
        one = pdu.SmeAddress(1, 1, "1")
        for count, fine in ((0, False), (1, True), (254, True), (255, False)):
            value = pdu.SubmitMulti(dest_address=(one,) * count)
            if fine:
                self.assertEqual(decode(encode(value)), value)
            else:
                self.refused(value, S.ESME_RINVNUMDESTS, "dest_address")

    def test_unsuccessful_at_their_limit(self) -> None:
        """A submit_multi_resp names at most as many as there were."""
        one = pdu.UnsuccessSme(1, 1, "1", 0x0B)
        value = pdu.SubmitMultiResp(unsuccess_sme=(one,) * 254)
        self.assertEqual(decode(encode(value)), value)
        value = pdu.SubmitMultiResp(unsuccess_sme=(one,) * 255)
        self.refused(value, S.ESME_RINVNUMDESTS, "unsuccess_sme")


class DecodingTests(SynchronousTestCase):
    """Octets from outside."""

    def status_of(self, octets: bytes) -> int:
        """The command_status that answers these octets."""
        error: InvalidPdu = self.assertRaises(InvalidPdu, decode, octets)
        return error.command_status

    def test_every_truncation(self) -> None:
        """A body that is cut anywhere is either a PDU with less, or InvalidPdu."""
        for kind in ROWS:
            whole = encode(full(kind))
            for end in range(HEADER_LENGTH, len(whole)):
                try:
                    read = decode(with_length(whole[:end]))
                except InvalidPdu as error:
                    self.assertEqual(error.sequence_number, 9)
                    self.assertFalse(error.fatal)
                else:
                    self.assertIs(type(read), kind)
                    self.assertLess(len(read.tlvs), 2)

    def test_a_truncated_mandatory_field_is_no_pdu(self) -> None:
        """Octets that end before the last mandatory field are refused (3.2)."""
        bare = encode(pdu.SubmitSm(short_message=b"hi"))
        for end in range(HEADER_LENGTH, len(bare)):
            self.assertRaises(InvalidPdu, decode, with_length(bare[:end]))

    @given(st.binary(max_size=120), st.sampled_from(list(CommandId)))
    @FAST
    def test_any_octets(self, body: bytes, command_id: int) -> None:
        """Whatever a body is, it is a PDU or InvalidPdu, and it can be answered."""
        header = command_id.to_bytes(4, "big") + bytes(4) + b"\0\0\0\x05"
        octets = with_length(bytes(4) + header + body)
        try:
            read = decode(octets)
        except InvalidPdu as error:
            answer = refusal(error)
            self.assertEqual(answer is None, command_id not in _ANSWERED)
            if answer is not None:
                self.assertEqual(decode(encode(answer)).sequence_number, 5)
        else:
            self.assertEqual(read.command_id, command_id)

    def test_length_that_is_not_its_own(self) -> None:
        """A command_length other than the octets given ends the stream (3.2)."""
        for octets in (b"", SUBMIT_SM[:15], SUBMIT_SM[:-1], SUBMIT_SM + b"\0"):
            error = self.assertRaises(FramingLost, decode, octets)
            self.assertTrue(error.fatal)
            self.assertEqual(error.command_status, S.ESME_RINVCMDLEN)

    def test_unknown_command(self) -> None:
        """An unknown command_id is answered with generic_nack (4.3, 5.1.3)."""
        octets = bytes.fromhex("00000010 00000999 00000000 00000008")
        error = self.assertRaises(InvalidPdu, decode, octets)
        self.assertEqual(
            refusal(error),
            pdu.GenericNack(command_status=S.ESME_RINVCMDID, sequence_number=8),
        )

    def test_unknown_response_is_not_answered(self) -> None:
        """An unknown response is never nacked, lest two peers do so for ever."""
        octets = bytes.fromhex("00000010 80000999 00000000 00000008")
        error = self.assertRaises(InvalidPdu, decode, octets)
        self.assertIsNone(refusal(error))

    def test_a_bad_request_is_answered_by_its_response(self) -> None:
        """A known request that makes no sense gets its own response (4.4.2)."""
        bad = with_length(SUBMIT_SM[:30])
        error = self.assertRaises(InvalidPdu, decode, bad)
        self.assertEqual(
            refusal(error),
            pdu.SubmitSmResp(command_status=S.ESME_RINVSRCADR, sequence_number=7),
        )

    def test_those_without_answer(self) -> None:
        """outbind and alert_notification have no answer, not even a bad one."""
        for kind in (pdu.Outbind, pdu.AlertNotification):
            error = self.assertRaises(
                InvalidPdu, decode, with_length(encode(full(kind))[:18])
            )
            self.assertIsNone(refusal(error))

    def test_response_of_a_header_alone(self) -> None:
        """A response that stops after its header is read (4.4.2 and others)."""
        for kind in ROWS:
            if issubclass(kind, pdu.Response):
                for status in (0, 0x45):
                    octets = encode(full(kind, command_status=status))
                    bare = with_length(octets[:HEADER_LENGTH])
                    expected = kind(command_status=status, sequence_number=9)
                    self.assertEqual(decode(bare), expected)

    def test_error_response_with_a_body(self) -> None:
        """A body despite an error status is read where it makes sense."""
        value = pdu.SubmitSmResp(message_id="1", command_status=0x45)
        self.assertEqual(decode(encode(value)), value)

    def test_refusals_without_a_body(self) -> None:
        """A refused bind or submit_sm is answered by a header alone (4.1.2, 4.4.2)."""
        for kind in (
            pdu.BindTransmitterResp,
            pdu.BindReceiverResp,
            pdu.BindTransceiverResp,
            pdu.SubmitSmResp,
        ):
            self.assertEqual(len(encode(kind(command_status=0x45))), 16)
            self.assertEqual(len(encode(kind())), 17)
            more = encode(kind(command_status=0x45, tlvs=(Tlv(0x1D, b"no\0"),)))
            self.assertEqual(len(more), 24)
        self.assertEqual(len(encode(pdu.DeliverSmResp(command_status=0x45))), 17)

    def test_error_response_with_a_senseless_body(self) -> None:
        """A senseless body of a response that reports an error is passed over."""
        octets = bytes.fromhex("00000012 80000004 00000058 00000007 ffff")
        expected = pdu.SubmitSmResp(command_status=0x58, sequence_number=7)
        self.assertEqual(decode(octets), expected)
        fine = bytes.fromhex("00000012 80000004 00000000 00000007 ffff")
        self.assertEqual(self.status_of(fine), S.ESME_RINVMSGID)

    def test_vendor_parameters_are_kept(self) -> None:
        """Unknown parameters are kept to the octet and in order, twice if twice."""
        tlvs = (VENDOR, Tlv(0x3FFF, b""), VENDOR, Tlv(0xFFFF, b"\0"))
        value = pdu.DeliverSm(tlvs=tlvs)
        self.assertEqual(decode(encode(value)), value)

    def test_parameters_on_every_pdu(self) -> None:
        """5.0 peers add congestion_state to any response (5.0 4.8.4.18)."""
        octets = bytes.fromhex("00000015 80000015 00000000 00000001 0428 0001 63")
        self.assertEqual(decode(octets).tlvs, (Tlv(Tag.CONGESTION_STATE, b"c"),))

    def test_parameters_that_do_not_end(self) -> None:
        """A parameter cut in its header or in its value is refused (5.1.3)."""
        body = encode(pdu.EnquireLink())
        for tail, status in (
            (b"\x04", S.ESME_RINVOPTPARSTREAM),
            (b"\x04\x28\x00", S.ESME_RINVOPTPARSTREAM),
            (b"\x04\x28\x00\x01", S.ESME_RINVPARLEN),
            (b"\x04\x28\xff\xffxx", S.ESME_RINVPARLEN),
        ):
            self.assertEqual(self.status_of(with_length(body + tail)), status)

    def test_parameters_at_their_count_and_one_past(self) -> None:
        """A PDU has no more than so many parameters."""
        fits = pdu.DataSm(tlvs=(Tlv(1, b""),) * MAX_TLVS)
        self.assertEqual(decode(encode(fits)), fits)
        over = encode(pdu.DataSm(tlvs=(Tlv(1, b""),) * (MAX_TLVS + 1)))
        self.assertEqual(self.status_of(over), S.ESME_RINVOPTPARSTREAM)

    def test_sm_length_beyond_the_pdu(self) -> None:
        """An sm_length that promises more than there is is ESME_RINVMSGLEN."""
        octets = encode(pdu.SubmitSm(short_message=b"hi"))
        bad = octets[:-3] + b"\x03hi"
        self.assertEqual(self.status_of(bad), S.ESME_RINVMSGLEN)

    def test_destination_flags(self) -> None:
        """A dest_flag other than 1 and 2 is ESME_RINVDESTFLAG, none of them is more."""
        octets = encode(full(pdu.SubmitMulti, tlvs=()))
        at = octets.index(b"Shop\0") + 5
        for count, flag, status in (
            (0, 1, S.ESME_RINVNUMDESTS),
            (255, 1, S.ESME_RINVNUMDESTS),
            (2, 3, S.ESME_RINVDESTFLAG),
            (2, 0, S.ESME_RINVDESTFLAG),
        ):
            bad = octets[:at] + bytes([count, flag]) + octets[at + 2 :]
            self.assertEqual(self.status_of(bad), status)

    def test_distribution_list_name_too_long(self) -> None:
        """A dl_name that does not end in time is ESME_RINVDLNAME."""
        value = pdu.SubmitMulti(dest_address=(pdu.DistributionList("n" * 20),))
        octets = encode(value)
        at = octets.index(b"nn")
        bad = with_length(octets[:at] + b"n" + octets[at:])
        self.assertEqual(self.status_of(bad), S.ESME_RINVDLNAME)

    def test_multi_response_without_its_list(self) -> None:
        """A submit_multi_resp that leaves no_unsuccess out has an empty list."""
        octets = bytes.fromhex("00000012 80000021 00000000 00000001 4100")
        expected = pdu.SubmitMultiResp(message_id="A", sequence_number=1)
        self.assertEqual(decode(octets), expected)


_ANSWERED = {kind.command_id for kind in pdu.RESPONSES}
