"""The policies of single messages: priorities, statuses, what cannot be meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import loads
from cpmgw.policy import PROFILES, Policy, contradictions
from tests.policy.profile import profile
from tests.test_config import least
from txsmpp.constants import MessageState

Table = dict[str, object]


class Priorities(SynchronousTestCase):
    def test_table_1(self) -> None:
        """Priority normal is level 1 in the case of GSM (Table 1). [SCR Int-S-005-O]"""
        self.assertEqual(1, Policy().priority_flag("normal"))

    def test_levels(self) -> None:
        """Each Priority has its level, however it is written (RFC 3261 20.26)."""
        policy = Policy()
        for name, level in (
            ("non-urgent", 0),
            ("Urgent", 2),
            ("EMERGENCY", 3),
        ):
            self.assertEqual(level, policy.priority_flag(name))

    def test_absent_or_unknown_is_normal(self) -> None:
        """No Priority, or one that nobody knows, is normal (RFC 3261 20.26)."""
        self.assertEqual(1, Policy().priority_flag(""))
        self.assertEqual(1, Policy().priority_flag("rather"))

    def test_table_9(self) -> None:
        """priority_flag 0, 1, 2 is non-urgent, normal, urgent (Table 9).

        [SCR Int-S-008-O]
        """
        names = [Policy().priority_of(flag) for flag in (0, 1, 2, 3, 4)]
        self.assertEqual(["non-urgent", "normal", "urgent", "urgent", ""], names)


class Statuses(SynchronousTestCase):
    def test_table_3_delivery(self) -> None:
        """DELIVERED is delivered, REJECTED forbidden, UNKNOWN error (Table 3).

        [SCR Int-S-006-O]
        """
        policy = Policy()
        for state, status in (
            (MessageState.DELIVERED, "delivered"),
            (MessageState.REJECTED, "forbidden"),
            (MessageState.UNKNOWN, "error"),
            (MessageState.UNDELIVERABLE, "failed"),
            (MessageState.EXPIRED, "failed"),
            (MessageState.DELETED, "failed"),
        ):
            self.assertEqual(status, policy.delivery_status(state), state)

    def test_table_3_interworking(self) -> None:
        """DELIVERED is legacy-sms, REJECTED and UNKNOWN error (Table 3, 6.2.4).

        [SCR Int-S-006-O]
        """
        policy = Policy()
        self.assertEqual(
            "legacy-sms", policy.interworking_status(MessageState.DELIVERED)
        )
        for state in (MessageState.REJECTED, MessageState.UNKNOWN):
            self.assertEqual("error", policy.interworking_status(state))

    def test_on_the_way_is_no_news(self) -> None:
        """A state that is not final gives no notification."""
        for state in (
            MessageState.SCHEDULED,
            MessageState.ENROUTE,
            MessageState.ACCEPTED,
        ):
            self.assertEqual("", Policy().delivery_status(state))
            self.assertEqual("", Policy().interworking_status(state))

    def test_reserved_states_are_unknown(self) -> None:
        """A message_state that SMPP does not define counts as UNKNOWN."""
        self.assertEqual("error", Policy().delivery_status(77))


class Contradictions(SynchronousTestCase):
    def test_each(self) -> None:
        """Keys that cannot be meant together are named."""
        for key, policy in (
            ("validity_default", Policy(validity_default=7200, validity_max=3600)),
            (
                "anonymous_number",
                Policy(anonymous_originator="reveal", anonymous_number="+15145550100"),
            ),
            ("priority", Policy(priority={"normal": 1})),
            ("delivery_statuses", Policy(delivery_statuses={"DELIVERED": "delivered"})),
            (
                "delivery_statuses.DELIVERED",
                msgspec.structs.replace(
                    Policy(),
                    delivery_statuses={**Policy().delivery_statuses, "DELIVERED": ""},
                ),
            ),
            ("interworking_statuses", Policy(interworking_statuses={})),
        ):
            self.assertEqual([key], list(contradictions(policy)))

    def test_defaults_agree(self) -> None:
        """The defaults contradict nothing."""
        self.assertEqual({}, contradictions(Policy()))


class Value(SynchronousTestCase):
    """A policy is a value: what began under one is held to it until it ends."""

    def test_tables_stay_as_they_are(self) -> None:
        """No table of a policy can be changed, however the policy was made."""
        written = loads(least(**{"policy.priority": "urgent = 3"}), {}).policy
        again = msgspec.structs.replace(Policy(), priority=dict(Policy().priority))
        for policy in (Policy(), written, again, *map(profile, PROFILES)):
            found = list(_tables(policy))
            self.assertEqual(5, len(found))
            for table in found:
                before = dict(table)
                for change in CHANGES:
                    self.assertRaises(TypeError, change, table)
                self.assertEqual(before, table)

    def test_hash(self) -> None:
        """Policies that are equal have one hash, others have another."""
        self.assertEqual(hash(Policy()), hash(profile("oma")))
        written = loads(least(**{"policy.priority": "urgent = 3"}), {}).policy
        self.assertEqual(3, len({Policy(), profile("oma"), profile("rcs"), written}))

    def test_written(self) -> None:
        """A policy is written with its tables, as /policy shows it."""
        shown = msgspec.json.decode(msgspec.json.encode(Policy()))
        self.assertEqual(dict(Policy().priority), shown["priority"])
        self.assertEqual(["MMS", "email"], shown["selection"]["services"]["file"])


def _merge(table: Table) -> None:
    table |= {"x": 1}


# Every way to change a dict.
CHANGES: tuple[Callable[[Table], object], ...] = (
    lambda table: table.__setitem__("x", 1),
    lambda table: table.__delitem__(next(iter(table))),
    lambda table: table.pop(next(iter(table))),
    lambda table: table.popitem(),
    lambda table: table.setdefault("x", 1),
    lambda table: table.update(x=1),
    lambda table: table.clear(),
    _merge,
)


def _tables(struct: msgspec.Struct) -> Iterator[Table]:
    """The tables of a policy that are no structs."""
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if isinstance(value, msgspec.Struct):
            yield from _tables(value)
        elif isinstance(value, dict):
            yield value
