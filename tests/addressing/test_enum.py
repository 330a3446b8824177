"""Tests of cpmgw.addressing.enum (RFC 6116, RFC 3402, RFC 3403)."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.enum import (
    MOST_RECORDS,
    MOST_RESULT,
    Pointer,
    enum_domain,
    sip_uris,
    substitution_of,
)
from cpmgw.addressing.ere import BadExpression
from tests.addressing.plans import NUMBERS

NUMBER = "+441164960348"


def pointer(
    regexp: str,
    order: int = 100,
    preference: int = 10,
    *,
    flags: str = "u",
    services: str = "E2U+sip",
    replacement: str = "",
) -> Pointer:
    """A NAPTR record."""
    return Pointer(
        order=order,
        preference=preference,
        flags=flags,
        services=services,
        regexp=regexp,
        replacement=replacement,
    )


class DomainTests(SynchronousTestCase):
    """From a number to a domain name (RFC 6116 3.2)."""

    def test_example(self) -> None:
        """The digits in reverse, with dots, before the suffix."""
        expected = "8.4.3.0.6.9.4.6.1.1.4.4.e164.arpa"
        for suffix in ("e164.arpa", "e164.arpa.", ".e164.arpa"):
            self.assertEqual(expected, enum_domain(NUMBER, suffix))

    def test_no_number(self) -> None:
        """Only E.164 numbers are asked for (RFC 6116 3.1)."""
        for text in ("", "+", "611", "441164960348", "+1514555000a", "+" + "1" * 16):
            self.assertRaises(ValueError, enum_domain, text, "e164.arpa")

    @settings(max_examples=50)
    @given(NUMBERS)
    def test_round_trip(self, number: str) -> None:
        """The number can be had back from the name."""
        labels = enum_domain(number, "e164.arpa").split(".")
        self.assertEqual(["e164", "arpa"], labels[-2:])
        self.assertEqual(number, "+" + "".join(reversed(labels[:-2])))
        self.assertTrue(all(len(each) == 1 for each in labels[:-2]))


class RecordTests(SynchronousTestCase):
    """Which records count, and in which order."""

    def uris(self, *pointers: Pointer) -> list[str]:
        """What records give."""
        return [str(each) for each in sip_uris(NUMBER, pointers)]

    def test_one(self) -> None:
        """A terminal record for SIP gives its URI (RFC 6116 3.6)."""
        found = self.uris(pointer("!^.*$!sip:info@example.com!"))
        self.assertEqual(["sip:info@example.com"], found)

    def test_back_reference(self) -> None:
        """Parts of the number go into the URI."""
        found = self.uris(pointer(r"!^\+44(.*)$!sip:0\1@example.com!"))
        self.assertEqual(["sip:01164960348@example.com"], found)

    def test_sips(self) -> None:
        """A SIPS URI counts too (RFC 3764)."""
        self.assertEqual(["sips:a@h"], self.uris(pointer("!^.*$!sips:a@h!")))

    def test_order_before_preference(self) -> None:
        """Within the lowest order, by preference (RFC 3403 4.1)."""
        found = self.uris(
            pointer("!^.*$!sip:d@h!", 200, 1),
            pointer("!^.*$!sip:b@h!", 100, 20),
            pointer("!^.*$!sip:a@h!", 100, 10),
        )
        self.assertEqual(["sip:a@h", "sip:b@h"], found)

    def test_next_order(self) -> None:
        """A higher order counts where none of a lower order has matched."""
        found = self.uris(
            pointer(r"!^\+1(.*)$!sip:a@h!", 100), pointer("!^.*$!sip:b@h!", 200)
        )
        self.assertEqual(["sip:b@h"], found)

    def test_twice(self) -> None:
        """A URI that stands there twice is given once."""
        found = self.uris(pointer("!^.*$!sip:a@h!"), pointer("/^.*$/sip:a@h/"))
        self.assertEqual(["sip:a@h"], found)

    def test_services(self) -> None:
        """E2U+sip in any case, alone or among others; nothing else."""
        for services, counts in (
            ("E2U+sip", True),
            ("e2u+SIP", True),
            ("E2U+tel+sip", True),
            ("E2U+sip+voice:tel", True),
            ("E2U+pstn:tel", False),
            ("E2U+pstn:sip", False),
            ("E2U+tel", False),
            ("E2U+mailto", False),
            ("E2U", False),
            ("sip+E2U", False),
            ("SIP+D2U", False),
            ("E2U+sips", False),
            ("", False),
        ):
            found = self.uris(pointer("!^.*$!sip:a@h!", services=services))
            self.assertEqual(["sip:a@h"] if counts else [], found, services)

    def test_flags(self) -> None:
        """Terminal records only: "u" in any case."""
        for flags, counts in (("u", 1), ("U", 1), ("", 0), ("s", 0), ("uu", 0)):
            found = self.uris(pointer("!^.*$!sip:a@h!", flags=flags))
            self.assertEqual(["sip:a@h"] if counts else [], found, flags)

    def test_replacement(self) -> None:
        """The replacement has to be the root, there being a regexp (RFC 3403 4.1)."""
        for replacement, counts in (("", 1), (".", 1), ("example.com", 0)):
            found = self.uris(pointer("!^.*$!sip:a@h!", replacement=replacement))
            self.assertEqual(["sip:a@h"] if counts else [], found, replacement)

    def test_bad_results(self) -> None:
        """What is no SIP URI of a user is passed over, and the next one counts."""
        for result in (
            "tel:+441164960348",
            "mailto:a@h",
            "sip:h",
            "sip:a:secret@h",
            "sip:a@h?Subject=x",
            "sip:a@h\r\nX: y",
            "info",
            "",
        ):
            bad = pointer(f"!^.*$!{result}!", 100)
            self.assertEqual([], self.uris(bad), result)
            good = pointer("!^.*$!sip:a@h!", 101)
            self.assertEqual(["sip:a@h"], self.uris(bad, good), result)

    def test_other_numbers(self) -> None:
        """A telephone that is another than the one asked for is nobody's answer."""
        for result, counts in (
            (f"sip:{NUMBER}@h;user=phone", True),
            (f"sip:{NUMBER}@h", True),
            ("sip:1164960348;phone-context=+44@h;user=phone", True),
            ("sip:+15145559911@h;user=phone", False),
            ("sip:+15145559911@h", False),
            ("sip:01164960348@h;user=phone", False),
            ("sip:bob@h;user=phone", False),
        ):
            with self.subTest(result=result):
                found = self.uris(pointer(f"!^.*$!{result}!".replace("+", r"\+")))
                self.assertEqual([result] if counts else [], found)

    def test_emergency_numbers(self) -> None:
        """Nor is one that calls for help, with user=phone or without."""
        for result in ("sip:911@h", "sips:112@h;user=phone", "sip:9-1-1@h"):
            self.assertEqual([], self.uris(pointer(f"!^.*$!{result}!")), result)

    def test_parameters(self) -> None:
        """What leads elsewhere than to the user, or marks it, is left out."""
        found = self.uris(
            pointer("!^.*$!sip:a@h;nccsid=MMS;x=y;maddr=192.0.2.1;TTL=1;m%65thod=BYE!")
        )
        self.assertEqual(["sip:a@h;x=y"], found)

    def test_most_records(self) -> None:
        """So many records are looked at, the best ones."""
        bad = [pointer("!x!sip:b@h!", each) for each in range(MOST_RECORDS)]
        good = pointer("!^.*$!sip:a@h!", MOST_RECORDS)
        self.assertEqual(["sip:a@h"], self.uris(*bad[1:], good))
        self.assertEqual([], self.uris(*bad, good))
        others = [pointer("", services="E2U+tel")] * MOST_RECORDS
        self.assertEqual(["sip:a@h"], self.uris(*others, good))

    def test_longest_result(self) -> None:
        """A URI has 255 characters at most."""
        fill = "a" * (MOST_RESULT - len("sip:@h"))
        for extra, expected in (("", 1), ("a", 0)):
            made = substitution_of(f"!x!sip:{fill}{extra}@h!").apply("x")
            self.assertEqual(expected, made is not None)


