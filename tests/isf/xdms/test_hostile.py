"""User Access Policy documents that are none, or too large, or mean harm."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.isf.xdms.document import ACTIONS, MOST_RULES, read_preferences
from cpmgw.isf.xdms.rules import PreferenceError, preferred
from tests.isf.xdms.policies import (
    ALICE,
    HIDDEN,
    NOON,
    NUMBER,
    action,
    document,
    one,
    rule,
    validity,
)

ELEMENTS = (
    "rule",
    "conditions",
    "actions",
    "identity",
    "many",
    "except",
    "validity",
    "from",
    "until",
    "service-list",
    *ACTIONS,
)


class Hostile(SynchronousTestCase):
    """What is no such document."""

    def assertReason(self, reason: str, data: bytes, max_size: int = 65_536) -> None:
        """It is refused for this reason."""
        error = self.assertRaises(PreferenceError, read_preferences, data, max_size)
        self.assertEqual(error.reason, reason)

    def test_malformed(self) -> None:
        """What is not well-formed, or more than plain XML, is malformed."""
        for data in (
            b"",
            b"\0",
            b"<ruleset>",
            b"not found",
            b"\x1f\x8b\x08\x00",
            b'<!DOCTYPE ruleset SYSTEM "http://a/b"><ruleset/>',
            b'<!DOCTYPE r [<!ENTITY a "SMS">]><ruleset>&a;</ruleset>',
            b"<ruleset>" + b"<a>" * 16 + b"</a>" * 16 + b"</ruleset>",
            b"<ruleset>" + b"<a/>" * 2000 + b"</ruleset>",
        ):
            self.assertReason("malformed", data)

    def test_wrong_root(self) -> None:
        """Another document is not this one."""
        for data in (b"<simservs/>", b"<html><ruleset/></html>"):
            self.assertReason("wrong-root", data)

    def test_size(self) -> None:
        """A document of the largest size is read, one octet more is not."""
        data = document(rule("", action("SMS")))
        read_preferences(data, len(data))
        self.assertReason("too-large", data, len(data) - 1)

    def test_number_of_rules(self) -> None:
        """The most rules are read, one more is not."""
        read = read_preferences(document(*["<cr:rule/>"] * MOST_RULES))
        self.assertEqual(len(read.rules), MOST_RULES)
        self.assertReason("too-large", document(*["<cr:rule/>"] * (MOST_RULES + 1)))

    def test_every_truncation(self) -> None:
        """A document that was cut is malformed, wherever it was."""
        data = document(rule(one(ALICE), action("SMS")))
        for length in range(len(data)):
            self.assertReason("malformed", data[:length])

    @given(st.binary(max_size=200))
    @settings(max_examples=300, deadline=None)
    def test_any_octets(self, data: bytes) -> None:
        """No octets make it raise anything but its own error."""
        for each in (data, b"<ruleset>" + data + b"</ruleset>"):
            try:
                read = read_preferences(each)
                preferred(read, ALICE, NOON)
            except PreferenceError:
                continue

    @given(
        st.recursive(
            st.sampled_from(
                [action("SMS"), one(ALICE), validity("", "1"), "<cr:rule/>", "&#65;"]
            ),
            lambda inside: st.builds(
                "<cr:{0} id='{2}' domain='{2}'>{1}</cr:{0}>".format,
                st.sampled_from(ELEMENTS),
                st.lists(inside, max_size=4).map("".join),
                st.sampled_from([ALICE, "", "x y", "sip:", "tel:+1", "2026-01-01"]),
            ),
        ),
        st.sampled_from([ALICE, NUMBER, HIDDEN, "", "x"]),
    )
    @settings(max_examples=300, deadline=None)
    def test_any_elements(self, inside: str, originator: str) -> None:
        """Nor does any way to put its elements together."""
        try:
            preferred(read_preferences(document(inside)), originator, NOON)
        except PreferenceError as error:
            self.assertIn(error.reason, ("expired", "malformed", "too-large"))
