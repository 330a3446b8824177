"""Tests of cpmgw.cpm.warning."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.warning import WARNINGS, warning


class WarningTests(SynchronousTestCase):
    """Conversation TS 6.4."""

    def test_example(self) -> None:
        """6.4.1: warn-code 399, the agent, and `code text` in quotes."""
        self.assertEqual(
            warning("pf.example.com", 127),
            '399 pf.example.com "127 Service not authorised"',
        )

    def test_table_1(self) -> None:
        """6.4.2 Table 1 has these ten codes."""
        self.assertEqual(
            sorted(WARNINGS), [102, 105, 119, 122, 123, 125, 127, 129, 132, 133]
        )

    def test_own_text(self) -> None:
        """6.4.1: the explanatory text can be another, in any language."""
        self.assertEqual(warning("a", 133, "zu groß"), '399 a "133 zu groß"')

    def test_unknown_code(self) -> None:
        """A code outside the table needs its text."""
        self.assertRaises(KeyError, warning, "a", 1)
        self.assertEqual(warning("a", 1, "x"), '399 a "1 x"')

    def test_no_injection(self) -> None:
        """Quotes are escaped and line ends cannot get into a header (RFC 3261 25.1)."""
        self.assertEqual(
            warning("a", 122, 'x"\r\nVia: \\'), '399 a "122 x\\"  Via: \\\\"'
        )
