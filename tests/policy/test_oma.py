"""What the TS allows: each choice can be made, and oma makes the most natural one."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import loads
from cpmgw.policy import Policy, SessionPolicy, contradictions
from tests.policy.keys import keys
from tests.policy.profile import profile
from tests.test_config import faults_of, least


def written(path: str, value: str) -> str:
    """A configuration that sets one key of [policy]."""
    table, _, name = path.rpartition(".")
    section = f"policy.{table}" if table else "policy"
    return least(**{section: f"{name} = {value}"})


def choices() -> Iterator[tuple[str, str | int]]:
    """Each value that a key with a choice of values may have."""
    for key in keys():
        struct: type[msgspec.Struct] = (
            type(getattr(Policy(), key.table)) if key.table else Policy
        )
        kind: Any = typing.get_type_hints(struct)[key.name]
        if typing.get_origin(kind) is Literal:
            for value in typing.get_args(kind):
                yield key.path, value


class Choices(SynchronousTestCase):
    def test_each_can_be_made(self) -> None:
        """Each value of each key with a choice is read, or contradicts another key."""
        alone = {
            ("session.leave_instructions", "first"),
            ("session.second_invitation", "separate"),
            ("session.failure_report", "partial"),
            ("session.failure_report", "no"),
        }
        count = 0
        for path, value in choices():
            count += 1
            text = written(path, f'"{value}"' if isinstance(value, str) else str(value))
            if (path, value) in alone and faults_of(text):
                continue
            found: object = loads(text, {}).policy
            for name in path.split("."):
                found = getattr(found, name)
            self.assertEqual(value, found, path)
        self.assertGreater(count, 60)

    def test_no_other_can(self) -> None:
        """Another value is a fault that names those that there are."""
        for path in {path for path, _ in choices()}:
            (fault,) = faults_of(written(path, '"perhaps"'))
            self.assertTrue(fault.startswith(f"policy.{path}: must be one of "), fault)


class Bounds(SynchronousTestCase):
    def check(self, path: str, least_: int, most: int) -> None:
        """Fail unless these are the bounds of a key."""
        for value in (least_, most):
            self.assertEqual((), faults_of(written(path, str(value))), path)
        for value in (least_ - 1, most + 1):
            (fault,) = faults_of(written(path, str(value)))
            self.assertTrue(fault.startswith(f"policy.{path}: "), fault)

    def test_numbers(self) -> None:
        """Each number is taken at its bounds, and not beyond them."""
        year = 31_536_000
        for path, low, high in (
            ("pager_early_after", 1, 600),
            ("max_forwards", 1, 255),
            ("session.answer_timeout", 10, 3_600),
            ("session.participant_interval", 0, year),
            ("large.early_timeout", 0, year),
            ("large.message_expires", 0, year),
            ("file_transfer.early_timeout", 0, year),
            ("sms.accept_code", 0, 255),
            ("sms.invitation_text", 0, 254),
            ("sms.closing_text", 0, 254),
            ("sms.invitation_validity", 60, 5_443_200),
            ("sms.participants_validity", 60, 5_443_200),
            ("sms.watch", 0, year),
            ("mms.max_size", 1_300, 104_857_600),
            ("mms.time_of_expiry", 60, year),
            ("mms.session_expiry", 60, year),
            ("mms.longest_expiry", 60, year),
            ("mms.forward_counter", 0, 99),
            ("email.deliver_by", 0, year),
            ("email.longest_expiry", 60, year),
            ("sms.levels.invitation", 0, 3),
            ("sms.levels.chat", 0, 3),
            ("sms.levels.closing", 0, 3),
            ("sms.levels.participants", 0, 3),
        ):
            self.check(path, low, high)

    def test_phrases(self) -> None:
        """A phrase in a header has at most 80 characters, on one line, unquoted."""
        for path in ("anonymous_display_name", "sms.bye_reason"):
            for good in ("", "x" * 80, "Zug übers Land"):
                self.assertEqual((), faults_of(written(path, f'"{good}"')), good)
            for bad in ("x" * 81, r"a\r\nVia: b", r"\u0000", r"a\"b", r"a\\b"):
                (fault,) = faults_of(written(path, f'"{bad}"'))
                self.assertIn(f"policy.{path}: must be at most 80 characters", fault)

    def test_domain(self) -> None:
        """The domain of e-mail addresses is one, or empty; it has 253 characters."""
        path = "email.address_domain"
        longest = ".".join(["x" * 63] * 3 + ["y" * 61])
        for good in ("", "example.net", longest):
            self.assertEqual((), faults_of(written(path, f'"{good}"')), good)
        for bad in (f"{longest}y", "a..b", ".a", "a b", "a@b", r"a\nb"):
            (fault,) = faults_of(written(path, f'"{bad}"'))
            self.assertIn(f"policy.{path}: must be a domain name", fault)


class Natural(SynchronousTestCase):
    def test_answers_wait_for_the_other_side(self) -> None:
        """The IWF MAY answer before the other side has; does not (6.1.1 to 6.1.3)."""
        oma = profile("oma")
        self.assertEqual("never", oma.pager_early_answer)
        self.assertEqual(0, oma.large.early_timeout)
        self.assertEqual(0, oma.file_transfer.early_timeout)
        self.assertEqual("answered", oma.session.acknowledge)

    def test_sessions_are_accepted(self) -> None:
        """A service without sessions has each accepted for its user (6.1.4 step 6)."""
        self.assertEqual("accept", profile("oma").session.accept)
        self.assertEqual("accept", profile("oma").session.accept_group)
        self.assertEqual("accept", profile("oma").file_transfer.accept)

    def test_leaving(self) -> None:
        """Users are told of a closed session, and of how to leave (TS 6.1.6)."""
        session = profile("oma").session
        self.assertEqual("always", session.inform_closed)
        self.assertTrue(session.leave_by_text)
        self.assertEqual("first", session.leave_instructions)

    def test_declined(self) -> None:
        """A user's refusal is 603 (TS Table 5)."""
        self.assertEqual(603, profile("oma").session.declined_status)

    def test_protection(self) -> None:
        """What asks for end-to-end protection is rejected (TS 6.6, 1)."""
        self.assertEqual("refuse", profile("oma").end_to_end_protection)

    def test_reports_go_to_referred_by(self) -> None:
        """Referred-By goes before the Sender Address (TS Tables 17 and 20)."""
        self.assertEqual("referred_by", profile("oma").mms.report_to)


