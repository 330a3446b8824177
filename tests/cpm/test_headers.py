"""Tests of cpmgw.cpm.headers."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.headers import (
    LANGUAGE_INDICATORS,
    MAX_DELTA_SECONDS,
    MAX_IDENTIFIER,
    Identification,
    Priority,
    expires_of,
    hides_identity,
    identification_of,
    iw_number_of,
    language_indicator,
    language_of,
    message_expires_of,
    priority_of,
    privacy_of,
)
from cpmgw.sip.headers import Headers


def one(name: str, *values: str) -> Headers:
    """Headers with lines of one name."""
    return Headers([(name, value) for value in values])


class IdentificationTests(SynchronousTestCase):
    """Conversation TS 5.3, C.1.1 to C.1.3."""

    def test_all(self) -> None:
        """The three are read in any case and given back as they came."""
        headers = Headers(
            [
                ("conversation-id", "F81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
                ("Contribution-ID", "dfb4e64f-2c98-46a1-8e14-98eb5736a268"),
                ("INREPLYTO-Contribution-ID", "abc"),
            ]
        )
        read = identification_of(headers)
        self.assertEqual(
            read,
            Identification(
                "F81d4fae-7dec-11d0-a765-00a0c91e6bf6",
                "dfb4e64f-2c98-46a1-8e14-98eb5736a268",
                "abc",
            ),
        )
        self.assertEqual(
            read.pairs(),
            (
                ("Conversation-ID", read.conversation_id),
                ("Contribution-ID", read.contribution_id),
                ("InReplyTo-Contribution-ID", "abc"),
            ),
        )

    def test_missing(self) -> None:
        """What was not there is not given back."""
        self.assertEqual(identification_of(Headers()).pairs(), ())

    def test_limit(self) -> None:
        """An identifier of 256 characters is kept, a longer one is left out."""
        kept = identification_of(one("Conversation-ID", "x" * MAX_IDENTIFIER))
        self.assertEqual(len(kept.conversation_id), 256)
        lost = identification_of(one("Conversation-ID", "x" * (MAX_IDENTIFIER + 1)))
        self.assertEqual(lost.conversation_id, "")


class ExpiresTests(SynchronousTestCase):
    """Expires and Message-Expires (RFC 3261 20.19, C.1.5)."""

    def test_seconds(self) -> None:
        """delta-seconds."""
        self.assertEqual(expires_of(one("Expires", "259200")), 259200)
        self.assertEqual(message_expires_of(one("Message-Expires", " 0 ")), 0)

    def test_largest(self) -> None:
        """2**32 - 1 is the largest value; larger ones count as that."""
        for text in ("4294967295", "4294967296", "9" * 20):
            self.assertEqual(expires_of(one("Expires", text)), MAX_DELTA_SECONDS)

    def test_malformed(self) -> None:
        """A date, a sign, nothing or too many digits count as absent."""
        for text in (
            "Thu, 01 Jan 2026 12:00:00 GMT",
            "-1",
            "",
            "1.5",
            "٣",
            "9" * 21,
        ):
            self.assertIsNone(expires_of(one("Expires", text)), text)
        self.assertIsNone(expires_of(Headers()))


class PriorityTests(SynchronousTestCase):
    """Priority (RFC 3261 20.26)."""

    def test_values(self) -> None:
        """The four values, in any case; any other is none."""
        for priority in Priority:
            self.assertIs(priority_of(one("Priority", priority.value)), priority)
        self.assertIs(priority_of(one("Priority", " URGENT")), Priority.URGENT)
        self.assertIsNone(priority_of(one("Priority", "low")))
        self.assertIsNone(priority_of(Headers()))


class PrivacyTests(SynchronousTestCase):
    """Privacy (RFC 3323 4.2, RFC 3325 9.3)."""

    def test_tokens(self) -> None:
        """Values are set apart by semicolons; commas and several lines are taken."""
        self.assertEqual(privacy_of(one("Privacy", "Id; critical")), {"id", "critical"})
        self.assertEqual(
            privacy_of(one("Privacy", "user,id", "header")), {"user", "id", "header"}
        )
        self.assertEqual(privacy_of(Headers()), frozenset())

    def test_hides_identity(self) -> None:
        """id, user and header ask for anonymity; none and session do not."""
        for value in ("id", "user", "header", "session;id"):
            self.assertTrue(hides_identity(one("Privacy", value)))
        for value in ("none", "session", "critical", "history"):
            self.assertFalse(hides_identity(one("Privacy", value)))


class LanguageTests(SynchronousTestCase):
    """Content-Language and language_indicator (SMPP 3.4 5.3.2.19)."""

    def test_table(self) -> None:
        """English 1, French 2, Spanish 3, German 4, Portuguese 5."""
        for number, tag in enumerate(("en", "fr", "es", "de", "pt"), start=1):
            self.assertEqual(language_indicator(one("Content-Language", tag)), number)
            self.assertEqual(language_of(number), tag)
        self.assertEqual(len(LANGUAGE_INDICATORS), 5)

    def test_subtags(self) -> None:
        """The primary subtag decides, in any case and by its long name too."""
        for text in ("de-AT", "DE", "deu", "ger-Latn"):
            self.assertEqual(language_indicator(one("Content-Language", text)), 4)

    def test_first_that_smpp_knows(self) -> None:
        """Of several languages the first that SMPP knows."""
        self.assertEqual(language_indicator(one("Content-Language", "it, fr, en")), 2)

    def test_unspecified(self) -> None:
        """A language SMPP does not know is 0; without the header there is none."""
        self.assertEqual(language_indicator(one("Content-Language", "it")), 0)
        self.assertIsNone(language_indicator(Headers()))
        for indicator in (0, 6, 255):
            self.assertIsNone(language_of(indicator))


class IwNumberTests(SynchronousTestCase):
    """IW-Number (C.1.12, digest U11)."""

    def test_forms(self) -> None:
        """A bare tel URI, or one in brackets."""
        for text in ("tel:+15145550001", " <tel:+15145550001>;x"):
            self.assertEqual(iw_number_of(one("IW-Number", text)), "tel:+15145550001")

    def test_none(self) -> None:
        """Anything else is none."""
        for text in ("", "sip:a@x", "tel:" + "1" * 61):
            self.assertIsNone(iw_number_of(one("IW-Number", text)))
