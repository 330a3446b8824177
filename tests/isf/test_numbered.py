"""IW-Number and the asserted identity of a group session (TS 5.1 steps 7a, 8, 12)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.isf.numbered import with_number, with_number_in_answer
from cpmgw.sip.headers import Headers
from cpmgw.sip.message import Response, respond
from tests.isf.invitations import invitation

NUMBER = "+15145550009"


class InTheRequest(SynchronousTestCase):
    def test_iw_number(self) -> None:
        """The IWF is told the number as a tel URI (conversation TS C.1.12).

        [TS 5.1 step 7a.v.1] [TS 5.1 step 7a.vi.1] [TS 5.1 step 8e] [TS 5.1 step 8f]
        """
        request = with_number(invitation(), NUMBER)
        self.assertEqual([f"tel:{NUMBER}"], request.headers.all("IW-Number"))

    def test_iw_number_that_was_there(self) -> None:
        """Only we say what the number is."""
        request = with_number(invitation(("iw-number", "tel:+1")), NUMBER)
        self.assertEqual([f"tel:{NUMBER}"], request.headers.all("IW-Number"))

    def test_asserted_identity(self) -> None:
        """The number is the asserted identity, in place of the others.

        [TS 5.1 step 7a.vii] [TS 5.1 step 8g]
        """
        identity = "P-Asserted-Identity"
        for more in ((), ((identity, "<sip:g@h>, <tel:+1>"), (identity, "<sip:x@h>"))):
            with self.subTest(more=more):
                request = with_number(invitation(*more), NUMBER)
                self.assertEqual([f"<tel:{NUMBER}>"], request.headers.all(identity))

    def test_the_rest_is_left(self) -> None:
        """Nothing else of the request changes (conversation TS 5.3, C.1.7)."""
        request = with_number(invitation(), NUMBER)
        added = ("IW-Number", "P-Asserted-Identity")
        rest = [pair for pair in request.headers if pair[0] not in added]
        self.assertEqual(list(invitation().headers), rest)
        self.assertEqual(invitation().uri, request.uri)


class InTheAnswer(SynchronousTestCase):
    def numbers_of(self, status: int, *headers: tuple[str, str]) -> list[str]:
        """The IW-Number of an answer that is handed on."""
        answer = respond(invitation(), status, headers=headers)
        return with_number_in_answer(answer, NUMBER).headers.all("IW-Number")

    def test_added(self) -> None:
        """A 200 without the number gets it [TS 5.1 step 12]."""
        self.assertEqual([f"tel:{NUMBER}"], self.numbers_of(200))

    def test_preserved(self) -> None:
        """A number that the IWF has put in stays as it is [TS 5.1 step 12]."""
        for value in ("tel:+15145550777", "<tel:+15145550777>"):
            with self.subTest(value=value):
                self.assertEqual([value], self.numbers_of(200, ("IW-Number", value)))

    def test_no_number(self) -> None:
        """What is no number is replaced."""
        for value in ("", "sip:x@h", "tel:" + "1" * 61):
            with self.subTest(value=value):
                found = self.numbers_of(200, ("IW-Number", value))
                self.assertEqual([f"tel:{NUMBER}"], found)

    def test_only_success(self) -> None:
        """Other answers have no number (conversation TS C.1.12)."""
        for status in (180, 183, 302, 408, 480, 603):
            with self.subTest(status=status):
                self.assertEqual([], self.numbers_of(status))

    def test_the_rest_is_left(self) -> None:
        """Status, reason and body go on as they are."""
        answer = Response(200, "Fine", Headers((("Contact", "<sip:iwf>"),)), b"v=0")
        handed = with_number_in_answer(answer, NUMBER)
        self.assertEqual(
            (200, "Fine", b"v=0"), (handed.status, handed.reason, handed.body)
        )
        self.assertEqual("<sip:iwf>", handed.headers.get("Contact"))
