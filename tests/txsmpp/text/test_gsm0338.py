"""GSM 7 bit text in both directions (3GPP TS 23.038 6.2.1)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsmpp.text.gsm0338 import GSM_DEFAULT, septet_alphabet
from txsmpp.text.language import Language
from txsmpp.text.national import DEFAULT, EXTENSION, LOCKING_SHIFT, SINGLE_SHIFT

PAIRS = [
    (locking, single)
    for locking in (None, *LOCKING_SHIFT)
    for single in (None, *SINGLE_SHIFT)
]


class SeptetAlphabetTests(SynchronousTestCase):
    def test_known_text(self) -> None:
        """@ is 0, the escaped characters are two septets (6.2.1, 6.2.1.1)."""
        octets = b"\x00 \x1b\x65 \x1b\x3c\x7b\x1b\x3e \x11"
        self.assertEqual(GSM_DEFAULT.encode("@ € [ä] _"), octets)
        self.assertEqual(GSM_DEFAULT.decode(octets), "@ € [ä] _")

    def test_every_character_of_every_pair_of_tables(self) -> None:
        """What a pair of tables has is written and read back (A.2, A.3)."""
        for locking, single in PAIRS:
            tables = (
                LOCKING_SHIFT[locking] if locking else DEFAULT,
                SINGLE_SHIFT[single] if single else EXTENSION,
            )
            text = "".join(sorted({c for table in tables for c in table.values()}))
            alphabet = septet_alphabet(locking, single)
            septets = alphabet.encode(text)
            self.assertEqual(alphabet.decode(septets), text)
            self.assertEqual(alphabet.ends(text)[-1], len(septets))

    def test_a_character_of_both_tables_takes_one_septet(self) -> None:
        """The locking shift table is used where it has the character."""
        turkish = septet_alphabet(Language.TURKISH, Language.TURKISH)
        self.assertEqual(turkish.encode("ğ€ş"), b"\x0c\x04\x1d")
        self.assertEqual(
            septet_alphabet(None, Language.TURKISH).encode("ğ"), b"\x1b\x67"
        )

    def test_what_the_alphabet_lacks_is_refused(self) -> None:
        """No character is replaced when text is written."""
        for character in "`ç\t\x00\x1b\x7f\x80\xff\uffff\ufffe\ufffd中😀":
            with self.assertRaises(UnicodeEncodeError):
                GSM_DEFAULT.encode("a" + character)

    def test_octets_that_are_no_septets(self) -> None:
        """Octets from 0x80 become U+FFFD, alone and after an escape."""
        self.assertEqual(GSM_DEFAULT.decode(b"a\x80\xffb"), "a\ufffd\ufffdb")
        self.assertEqual(GSM_DEFAULT.decode(b"a\x1b\x80b"), "a\ufffdb")

    def test_empty_place_of_the_extension_table(self) -> None:
        """The character of the main table is shown instead (6.2.1.1, note)."""
        self.assertEqual(GSM_DEFAULT.decode(b"\x1ba\x1b\x00"), "a@")

    def test_empty_place_of_both_tables(self) -> None:
        """A septet that means nothing in either table becomes U+FFFD."""
        tamil = septet_alphabet(Language.TAMIL, None)
        self.assertEqual(tamil.decode(b"\x00\x1b\x00"), "\ufffd\ufffd")

    def test_escape_after_escape(self) -> None:
        """Two escapes are shown as one space (6.2.1.1, note 1)."""
        self.assertEqual(GSM_DEFAULT.decode(b"a\x1b\x1bb"), "a b")
        self.assertEqual(GSM_DEFAULT.decode(b"\x1b\x1b\x1b\x65"), " €")
        self.assertEqual(GSM_DEFAULT.decode(b"\x1b\x1b"), " ")

    def test_escape_at_the_end(self) -> None:
        """An escape with nothing after it is a broken sequence."""
        self.assertEqual(GSM_DEFAULT.decode(b"a\x1b"), "a\ufffd")
        self.assertEqual(GSM_DEFAULT.decode(b"\x1b\x1b\x1b"), " \ufffd")

    @settings(deadline=None, max_examples=100)
    @given(st.binary(max_size=200))
    def test_any_octets_are_read(self, octets: bytes) -> None:
        """Decoding never fails, and makes no more characters than octets."""
        self.assertLessEqual(len(GSM_DEFAULT.decode(octets)), len(octets))
