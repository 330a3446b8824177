"""Received PDUs as they are kept (docs/decisions/0003)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.iwf.sms.storing import LONGEST, fingerprint, storable
from txsmpp.codec import decode
from txsmpp.pdu import DataSm, DeliverSm
from txsmpp.text.received import user_data
from txsmpp.tlv import Tlv


class Storable(SynchronousTestCase):
    def kept(self, pdu: DeliverSm | DataSm) -> DeliverSm | DataSm:
        """What is read again of a PDU that was kept."""
        read = decode(storable(pdu))
        assert isinstance(read, DeliverSm | DataSm)
        return read

    def test_usual(self) -> None:
        """A PDU is kept as it came, vendor parameters included."""
        pdu = DeliverSm(
            source_addr="15145550002",
            short_message=b"Hello",
            tlvs=(Tlv(0x1400, b"\x01\x02"),),
            sequence_number=7,
        )
        self.assertEqual(self.kept(pdu), pdu)
        data = DataSm(source_addr="15145550002", tlvs=(Tlv(0x0424, b"Hello"),))
        self.assertEqual(self.kept(data), data)

    def test_times_that_are_none(self) -> None:
        """Times that SMPP could not write do not keep a message from being kept."""
        pdu = DeliverSm(
            schedule_delivery_time="24010112000",
            validity_period="soon",
            short_message=b"Hello",
        )
        self.assertEqual(self.kept(pdu), DeliverSm(short_message=b"Hello"))

    def test_text_of_255_octets(self) -> None:
        """Neither does a text of one octet more than SMPP 3.4 writes."""
        for length in (LONGEST, LONGEST + 1):
            pdu = DeliverSm(short_message=b"x" * length)
            self.assertEqual(user_data(self.kept(pdu)), b"x" * length)

    def test_fingerprint(self) -> None:
        """Two PDUs that differ in their numbers alone have one fingerprint."""
        one, two = (
            storable(DeliverSm(short_message=b"Hello", sequence_number=n))
            for n in (1, 2)
        )
        other = storable(DeliverSm(short_message=b"Hallo", sequence_number=1))
        self.assertEqual(fingerprint(one), fingerprint(two))
        self.assertNotEqual(fingerprint(one), fingerprint(other))
