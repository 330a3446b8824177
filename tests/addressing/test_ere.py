"""Tests of cpmgw.addressing.ere, ere_syntax and ere_program (POSIX.1 9.4)."""

from __future__ import annotations

import re
from time import perf_counter

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.ere import BadExpression, Expression
from cpmgw.addressing.ere_program import MOST_INSTRUCTIONS
from cpmgw.addressing.ere_syntax import (
    MOST_CHARACTERS,
    MOST_DEPTH,
    MOST_GROUPS,
    MOST_REPEATS,
)

NUMBER = "+441164960348"

# Expressions on the alphabet "ab+": what Python's re means by them is what POSIX does,
# but for the length of the match, which the reference below sees to.
_ATOMS = st.sampled_from(
    ["a", "b", r"\+", ".", "[ab]", "[^a]", "[a-b+]", "[[:alpha:]]"]
)
_BOUNDS = st.sampled_from(["", "*", "+", "?", "{0}", "{2}", "{1,}", "{0,2}"])
_INNERMOST = st.tuples(_ATOMS, _BOUNDS).map("".join)


def _pieces(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    groups = inner.map(lambda text: f"({text})")
    # Not repeated: of groups that may be empty re keeps another time than POSIX.
    sequence = st.lists(st.one_of(_INNERMOST, groups), min_size=1, max_size=3).map(
        "".join
    )
    return st.lists(sequence, min_size=1, max_size=3).map("|".join)


EXPRESSIONS = st.tuples(
    st.sampled_from(["", "^"]),
    st.recursive(_INNERMOST, _pieces, max_leaves=6),
    st.sampled_from(["", "$"]),
).map(lambda parts: f"{parts[0]}({parts[1]}){parts[2]}")


def reference(pattern: str, text: str) -> tuple[str | None, ...] | None:
    """Leftmost, then longest, by trying every place with Python's backtracking re."""
    pattern = pattern.replace("[[:alpha:]]", "[a-zA-Z]")
    for start in range(len(text) + 1):
        for end in range(len(text), start - 1, -1):
            whole = re.compile(rf"(?s)(?:{pattern})(?=.{{{len(text) - end}}}\Z)")
            if match := whole.match(text, start):
                return (match[0], *match.groups())
    return None


class Meaning(SynchronousTestCase):
    """What expressions match."""

    def check(self, pattern: str, text: str, *expected: str | None) -> None:
        """The parts of a match; none expected means no match."""
        self.assertEqual(expected or None, Expression(pattern).search(text), pattern)

    def test_enum(self) -> None:
        """What stands in NAPTR records (RFC 6116, RFC 3402)."""
        self.check("^.*$", NUMBER, NUMBER)
        self.check(r"^\+44(.*)$", NUMBER, NUMBER, "1164960348")
        self.check(r"^\+44([0-9]{3})([0-9]+)$", NUMBER, NUMBER, "116", "4960348")
        self.check(r"^\+1", NUMBER)
        self.check("4{1,2}1", NUMBER, "441")

    def test_unescaped_plus_sign(self) -> None:
        """A plus sign right after the beginning is itself, as zones have it."""
        self.check("^+44(.*)$", NUMBER, NUMBER, "1164960348")
        self.check("(^+44)", NUMBER, "+44", "+44")
        self.check("^+44", "4444")

    def test_leftmost(self) -> None:
        """The match that begins first counts (POSIX.1 9.1)."""
        self.check("b|a+", "xaab", "aa")

    def test_longest(self) -> None:
        """Of those the longest, whatever stands first (POSIX.1 9.1)."""
        self.check("a|ab|abc", "abcd", "abc")
        self.check("(a|ab)(c|bcd)", "abcd", "abcd", "a", "bcd")
        self.check("(a?)(ab)?", "ab", "ab", "", "ab")

    def test_groups(self) -> None:
        """A repeated group is its last time; one that took no part is None."""
        self.check("(a|b)*", "abab", "abab", "b")
        self.check("(a)|(b)", "b", "b", None, "b")
        self.check("((a)(b))", "ab", "ab", "ab", "a", "b")
        self.check("(a){0}b", "ab", "b", None)

    def test_anchors(self) -> None:
        """At the beginning and the end of the text only."""
        self.check("^a", "ba")
        self.check("a$", "ab")
        self.check("^$", "", "")
        self.check("a|^b|c$", "xc", "c")
        self.check("x^a", "xa")

    def test_brackets(self) -> None:
        """Lists, ranges, their complements, and what is itself there (9.3.5)."""
        for pattern, text, found in (
            ("[]a]", "]", "]"),
            ("[^]a]", "]ab", "b"),
            ("[a-]", "-", "-"),
            ("[-a]", "-", "-"),
            (r"[\+]", "\\", "\\"),
            ("[*.+]", "+", "+"),
            ("[0-9]", "x7", "7"),
            ("[[:digit:]]", "x7", "7"),
            ("[^[:digit:]]", "7x", "x"),
            ("[[:upper:]x]", "abxQ", "x"),
            ("[a^]", "^", "^"),
            ("[[]", "[", "["),
        ):
            self.check(pattern, text, found)

    def test_intervals(self) -> None:
        """So many times, so many at least, or from so many to so many."""
        self.check("a{2}", "aaa", "aa")
        self.check("a{2,}", "aaa", "aaa")
        self.check("a{0,2}b", "aaab", "aab")
        self.check("a{0}b", "ab", "b")

    def test_escapes(self) -> None:
        """A special character behind a backslash is itself."""
        for character in "^.[$()|*+?{\\/!-":
            self.check("\\" + character, f"x{character}", character)

    def test_ignoring_case(self) -> None:
        """In both cases, ranges and complements too."""
        for pattern, text, found in (
            ("aB", "Ab", ("Ab",)),
            ("[a-c]", "B", ("B",)),
            ("[^a]", "A", None),
            ("[[:lower:]]", "A", ("A",)),
        ):
            expression = Expression(pattern, ignore_case=True)
            self.assertEqual(found, expression.search(text), pattern)
        self.assertIs(None, Expression("a").search("A"))

    @settings(deadline=None, max_examples=400)
    @given(EXPRESSIONS, st.text("ab+", max_size=6))
    def test_like_the_reference(self, pattern: str, text: str) -> None:
        """The same whole and the same groups as trying every place."""
        try:
            expression = Expression(pattern)
        except BadExpression:
            return  # too many groups
        self.assertEqual(reference(pattern, text), expression.search(text))


class Refused(SynchronousTestCase):
    """What has no meaning, and what is too much."""

    def refused(self, pattern: str) -> None:
        """The expression is refused."""
        self.assertRaises(BadExpression, Expression, pattern)

    def test_malformed(self) -> None:
        """Parentheses, brackets, intervals and escapes that are not whole."""
        for pattern in (
            "(",
            "(a",
            "a)",
            ")",
            "[",
            "[a",
            "[]",
            "[^]",
            "\\",
            "[[:digit:",
        ):
            self.refused(pattern)
        for pattern in ("a{", "a{1", "a{,2}", "a{x}", "a{2,1}", "a{1,x}", "a{-1}"):
            self.refused(pattern)

    def test_undefined(self) -> None:
        """What POSIX leaves undefined (9.4.3, 9.4.6)."""
        for pattern in ("", "|a", "a|", "a||b", "()", "*a", "+a", "?a", "{1}", "(*a)"):
            self.refused(pattern)
        for pattern in ("^*", "$?", "^{2}", "a**", "a+?", "a{2}{2}", "(a|*b)"):
            self.refused(pattern)

    def test_escapes(self) -> None:
        """No back-references within the expression, nor \\d and the like."""
        for pattern in (r"(a)\1", r"\d", r"\b", r"\n"):
            self.refused(pattern)

    def test_collation(self) -> None:
        """No collating symbols, equivalence classes, unknown classes or such ranges."""
        for pattern in ("[[.a.]]", "[[=a=]]", "[[:number:]]", "[b-a]", "[a-[.z.]]"):
            self.refused(pattern)

    def test_other_characters(self) -> None:
        """Nothing but ASCII."""
        for pattern in ("é", "[é]", "\udcff", "a{١}"):
            self.refused(pattern)

    def test_length(self) -> None:
        """255 characters, as a DNS string holds."""
        Expression("a" * MOST_CHARACTERS)
        self.refused("a" * (MOST_CHARACTERS + 1))

    def test_groups(self) -> None:
        """Nine groups: there are no more back-references."""
        Expression("(a)" * MOST_GROUPS)
        self.refused("(a)" * (MOST_GROUPS + 1))

    def test_depth(self) -> None:
        """So many parentheses within each other."""
        Expression("(" * MOST_DEPTH + "a" + ")" * MOST_DEPTH)
        self.refused("(" * (MOST_DEPTH + 1) + "a" + ")" * (MOST_DEPTH + 1))

    def test_repeats(self) -> None:
        """255 times, at the least and at the most."""
        Expression(f"a{{{MOST_REPEATS - 150}}}")
        for interval in ("{256}", "{256,}", "{0,256}", "{9999}"):
            self.refused("a" + interval)

    def test_size(self) -> None:
        """Intervals count as what they stand for."""
        most = MOST_INSTRUCTIONS // 2 - 1  # each time is counted, then written
        Expression(f"a{{{most}}}")
        self.refused(f"a{{{most + 1}}}")
        self.refused("((a{99}){99}){99}")

    def test_nothing_many_times(self) -> None:
        """What comes to no instruction is no way around that."""
        self.refused("(((a{0}){99}){99}){99}")


class Hostile(SynchronousTestCase):
    """No expression takes long."""

    def test_backtracking(self) -> None:
        """What would take a backtracking matcher years."""
        text = "+" + "1" * 15
        for pattern in (
            "(((1*)*)*)*x",
            "(1+)+x",
            "((1|1)*)*x",
            ".*" * 60 + "x",
            "(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)x",
            "((1{0,9}){0,9}){0,1}x",
        ):
            began = perf_counter()
            self.assertIs(None, Expression(pattern).search(text))
            self.assertLess(perf_counter() - began, 1.0, pattern)

    @settings(deadline=None, max_examples=300)
    @given(
        st.text("ab+.*?{}[]()|^$\\-:12, ", max_size=40), st.text("ab+1", max_size=16)
    )
    def test_any(self, pattern: str, text: str) -> None:
        """Whatever stands there is refused or searched for."""
        try:
            expression = Expression(pattern)
        except BadExpression:
            return
        parts = expression.search(text)
        if parts is not None:
            self.assertEqual(expression.groups + 1, len(parts))
            self.assertIn(parts[0] or "", text)
