"""Tests of cpmgw.cpm.correlator: each step of Appendix F by its letter."""

from __future__ import annotations

import base64

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.correlator import (
    EXTENSION,
    MAX_CHARACTERS,
    correlated_septets,
    message_correlator,
)
from txsmpp.text.gsm0338 import GSM_DEFAULT, septet_alphabet
from txsmpp.text.language import Language


def encoded(text: str) -> str:
    """The encoded-word of a text, made otherwise than the code under test does."""
    return (
        "=?utf-8?b?"
        + base64.encodebytes(text.encode()).decode().replace("\n", "")
        + "?="
    )


class AppendixFTests(SynchronousTestCase):
    """TS Appendix F C, steps a to k."""

    def test_step_a_no_text(self) -> None:
        """F a: no text payload gives an empty value."""
        self.assertEqual(message_correlator(""), "")

    def test_step_b_utf8(self) -> None:
        """F b: GSM 7 bit and UCS2 give the value of their UTF-8 form."""
        expected = "=?utf-8?b?R3LDvMOfZQ==?="
        for text in (
            GSM_DEFAULT.decode(b"Gr~\x1ee"),
            b"\0G\0r\0\xfc\0\xdf\0e".decode("utf-16-be"),
        ):
            self.assertEqual(message_correlator(text), expected)

    def test_step_c_ucs2_null(self) -> None:
        """F c: UCS2 Null is removed."""
        self.assertEqual(message_correlator("a\0b\0"), "ab")

    def test_step_d_line_ends(self) -> None:
        """F d: CR, LF and CR LF are removed."""
        self.assertEqual(message_correlator("a\rb\nc\r\nd"), "abcd")

    def test_step_e_national_tables_sent_as_ucs2(self) -> None:
        """F e: text of a national table is fingerprinted as its UCS2 text is."""
        self.assertEqual(message_correlator("ş"), encoded("ş"))

    def test_step_f_supported_national_table(self) -> None:
        """F f: characters of a supported national table count as themselves."""
        turkish = septet_alphabet(single=Language.TURKISH)
        text = turkish.decode(turkish.encode("Ğİ ok"))
        self.assertEqual(message_correlator(text), encoded("Ğİ ok"))

    def test_step_g_unsupported_national_table(self) -> None:
        """F g: septets of an unknown table count as the default tables read them."""
        septets = septet_alphabet(single=Language.TURKISH).encode("ok {ş}")
        text = GSM_DEFAULT.decode(correlated_septets(septets))
        self.assertEqual(message_correlator(text), "ok {}")

    def test_step_h_unassigned_extension(self) -> None:
        """F h: a shift and the unassigned code behind it are both removed."""
        for septets, text in (
            (b"a\x1bQb", "ab"),
            (b"a\x1b\x3cb\x1b\x3e", "a[b]"),
            (b"\x1b\x1bQ", "Q"),
            (b"end\x1b", "end"),
            (b"none", "none"),
        ):
            decoded = GSM_DEFAULT.decode(correlated_septets(septets))
            self.assertEqual(message_correlator(decoded), text)

    def test_step_h_all_assigned_stay(self) -> None:
        """F h: what the extension table assigns is not touched."""
        septets = GSM_DEFAULT.encode("^{}\\[~]|€\f")
        self.assertEqual(correlated_septets(septets), septets)
        self.assertEqual(len(EXTENSION), 10)

    def test_step_i_first_160_characters(self) -> None:
        """F i: of a concatenated message the first 160 characters count."""
        self.assertEqual(message_correlator("x" * 160), "x" * 160)
        self.assertEqual(message_correlator("x" * 161), "x" * MAX_CHARACTERS)

    def test_step_i_after_the_other_steps(self) -> None:
        """F i: the 160 are counted when the rules above have been applied."""
        self.assertEqual(message_correlator("\r\n" * 50 + "x" * 170), "x" * 160)

    def test_step_i_counts_characters(self) -> None:
        """F i: a character outside the basic plane is one of the 160."""
        self.assertEqual(message_correlator("😀" * 161), encoded("😀" * 160))

    def test_step_j_ascii(self) -> None:
        """F j: text of 0x20 to 0x7e is the value itself (the first example)."""
        text = "To your health, my friend"
        self.assertEqual(message_correlator(text), text)
        self.assertEqual(message_correlator(" ~"), " ~")

    def test_step_j_not_beyond(self) -> None:
        """F j: 0x1f and 0x7f are outside of the range and are encoded."""
        self.assertEqual(message_correlator("\x7f"), encoded("\x7f"))
        self.assertEqual(message_correlator("\x1f"), encoded("\x1f"))

    def test_step_k_encoded_word(self) -> None:
        """F k: other text is one RFC 2047 encoded-word (the second example)."""
        self.assertEqual(
            message_correlator("На здоровье, мой друг"),
            "=?utf-8?b?0J3QsCDQt9C00L7RgNC+0LLRjNC1LCDQvNC+0Lkg0LTRgNGD0LM=?=",
        )

    def test_step_k_one_word_however_long(self) -> None:
        """F k: clients compare the encoded-text, so there is a single one."""
        value = message_correlator("д" * 160)
        self.assertEqual(value.count("=?utf-8?b?"), 1)
        self.assertEqual(value, encoded("д" * 160))

    @settings(deadline=None, max_examples=100)
    @given(st.text())
    def test_is_a_header_value(self, text: str) -> None:
        """Whatever the text, the value is printable ASCII on one line."""
        value = message_correlator(text)
        self.assertTrue(value.isascii())
        self.assertTrue(value.isprintable())