class SubstitutionTests(SynchronousTestCase):
    """Substitution expressions (RFC 3402 3.2)."""

    def apply(self, text: str, number: str = NUMBER) -> str | None:
        """What a number becomes."""
        return substitution_of(text).apply(number)

    def test_delimiters(self) -> None:
        """Any character but digits, "i" and the backslash."""
        for delimiter in "!/|#%~'é":
            text = f"{delimiter}^.*${delimiter}x{delimiter}"
            self.assertEqual("x", self.apply(text), delimiter)
        for delimiter in "0123456789iI\\":
            text = f"{delimiter}^.*${delimiter}x{delimiter}"
            self.assertRaises(BadExpression, substitution_of, text)

    def test_escaped_delimiter(self) -> None:
        """A delimiter behind a backslash is itself, in both parts."""
        self.assertEqual("a!b", self.apply(r"!^x\!y$!a\!b!", "x!y"))
        self.assertEqual("a\\b", self.apply(r"!^.*$!a\\b!"))

    def test_result_is_the_replacement(self) -> None:
        """What is outside the match does not go into the result."""
        self.assertEqual("x", self.apply("!116!x!"))
        self.assertIs(None, self.apply("!999!x!"))

    def test_flag(self) -> None:
        """ "i" ignores case; there is no other flag, and it stands there once."""
        self.assertEqual("x", self.apply("!^a$!x!i", "A"))
        self.assertEqual("x", self.apply("!^a$!x!I", "A"))
        self.assertIs(None, self.apply("!^a$!x!", "A"))
        for flags in ("g", "ii", "i ", "!"):
            self.assertRaises(BadExpression, substitution_of, f"!a!x!{flags}")

    def test_back_references(self) -> None:
        """From 1 to 9, each to a group that there is; one without a part is empty."""
        groups = "".join(f"({each})" for each in "123456789")
        text = f"!{groups}!" + "".join(rf"\{each}" for each in "987654321") + "!"
        self.assertEqual("987654321", self.apply(text, "123456789"))
        self.assertEqual("<>b", self.apply(r"!(a)|(b)!<\1>\2!", "b"))
        for bad in (r"!(a)!\2!", r"!a!\1!", r"!(a)!\0!", r"!(a)!\n!"):
            self.assertRaises(BadExpression, substitution_of, bad)

    def test_malformed(self) -> None:
        """Parts that are missing, at every length."""
        whole = r"!^(.*)$!sip:\1@h!"
        for end in range(len(whole)):
            self.assertRaises(BadExpression, substitution_of, whole[:end])
        substitution_of(whole)
        self.assertRaises(BadExpression, substitution_of, "!!x!")
        self.assertRaises(BadExpression, substitution_of, "!a!x\\!")

    @settings(deadline=None, max_examples=200)
    @given(
        NUMBERS,
        st.lists(
            st.sampled_from(
                [r"\+", "([0-9])", "([0-9]{2})", "[0-9]*", "(.*)", "(4|5)", ".", "1?"]
            ),
            min_size=1,
            max_size=5,
        ),
        st.integers(0, 5),
    )
    def test_like_re(self, number: str, parts: list[str], group: int) -> None:
        """On the safe subset, anchored at both ends, the same as Python's re."""
        pattern = "^" + "".join(parts) + "$"
        group = min(group, pattern.count("("))
        reference = re.search(pattern, number)
        replacement = rf"x\{group}" if group else "x"
        expected = (
            None if reference is None else "x" + (reference[group] if group else "")
        )
        self.assertEqual(expected, self.apply(f"!{pattern}!{replacement}!", number))

    @settings(deadline=None, max_examples=300)
    @given(NUMBERS, st.text(max_size=60))
    def test_any(self, number: str, text: str) -> None:
        """Whatever a zone holds gives SIP URIs or nothing."""
        for regexp in (text, f"!{text}!sip:a@h!", f"!^.*$!{text}!"):
            for found in sip_uris(number, [pointer(regexp)]):
                self.assertIn(found.scheme, ("sip", "sips"))
