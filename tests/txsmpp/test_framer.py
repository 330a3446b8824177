"""A stream of octets cut into PDUs (SMPP 3.4 3.2.1)."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.txsmpp.samples import any_pdu
from txsmpp import pdu
from txsmpp.codec import encode
from txsmpp.errors import FramingLost, InvalidPdu
from txsmpp.framer import DEFAULT_LIMIT, Framer
from txsmpp.status import CommandStatus
from txsmpp.tlv import Tag, Tlv

LINK = encode(pdu.EnquireLink(sequence_number=1))


class FramerTests(SynchronousTestCase):
    @given(st.lists(any_pdu, max_size=5), st.data())
    @settings(deadline=None, max_examples=60)
    def test_any_cut(self, sent: list[pdu.Pdu], data: st.DataObject) -> None:
        """PDUs come out whole and in order, however the stream is cut."""
        stream = b"".join(map(encode, sent))
        cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=6))
        places = [0, *sorted(cuts), len(stream)]
        framer = Framer()
        found = []
        for start, end in pairwise(places):
            found += framer.feed(stream[start:end])
        self.assertEqual([type(each) for each in found], [type(each) for each in sent])

    def test_octet_by_octet(self) -> None:
        """A PDU is given with its last octet, not before."""
        framer = Framer()
        stream = LINK + encode(pdu.SubmitSm(short_message=b"hi", sequence_number=2))
        found = [len(framer.feed(stream[i : i + 1])) for i in range(len(stream))]
        self.assertEqual(found.index(1), len(LINK) - 1)
        self.assertEqual(sum(found), 2)

    def test_lengths_at_the_least_and_one_below(self) -> None:
        """16 octets are a PDU, 15 end the stream with ESME_RINVCMDLEN (3.2)."""
        self.assertEqual(Framer().feed(LINK), [pdu.EnquireLink(sequence_number=1)])
        (error,) = Framer().feed(b"\0\0\0\x0f" + LINK[4:15])
        assert isinstance(error, FramingLost)
        self.assertEqual(error.command_status, CommandStatus.ESME_RINVCMDLEN)

    def test_lengths_at_the_limit_and_one_past(self) -> None:
        """A PDU of `limit` octets is read, one more ends the stream at once."""
        value = pdu.DataSm(tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, bytes(100)),))
        octets = encode(value)
        self.assertEqual(Framer(len(octets)).feed(octets), [value])
        framer = Framer(len(octets) - 1)
        (error,) = framer.feed(octets[:4])
        self.assertIsInstance(error, FramingLost)

    def test_default_limit_has_room_for_a_message_payload(self) -> None:
        """The largest message_payload fits (5.3.2.32)."""
        value = pdu.DataSm(tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, bytes(65535)),))
        self.assertEqual(Framer(DEFAULT_LIMIT).feed(encode(value)), [value])

    def test_what_came_before_is_not_lost(self) -> None:
        """PDUs before a length that cannot be are given; nothing after it is."""
        framer = Framer()
        found = framer.feed(LINK + b"GET / HTTP/1.1\r\n\r\n" + LINK)
        self.assertEqual(found[0], pdu.EnquireLink(sequence_number=1))
        self.assertIsInstance(found[1], FramingLost)
        self.assertEqual(len(found), 2)
        self.assertEqual(framer.feed(LINK), [])

    def test_the_number_is_told_where_it_is_there(self) -> None:
        """A lost frame tells its sequence number if a whole header came."""
        (error,) = Framer().feed(bytes.fromhex("7fffffff 00000004 00000000 00000009"))
        assert isinstance(error, FramingLost)
        self.assertEqual((error.command_id, error.sequence_number), (4, 9))

    def test_a_bad_body_does_not_end_the_stream(self) -> None:
        """A PDU whose body makes no sense is told of; the next one is read."""
        bad = bytes.fromhex("00000011 00000004 00000000 00000003 ff")
        error, link = Framer().feed(bad + LINK)
        assert isinstance(error, InvalidPdu)
        self.assertFalse(error.fatal)
        self.assertEqual(link, pdu.EnquireLink(sequence_number=1))

    @given(st.binary(max_size=400))
    @settings(deadline=None, max_examples=100)
    def test_any_octets(self, octets: bytes) -> None:
        """No octets raise; no more than one PDU is held."""
        framer = Framer(1000)
        for item in framer.feed(octets):
            self.assertIsInstance(item, pdu.Pdu | InvalidPdu)
        self.assertLessEqual(len(framer._held), 1000)