class Contradictions(SynchronousTestCase):
    def check(self, expected: dict[str, str], policy: Policy, **sms: Any) -> None:
        """Fail unless these are the contradictions where keys of SMS are changed."""
        changed = msgspec.structs.replace(policy.sms, **sms)
        changed_policy = msgspec.structs.replace(policy, sms=changed)
        self.assertEqual(expected, contradictions(changed_policy))

    def test_levels(self) -> None:
        """Each message of a session has a level."""
        self.check(
            {"sms.levels": "lacks invitation, closing, participants"},
            Policy(),
            levels={"chat": 1},
        )

    def test_text_that_names_nobody(self) -> None:
        """An invitation of the SM-SC's own does not say who is behind a number."""
        ours = Policy(session=SessionPolicy(sender="number"))
        why = 'needs sender "user" in [policy.session]'
        self.check({"sms.invitation_text": why}, ours, invitation_text=7)
        self.check({}, Policy(), invitation_text=7)
        self.check({}, ours, closing_text=7)

    def test_set_dpf(self) -> None:
        """set_dpf goes with data_sm only, and without alerts it asks for nothing."""
        self.check(
            {"sms.set_dpf": 'needs submit_with "data_sm"'}, Policy(), set_dpf=True
        )
        data = Policy(submit_with="data_sm")
        self.check({}, data, set_dpf=True)
        self.check(
            {"sms.set_dpf": "is of no use without ready_for_sms"},
            data,
            set_dpf=True,
            ready_for_sms=False,
        )
