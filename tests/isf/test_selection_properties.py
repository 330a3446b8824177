"""What holds of every selection (TS 5.1 steps 1 to 9, 11)."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.isf.findings import Selection, Verdict
from cpmgw.isf.request import CpmRequest
from cpmgw.isf.selection import Known, select
from cpmgw.iwf.capabilities import Capabilities, Characteristics, Kind
from cpmgw.policy import SelectionPolicy, TargetRule

SERVICES = ("SMS", "MMS", "email", "Skype")
TYPES = ("text/plain", "text/html", "image/png", "video/mp4", "message/cpim", "*")


def some(*values: str) -> st.SearchStrategy[tuple[str, ...]]:
    """Some of these, each once, in any order."""
    return st.lists(st.sampled_from(values), unique=True).map(tuple)


iwfs = st.lists(
    st.builds(
        Capabilities,
        name=st.sampled_from([f"{each}-{n}" for each in SERVICES for n in (1, 2)]),
        service=st.sampled_from(SERVICES),
        kinds=st.frozensets(st.sampled_from(Kind)),
        addresses=st.sampled_from(["number", "mailbox"]),
        text_only=st.booleans(),
        media=some("*", "text/*", "image/png", "video/*"),
        assigns_originator=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda each: each.name,
).map(tuple)

requests = st.builds(
    CpmRequest,
    kind=st.sampled_from(Kind),
    originator=st.sampled_from(["+15145550001", ""]),
    target=st.sampled_from(["+15145550002", "+34911234567", ""]),
    target_scheme=st.sampled_from(["tel", "sip", "mailto"]),
    mailbox=st.sampled_from(["bob@example.net", ""]),
    nccsid=st.sampled_from(["", "sms", "MMS", "Skype", "other"]),
    terminating=st.booleans(),
    characteristics=st.builds(
        Characteristics,
        content_types=some(*TYPES),
        size=st.none() | st.integers(0, 2_000),
        no_text=st.sampled_from(["", "no text in it"]),
        streams=st.integers(1, 3),
    ),
)

policies: st.SearchStrategy[SelectionPolicy] = st.builds(
    SelectionPolicy,
    services=st.fixed_dictionaries({kind.value: some(*SERVICES) for kind in Kind}),
    targets=st.lists(
        st.builds(
            TargetRule,
            prefix=st.sampled_from(["+", "+1", "+1514"]),
            services=some(*SERVICES),
        ),
        max_size=2,
    ).map(tuple),
    originating=some(*(kind.value for kind in Kind)),
    text_size_limit=st.sampled_from([0, 100]),
    large_text=st.sampled_from([0, 50]),
    mixed_content=st.sampled_from(["last", "refuse"]),
    most_streams=st.integers(1, 2),
    identifier=st.sampled_from(["ignore", "prefer", "require"]),
    preferences=st.sampled_from(["ignore", "prefer", "require"]),
    preferences_unavailable=st.sampled_from(["ignore", "refuse"]),
)

knowns = st.builds(
    Known,
    preference=st.none() | some(*SERVICES),
    preference_fault=st.sampled_from(["", "timeout"]),
    numbered=st.frozensets(st.sampled_from([each.lower() for each in SERVICES])),
)

anything = given(requests, iwfs, policies, knowns)
often = settings(max_examples=300, deadline=None)


def names(some_iwfs: tuple[Capabilities, ...]) -> set[str]:
    """Their names."""
    return {each.name for each in some_iwfs}


class Properties(SynchronousTestCase):
    @often
    @anything
    def test_nothing_is_lost(
        self,
        request: CpmRequest,
        offered: tuple[Capabilities, ...],
        policy: SelectionPolicy,
        known: Known,
    ) -> None:
        """Every IWF is a candidate or excluded with a refusal, and never both."""
        selection = select(request, offered, policy, known)
        candidates = set(selection.candidates)
        self.assertEqual(len(candidates), len(selection.candidates))
        self.assertEqual(candidates & set(selection.excluded), set())
        self.assertEqual(candidates | set(selection.excluded), names(offered))
        for finding in selection.excluded.values():
            assert finding.refusal is not None
            self.assertIn(finding.refusal.status, (404, 413, 415, 416, 480, 488))
            self.assertTrue(finding.refusal.warning)

    @often
    @anything
    def test_choice_is_never_excluded(
        self,
        request: CpmRequest,
        offered: tuple[Capabilities, ...],
        policy: SelectionPolicy,
        known: Known,
    ) -> None:
        """The choice never names an excluded IWF or service. [TS 5.1 step 9]"""
        selection = select(request, offered, policy, known)
        self.assertNotIn(selection.chosen, selection.excluded)
        if not selection.chosen:
            return
        (chosen,) = [each for each in offered if each.name == selection.chosen]
        allowed = {each.lower() for each in policy.services_for(request.kind.value)}
        self.assertIn(chosen.service.lower(), allowed)

    @often
    @given(requests, iwfs, policies, knowns, st.sampled_from(SERVICES))
    def test_exclusion_never_adds(
        self,
        request: CpmRequest,
        offered: tuple[Capabilities, ...],
        policy: SelectionPolicy,
        known: Known,
        banned: str,
    ) -> None:
        """Excluding one more service never adds a candidate. [TS 5.1 step 1]"""
        fewer: dict[str, Any] = {
            kind: tuple([each for each in allowed if each != banned])
            for kind, allowed in policy.services.items()
        }
        stricter = msgspec.structs.replace(policy, services=fewer)
        before = select(request, offered, policy, known)
        after = select(request, offered, stricter, known)
        self.assertLessEqual(set(after.candidates), set(before.candidates))
        self.assertNotIn(
            banned, [e.service for e in offered if e.name in after.candidates]
        )

    @often
    @anything
    def test_attempting_never_adds(
        self,
        request: CpmRequest,
        offered: tuple[Capabilities, ...],
        policy: SelectionPolicy,
        known: Known,
    ) -> None:
        """Each IWF is tried once, so re-selection ends. [TS 5.1 step 11c]"""
        tried: list[str] = []
        selection = select(request, offered, policy, known)
        while selection.chosen:
            self.assertNotIn(selection.chosen, tried)
            tried.append(selection.chosen)
            again = msgspec.structs.replace(known, attempted=frozenset(tried))
            following = select(request, offered, policy, again)
            self.assertEqual(
                set(following.candidates), set(selection.candidates) - set(tried)
            )
            selection = following

    @often
    @anything
    def test_pure(
        self,
        request: CpmRequest,
        offered: tuple[Capabilities, ...],
        policy: SelectionPolicy,
        known: Known,
    ) -> None:
        """The same request, policy and state give the same selection as a value."""
        one = select(request, offered, policy, known)
        self.assertEqual(one, select(request, offered, policy, known))
        self.assertIsInstance(one, Selection)

    @often
    @anything
    def test_every_choice_is_explained(
        self,
        request: CpmRequest,
        offered: tuple[Capabilities, ...],
        policy: SelectionPolicy,
        known: Known,
    ) -> None:
        """A choice is the last finding, and there is one at most."""
        findings = select(request, offered, policy, known).findings
        chosen = [each for each in findings if each.verdict is Verdict.CHOSEN]
        self.assertLessEqual(len(chosen), 1)
        if chosen:
            self.assertEqual(findings[-1], chosen[0])
