"""Mapping tables: rows, rules and the walk over them (TS 6.2 to 6.4)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.iwf.mapping import (
    CONDITIONAL,
    MANDATORY,
    OPTIONAL,
    Correspondence,
    Row,
    Table,
    constant,
    nothing,
    null,
    response_class,
    zero,
)


def pair(source: str) -> tuple[str, str]:
    """Its halves."""
    return source[:2], source[2:]


def absent_if_short(source: str) -> str | None:
    """Itself, if there is much of it."""
    return source if len(source) > 4 else None


class Tables(SynchronousTestCase):
    table = Table[str](
        99,
        "6.9",
        rows=(
            Row("first, second", MANDATORY, pair),
            Row("fixed", MANDATORY, constant(7)),
            Row("null", MANDATORY, null),
            Row("zero", OPTIONAL, zero),
            Row("elsewhere", MANDATORY, nothing),
            Row("optional", CONDITIONAL, absent_if_short),
        ),
    )

    def test_rows_are_evaluated(self) -> None:
        """Each row sets its parameter, or several where one row of the TS does."""
        self.assertEqual(
            self.table.apply("abcdef"),
            {
                "first": "ab",
                "second": "cdef",
                "fixed": 7,
                "null": "",
                "zero": 0,
                "optional": "abcdef",
            },
        )

    def test_none_leaves_a_parameter_out(self) -> None:
        """A rule that gives None leaves its parameter out."""
        self.assertNotIn("optional", self.table.apply("abc"))
        self.assertNotIn("elsewhere", self.table.apply("abc"))

    def test_names(self) -> None:
        """`names` is every parameter in the order of the rows."""
        self.assertEqual(
            self.table.names,
            ("first", "second", "fixed", "null", "zero", "elsewhere", "optional"),
        )

    def test_number_and_section(self) -> None:
        """A table knows its number and section."""
        self.assertEqual((self.table.number, self.table.section), (99, "6.9"))

    def test_row_of_several_must_give_as_many(self) -> None:
        """A rule that gives fewer values than its row has names is a fault."""
        table = Table[str](1, "6", rows=(Row("a, b", MANDATORY, constant(("x",))),))
        self.assertRaises(ValueError, table.apply, "")


class Correspondences(SynchronousTestCase):
    table = Correspondence(
        98,
        "6.9",
        rows={404: 11},
        family=response_class,
        families={4: 101, 5: 100},
        default=8,
    )

    def test_exact_row(self) -> None:
        """A row for the very value counts first."""
        self.assertEqual(self.table.of(404), 11)

    def test_family(self) -> None:
        """Without one, its family's value."""
        self.assertEqual((self.table.of(499), self.table.of(503)), (101, 100))

    def test_default(self) -> None:
        """Without that, the default."""
        self.assertEqual(self.table.of(999), 8)

    def test_without_families(self) -> None:
        """A table may have none."""
        plain = Correspondence(1, "6", rows={1: 2}, default=3)
        self.assertEqual((plain.of(1), plain.of(2)), (2, 3))

    def test_response_class(self) -> None:
        """The class of a SIP status is its hundreds (RFC 3261 7.2)."""
        self.assertEqual([response_class(code) for code in (100, 202, 699)], [1, 2, 6])
