"""xtext (RFC 3461 4)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.smtp import xtext
from cpmgw.smtp.errors import SmtpSyntaxError


class XtextTests(SynchronousTestCase):
    """Both ways."""

    def test_example(self) -> None:
        """An address of MM4 keeps what is visible, but for "+" and "="."""
        address = "rfc822;+15550100/TYPE=PLMN@mms.test"
        written = "rfc822;+2B15550100/TYPE+3DPLMN@mms.test"
        self.assertEqual(xtext.encode(address), written)
        self.assertEqual(xtext.decode(written), address)

    def test_line_ends_cannot_be_written(self) -> None:
        """What is no visible US-ASCII becomes hexchar: a command stays one line."""
        self.assertEqual(xtext.encode("a b\r\nDATA"), "a+20b+0D+0ADATA")
        self.assertEqual(xtext.encode("é"), "+C3+A9")

    def test_lower_case(self) -> None:
        """Digits in lower case are understood."""
        self.assertEqual(xtext.decode("a+3db"), "a=b")

    def test_what_is_none(self) -> None:
        """Anything else is refused."""
        for text in ("a=b", "a b", "+", "+3", "+3G", "a\r\n", "é", "+FF", "a+C3b"):
            with self.assertRaises(SmtpSyntaxError):
                xtext.decode(text)

    @given(st.text())
    def test_round_trip(self, text: str) -> None:
        """Any text comes back, and is visible US-ASCII between."""
        written = xtext.encode(text)
        self.assertEqual(xtext.decode(written), text)
        self.assertTrue(all("!" <= each <= "~" for each in written))
