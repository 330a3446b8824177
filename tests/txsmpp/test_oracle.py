"""Our octets against another implementation's codec (smpp34)."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.txsmpp.samples import any_of
from txsmpp import pdu
from txsmpp.codec import decode, encode

smpp34: Any
try:
    import smpp34
except ImportError:
    smpp34 = None

BODY = [
    name
    for name in pdu.SubmitSm.__struct_fields__
    if name not in ("sequence_number", "tlvs")
]
# The other codec's text is ASCII.
MESSAGES = any_of(pdu.SubmitSm, 127) | any_of(pdu.DeliverSm, 127)
FAST = settings(deadline=None, max_examples=100)


class OracleTests(SynchronousTestCase):
    def setUp(self) -> None:
        if smpp34 is None:
            raise SkipTest("the Python package smpp34 is not installed")

    def theirs(self, value: Any) -> Any:
        """The same PDU as a value of the other codec."""
        kind = getattr(smpp34, type(value).__name__)
        fields = {name: getattr(value, name) for name in BODY}
        tlvs = [smpp34.Tlv(each.tag, each.value) for each in value.tlvs]
        return kind(**fields, tlvs=tlvs, sequence_number=value.sequence_number)

    @given(MESSAGES)
    @FAST
    def test_same_octets(self, value: Any) -> None:
        """submit_sm and deliver_sm are written to the same octets by both."""
        octets = encode(value)
        self.assertEqual(octets.hex(), self.theirs(value).encode().hex())

    @given(MESSAGES)
    @FAST
    def test_theirs_is_read(self, value: Any) -> None:
        """What the other codec writes is read as what it meant."""
        self.assertEqual(decode(self.theirs(value).encode()), value)

    @given(MESSAGES)
    @FAST
    def test_ours_is_read(self, value: Any) -> None:
        """What we write is read by the other codec as what we meant."""
        read = smpp34.decode(encode(value))
        for name in BODY:
            self.assertEqual(getattr(read, name), getattr(value, name), name)
        self.assertEqual(
            [(each.tag, each.value) for each in read.tlvs],
            [(each.tag, each.value) for each in value.tlvs],
        )
