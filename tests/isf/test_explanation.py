"""What a selection found, told to a person (TS 5.1)."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.errors import CannotInterwork
from cpmgw.isf.explanation import (
    QUESTIONS,
    Progress,
    line_of,
    plain,
    refusal_lines,
    request_lines,
    steps_of,
)
from cpmgw.isf.findings import Finding, Refusal, Selection, Verdict
from cpmgw.isf.request import CpmRequest
from cpmgw.isf.selection import Known, select
from cpmgw.iwf.capabilities import Capabilities, Characteristics, Kind
from cpmgw.policy import SelectionPolicy
from tests.isf.requests import ALL, IMAGE, PLAIN, SMS, policy, request, services
from tests.isf.test_selection_properties import anything, often

OMA = SelectionPolicy()
TAKEN, BYPASSED, NOT_REACHED = Progress


class Steps(SynchronousTestCase):
    def progress(self, selection: Selection) -> dict[str, Progress]:
        """How far each step was taken."""
        return {each.step: each.progress for each in steps_of(selection)}

    def test_order(self) -> None:
        """The steps are told in the order of the TS."""
        steps = [each.step for each in steps_of(select(PLAIN, ALL, OMA))]
        self.assertEqual(steps, list("123456789"))

    def test_all_are_taken(self) -> None:
        """A choice by step 9 has taken them all."""
        progress = self.progress(select(PLAIN, ALL, OMA))
        self.assertEqual(set(progress.values()), {TAKEN})

    def test_bypassed(self) -> None:
        """Step 4 bypasses those that follow it."""
        named = request(kind=Kind.NOTIFICATION, nccsid="MMS")
        progress = self.progress(select(named, ALL, OMA))
        self.assertEqual([progress[each] for each in "1234"], [TAKEN] * 4)
        self.assertEqual([progress[each] for each in "56789"], [BYPASSED] * 5)

    def test_not_reached(self) -> None:
        """Where nothing is left, the steps that follow have nothing to look at."""
        for selection, last in (
            (select(PLAIN, ALL, services(pager=())), 1),
            (select(request(originator=""), (SMS,), OMA), 3),
            (select(request(characteristics=IMAGE), (SMS,), OMA), 5),
            (select(request(kind=Kind.GROUP), (SMS,), OMA), 8),
            (select(PLAIN, (), OMA), 0),
        ):
            with self.subTest(last):
                progress = list(self.progress(selection).values())
                expected = [TAKEN] * last + [NOT_REACHED] * (9 - last)
                self.assertEqual(progress, expected)

    def test_tried(self) -> None:
        """Step 11 b stands before the others, where it found something."""
        known = Known(attempted=frozenset({"SMS"}))
        first, *rest = steps_of(select(PLAIN, ALL, OMA, known))
        self.assertEqual(first.step, "11b")
        self.assertEqual(first.lines, ("SMS excluded: SMS has been tried (488)",))
        self.assertEqual(len(rest), 9)
        everything = Known(attempted=frozenset({"SMS", "MMS", "email"}))
        steps = steps_of(select(PLAIN, ALL, OMA, everything))
        self.assertEqual([e.progress for e in steps], [TAKEN] + [NOT_REACHED] * 9)

    def test_lines(self) -> None:
        """A step has a line for each thing it found, and none for nothing."""
        steps = {
            each.step: each.lines
            for each in steps_of(select(request(characteristics=IMAGE), ALL, OMA))
        }
        self.assertEqual(steps["1"], ())
        self.assertEqual(steps["5"], ("SMS excluded: no text in it (415)",))
        self.assertEqual(steps["9"], ("MMS chosen: before email",))
        none = steps_of(select(PLAIN, (), OMA))
        self.assertEqual(none[0].lines, ("not reached",))

    @often
    @anything
    def test_nothing_is_left_out(
        self,
        request: CpmRequest,
        offered: tuple[Capabilities, ...],
        policy: SelectionPolicy,
        known: Known,
    ) -> None:
        """Each finding stands in one step, which was taken."""
        selection = select(request, offered, policy, known)
        steps = steps_of(selection)
        told = [finding for each in steps for finding in each.findings]
        self.assertCountEqual(told, selection.findings)
        for each in steps:
            if each.findings:
                self.assertEqual(each.progress, TAKEN)
                self.assertEqual(len(each.lines), len(each.findings))
        self.assertLessEqual({e.step for e in selection.findings}, QUESTIONS.keys())


class Lines(SynchronousTestCase):
    def test_findings(self) -> None:
        """Of an IWF by its name, or of the request; a refusal with its status."""
        refusal = Refusal(status=415, cause="content", section="s", warning="no")
        for finding, line in (
            (Finding("9", "SMS", Verdict.CHOSEN, "x"), "SMS chosen: x"),
            (Finding("5", "SMS", Verdict.LAST_RESORT, "x"), "SMS last resort: x"),
            (Finding("6", "", Verdict.NOTED, "policy ignores it"), "policy ignores it"),
            (Finding("5", "a", Verdict.EXCLUDED, "x", refusal), "a excluded: x (415)"),
        ):
            self.assertEqual(line_of(finding), line)

    def test_request(self) -> None:
        """A request is told of in two lines."""
        self.assertEqual(
            request_lines(PLAIN, "tel:+15145550001", "tel:+15145550002"),
            (
                "a pager mode message from +15145550001 to +15145550002",
                "in the terminating network; text/plain, 5 octets",
            ),
        )

    def test_request_without_numbers(self) -> None:
        """Who has no number is told by the URI; what there is of content, too."""
        content = Characteristics(content_types=("*", "image/png"), streams=2)
        odd = msgspec.structs.replace(
            PLAIN,
            kind=Kind.SESSION,
            originator="",
            target="",
            nccsid="MMS",
            terminating=False,
            characteristics=content,
        )
        self.assertEqual(
            request_lines(odd, "sip:a@b.c", "mailto:d@e.f"),
            (
                "a session from sip:a@b.c (no number) to mailto:d@e.f (no number)",
                "in the originating network; anything image/png, 2 media streams, "
                "nccsid=MMS",
            ),
        )
        empty = request(characteristics=Characteristics(content_types=()))
        self.assertIn("no content", request_lines(empty, "", "")[1])

    def test_refusal(self) -> None:
        """A refusal is the answer, what asks for it, and what it is counted as."""
        unwilling = policy(preferences_unavailable="refuse")
        known = Known(preference_fault="down")
        refusal = select(PLAIN, ALL, unwilling, known, 7).refusal.error()
        self.assertEqual(
            refusal_lines(refusal, "a.example"),
            (
                "480 Temporarily Unavailable",
                'Warning: 399 a.example "122 no preferences of the target user: down"',
                "Retry-After: 7",
                "asked for by TS 5.1 step 7",
                "counted as preferences-unavailable",
            ),
        )

    def test_refusal_without_a_warning(self) -> None:
        """Where there is no Warning and no cause, there is no line for them."""
        error = CannotInterwork(400, "Bad Request", cause="", section="RFC 3261 21.4")
        self.assertEqual(
            refusal_lines(error, "a.example"),
            ("400 Bad Request", "asked for by RFC 3261 21.4"),
        )

    def test_plain(self) -> None:
        """Printable ASCII stays, all else is escaped."""
        for text, expected in (
            ("a b~", "a b~"),
            ("", ""),
            ("a\x1b\n\x7f", r"a\x1b\n\x7f"),
            ("é\u202e\udcff", r"\xe9\u202e\udcff"),
            ("🚆", r"\U0001f686"),
        ):
            self.assertEqual(plain(text), expected)

    @given(st.text(st.characters(exclude_categories=()), max_size=50))
    def test_any_text_is_plain(self, text: str) -> None:
        """Whatever comes can be written anywhere."""
        self.assertTrue(plain(text).isascii() and plain(text).isprintable())
