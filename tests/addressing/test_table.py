"""Tests of cpmgw.addressing.table."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.settings import DirectoryEntry
from cpmgw.addressing.table import StaticTable


def table(**entries: str) -> StaticTable:
    """A table of numbers, without their plus sign, and URIs."""
    return StaticTable(
        DirectoryEntry(number="+" + number[1:], uri=uri)
        for number, uri in entries.items()
    )


class TableTests(SynchronousTestCase):
    """[[directory]]."""

    def found(self, table: StaticTable, number: str) -> str | None:
        """The URI found."""
        uri = table.sip_uri(number)
        return None if uri is None else str(uri)

    def test_exact(self) -> None:
        """An entry without {number} is for its number only."""
        made = table(n15145550001="sip:bob@h")
        self.assertEqual("sip:bob@h", self.found(made, "+15145550001"))
        for number in ("+15145550002", "+151455500012", "+1514555000"):
            self.assertIs(None, self.found(made, number))

    def test_beginning(self) -> None:
        """With {number} it is for all that begin so, the whole number included."""
        made = table(n1514="sip:{number}@h;user=phone")
        for number in ("+15145550001", "+1514555"):
            expected = f"sip:{number}@h;user=phone"
            self.assertEqual(expected, self.found(made, number))
        self.assertIs(None, self.found(made, "+14385550001"))

    def test_longest(self) -> None:
        """The longest beginning counts, and a whole number before all."""
        made = table(
            n1="sip:{number}@a",
            n1514="sip:{number}@b",
            n15145550001="sip:{number}@c",
            n15145550002="sip:bob@d",
        )
        for number, expected in (
            ("+14385550001", "sip:+14385550001@a"),
            ("+15145550003", "sip:+15145550003@b"),
            ("+15145550001", "sip:+15145550001@c"),
            ("+15145550002", "sip:bob@d"),
        ):
            self.assertEqual(expected, self.found(made, number))

    def test_no_number(self) -> None:
        """What is no E.164 number is not looked for."""
        made = table(n1="sip:{number}@a")
        for text in ("", "+1", "611", "15145550001", "+1514555000x"):
            self.assertIs(None, self.found(made, text))

    def test_empty(self) -> None:
        """An empty table has nothing."""
        self.assertIs(None, StaticTable().sip_uri("+15145550001"))
