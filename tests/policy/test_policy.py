"""The policies of single messages: priorities, statuses, what cannot be meant."""

from __future__ import annotations

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.policy import Policy, contradictions
from txsmpp.constants import MessageState


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
