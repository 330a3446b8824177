"""Which keys are in force: what the gateway's sources read, and what is said of it."""

from __future__ import annotations

import ast

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.policy import NOT_IN_FORCE, without_effect
from tests.policy.keys import in_force, keys, keys_read

MOST: set[str] = {key.path for key in keys()}


class Sources(SynchronousTestCase):
    def test_the_list_is_true(self) -> None:
        """The keys that are said to have no effect are those that nothing reads.

        Where this fails: cpmgw/policy/in_force.py names a key that is read by now, or
        lacks one that is not.
        """
        self.assertEqual(sorted(MOST - in_force()), sorted(NOT_IN_FORCE))

    def test_keys_that_are_read(self) -> None:
        """Some that are known to be read are found, whichever way."""
        self.assertLessEqual(
            {
                "retry_after",  # config.policy.retry_after
                "submit_with",  # self._policy.submit_with
                "correlation_headers",  # source.policy.correlation_headers
                "delivery_statuses",  # by the method delivery_status
                "selection.services",  # by the method services_for
                "selection.identifier",  # selecting.policy.identifier
            },
            in_force(),
        )


class Reads(SynchronousTestCase):
    def read(self, source: str, policy: str = "") -> set[str]:
        """The keys that a module reads, with a module of policies."""
        return keys_read([ast.parse(source)], [ast.parse(policy)])

    def test_attribute_of_a_policy(self) -> None:
        """What is called a policy is one, wherever it stands."""
        for source in (
            "policy.retry_after",
            "self._policy.retry_after",
            "self._policy().retry_after",
            "source.config.policy.retry_after",
            "f(1, x=message_policy.retry_after)",
        ):
            self.assertEqual({"retry_after"}, self.read(source), source)

    def test_attribute_of_a_table(self) -> None:
        """A table of [policy] may be named on the way, or be the policy itself."""
        for source in ("config.policy.mms.relay", "self._policy().mms.relay"):
            self.assertEqual({"mms.relay"}, self.read(source), source)

    def test_other_attributes(self) -> None:
        """What belongs to anything else, or is written, is no read of a key."""
        for source in (
            "message.retry_after",
            "retry_after",
            "policy.colour",
            "policy.mms.retry_after",
            "policy.retry_after = 5",
            "policies.retry_after",
            "self.mms.relay",
        ):
            self.assertEqual(set(), self.read(source), source)

    def test_key_of_several_tables(self) -> None:
        """A key that several tables have belongs to the struct that a module names."""
        use = "policy.early_timeout"
        self.assertEqual(set(), self.read(use))
        self.assertEqual(
            {"large.early_timeout"}, self.read(f"policy: LargePolicy\n{use}")
        )
        self.assertEqual(
            {"file_transfer.early_timeout"},
            self.read("policy.file_transfer.early_timeout"),
        )

    def test_method(self) -> None:
        """A method of a policy reads its keys for who calls it."""
        policy = "class MmsPolicy:\n def where(self):\n  return self.relay, self.colour"
        self.assertEqual({"mms.relay"}, self.read("policy.mms.where()", policy))
        self.assertEqual(set(), self.read("policy.mms.whither()", policy))


class Remarks(SynchronousTestCase):
    def test_keys_without_effect(self) -> None:
        """Each key that has no effect is remarked upon, in the order of the file."""
        configuration = {
            "policy": {
                "retry_after": 5,
                "max_forwards": 7,
                "mms": {"relay": "own", "colour": "red"},
                "sms": {"levels": {"chat": 2}},
            }
        }
        self.assertEqual(
            [
                f"policy.{path}: has no effect in this release"
                for path in ("max_forwards", "mms.relay", "sms.levels")
                if path in NOT_IN_FORCE
            ],
            without_effect(configuration),
        )

    def test_every_key(self) -> None:
        """All keys at once: as many remarks as there are keys without effect."""
        policy: dict[str, object] = {}
        for key in keys():
            if key.table:
                table = policy.setdefault(key.table, {})
                assert isinstance(table, dict)
                table[key.name] = 0
            else:
                policy[key.name] = 0
        self.assertEqual(len(NOT_IN_FORCE), len(without_effect({"policy": policy})))

    def test_nothing_to_remark(self) -> None:
        """Without [policy], or with something else in its place, nothing is said."""
        nothing: tuple[dict[str, object], ...] = (
            {},
            {"policy": {}},
            {"policy": {"mms": {}, "sms": {"levels": {}}}},
            {"policy": 5},
            {"policy": [{"max_forwards": 1}]},
        )
        for configuration in nothing:
            self.assertEqual([], without_effect(configuration))
