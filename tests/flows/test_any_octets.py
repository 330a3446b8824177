"""Whatever octets come from either side, the gateway answers and goes on."""

from __future__ import annotations

import random
import struct

from tests.flows.house import ALICE, BOB, House
from tests.flows.outsider import Outsider
from txsmpp.codec import encode
from txsmpp.constants import EsmClass
from txsmpp.pdu import DataSm, DeliverSm, Pdu
from txsmpp.tlv import Tag, Tlv

HEADER = 16
WORDS = (0, 1, 2, 10, 13, 49, 65, 255)


def spoilt(octets: bytes, chance: random.Random, start: int) -> bytearray:
    """The same with a few octets changed, left out or put in, from `start` on."""
    broken = bytearray(octets)
    for _ in range(chance.randrange(6)):
        place = chance.randrange(start, len(broken))
        change = chance.randrange(3)
        if change == 0:
            broken[place] = chance.choice((*WORDS, chance.randrange(256)))
        elif change == 1:
            del broken[place]
        else:
            broken.insert(place, chance.randrange(256))
    return broken


def from_an_sm_sc() -> list[bytes]:
    """A text, a segment with each kind of header, receipts in both forms."""
    pdus: list[Pdu] = [
        _deliver(short_message=b"Hello"),
        _deliver(esm_class=EsmClass.UDHI, short_message=b"\x05\x00\x03\x07\x02\x01one"),
        _deliver(
            esm_class=EsmClass.UDHI,
            data_coding=8,
            short_message=b"\x06\x08\x04\x00\x07\x02\x01\x04\x1f\xd8\x3d",
        ),
        _deliver(
            esm_class=EsmClass.DELIVERY_RECEIPT,
            short_message=b"id:12 done date:2401311201 stat:DELIVRD err:000 text:",
        ),
        _deliver(
            esm_class=EsmClass.DELIVERY_RECEIPT,
            tlvs=(
                Tlv(Tag.RECEIPTED_MESSAGE_ID, b"12\0"),
                Tlv(Tag.MESSAGE_STATE, b"\x02"),
            ),
        ),
        DataSm(
            source_addr_ton=1,
            source_addr=BOB[5:],
            dest_addr_ton=1,
            destination_addr=ALICE[5:],
            tlvs=(
                Tlv(Tag.MESSAGE_PAYLOAD, b"Hello"),
                Tlv(Tag.SAR_MSG_REF_NUM, b"\0\1"),
                Tlv(Tag.SAR_TOTAL_SEGMENTS, b"\2"),
                Tlv(Tag.SAR_SEGMENT_SEQNUM, b"\1"),
            ),
        ),
    ]
    return [encode(pdu) for pdu in pdus]


def _deliver(
    esm_class: int = 0,
    data_coding: int = 0,
    short_message: bytes = b"",
    tlvs: tuple[Tlv, ...] = (),
) -> DeliverSm:
    return DeliverSm(
        source_addr_ton=1,
        source_addr_npi=1,
        source_addr=BOB[5:],
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr=ALICE[5:],
        esm_class=esm_class,
        data_coding=data_coding,
        short_message=short_message,
        tlvs=tlvs,
    )


class AnyOctets(House):
    def setUp(self) -> None:
        super().setUp()
        self.chance = random.Random(11)

    def goes_on(self) -> None:
        """Nothing escaped, and the next message crosses."""
        self.settle()
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertEqual(self.send(text="Still there?").status, 202)

    def test_from_the_sm_sc(self) -> None:
        """A garbage PDU gets its answer or the end of its connection, no more."""
        samples = from_an_sm_sc()
        for number in range(1_000, 2_500):
            pdu = spoilt(self.chance.choice(samples), self.chance, HEADER)
            pdu[0:4] = struct.pack(">I", len(pdu))
            pdu[12:16] = struct.pack(">I", number)
            if not self.centre.sessions:
                self.network.advance(5)
                self.settle()
            transport = self.centre.sessions[0].transport
            assert transport is not None
            transport.write(bytes(pdu))
            if number % 50 == 0:
                self.settle()
        self.goes_on()

    def test_from_the_cpm_side(self) -> None:
        """A garbage request gets its answer, no more."""
        peer = Outsider(self.network, "127.0.0.1", 5099)
        for number in range(1_500):
            octets = peer.request(text="Hello", priority="urgent").encode()
            peer.octets(bytes(spoilt(octets, self.chance, 0)))
            if number % 50 == 0:
                self.settle()
        self.goes_on()
        self.assertNotIn(500, set(peer.statuses))
