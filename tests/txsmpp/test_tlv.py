"""Optional parameters and their readers (SMPP 3.4 5.3)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsmpp import tlv
from txsmpp.errors import TlvError
from txsmpp.status import CommandStatus
from txsmpp.tlv import INTEGER_SIZES, Tag, Tlv

TLVS = (
    Tlv(0x1400, b"\xde\xad"),
    Tlv(Tag.MESSAGE_STATE, b"\x02"),
    Tlv(Tag.RECEIPTED_MESSAGE_ID, b"5C0D\0"),
    Tlv(Tag.CALLBACK_NUM, b"\x01\x01\x011"),
    Tlv(Tag.CALLBACK_NUM, b"\x01\x01\x012"),
)


class ReaderTests(SynchronousTestCase):
    def test_absent(self) -> None:
        """What is not there is None, or empty octets."""
        self.assertIsNone(tlv.find(TLVS, Tag.MESSAGE_PAYLOAD))
        self.assertIsNone(tlv.integer(TLVS, Tag.SOURCE_PORT))
        self.assertIsNone(tlv.text(TLVS, Tag.ADDITIONAL_STATUS_INFO_TEXT))
        self.assertEqual(tlv.octets(TLVS, Tag.MESSAGE_PAYLOAD), b"")
        self.assertEqual(tlv.find_all(TLVS, Tag.MESSAGE_PAYLOAD), [])

    def test_present(self) -> None:
        """The first of its tag is read, or all of them."""
        self.assertEqual(tlv.find(TLVS, 0x1400), b"\xde\xad")
        self.assertEqual(tlv.integer(TLVS, Tag.MESSAGE_STATE), 2)
        self.assertEqual(tlv.text(TLVS, Tag.RECEIPTED_MESSAGE_ID), "5C0D")
        self.assertEqual(tlv.octets(TLVS, Tag.CALLBACK_NUM), b"\x01\x01\x011")
        self.assertEqual(len(tlv.find_all(TLVS, Tag.CALLBACK_NUM)), 2)

    def test_widths_that_peers_write(self) -> None:
        """An integer is read in any width from one octet to four."""
        for value in (b"\x07", b"\0\x07", b"\0\0\0\x07"):
            found = tlv.integer((Tlv(Tag.SAR_MSG_REF_NUM, value),), Tag.SAR_MSG_REF_NUM)
            self.assertEqual(found, 7)

    def test_no_integer(self) -> None:
        """None, or more than four octets, are no integer (ESME_RINVOPTPARAMVAL)."""
        for value in (b"", b"\0" * 5):
            error = self.assertRaises(TlvError, tlv.integer, (Tlv(1, value),), 1)
            self.assertEqual(error.command_status, CommandStatus.ESME_RINVOPTPARAMVAL)

    def test_text_without_its_nul(self) -> None:
        """A text without NUL, and one with several, are understood."""
        for value in (b"5C0D", b"5C0D\0", b"5C0D\0\0\0"):
            self.assertEqual(tlv.text((Tlv(0x1E, value),), 0x1E), "5C0D")


class MakerTests(SynchronousTestCase):
    @given(st.sampled_from(list(INTEGER_SIZES.items())), st.data())
    @settings(deadline=None, max_examples=50)
    def test_integers(self, sized: tuple[int, int], data: st.DataObject) -> None:
        """An integer has the octets that its tag asks for (5.3.2), and is read back."""
        tag, size = sized
        number = data.draw(st.integers(0, 256**size - 1))
        made = tlv.of_integer(tag, number)
        self.assertEqual(len(made.value), size)
        self.assertEqual(tlv.integer((made,), tag), number)
        self.assertRaises(TlvError, tlv.of_integer, tag, 256**size)
        self.assertRaises(TlvError, tlv.of_integer, tag, -1)

    def test_integer_of_a_vendor(self) -> None:
        """For a tag that is not known the size has to be given."""
        self.assertEqual(tlv.of_integer(0x1400, 1, 3), Tlv(0x1400, b"\0\0\1"))
        self.assertRaises(TlvError, tlv.of_integer, 0x1400, 1)

    def test_text_at_its_limit_and_one_past(self) -> None:
        """receipted_message_id holds 64 characters and its NUL (5.3.2.12)."""
        tag = Tag.RECEIPTED_MESSAGE_ID
        self.assertEqual(len(tlv.of_text(tag, "x" * 64).value), 65)
        self.assertRaises(TlvError, tlv.of_text, tag, "x" * 65)
        self.assertRaises(TlvError, tlv.of_text, tag, "a\0b")
        self.assertRaises(TlvError, tlv.of_text, tag, "€")
