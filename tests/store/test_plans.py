"""What is asked of the tables of mail is found by an index."""

from __future__ import annotations

from types import ModuleType

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.store import inbox, multimedia, outbox
from tests.store.values import cursor

AT_THE_START = frozenset({"_STORED", "_FILES"})
"""What is asked but once, of all there is."""


def statements(module: ModuleType) -> dict[str, str]:
    """The SQL of a module, by its names."""
    found = {name: text for name, text in vars(module).items() if name.isupper()}
    return {name: text for name, text in found.items() if isinstance(text, str)}


class Plans(SynchronousTestCase):
    def plan(self, statement: str) -> list[str]:
        """How a statement would be carried out."""
        nothing = [None] * statement.count("?")
        rows = cursor().execute(f"EXPLAIN QUERY PLAN {statement}", nothing)
        return [detail for *_, detail in rows]

    def test_indices(self) -> None:
        """No statement goes through a table, or sorts what it has found."""
        seen = 0
        for module in (inbox, multimedia, outbox):
            for name, statement in statements(module).items():
                if name in AT_THE_START:
                    continue
                seen += 1
                for step in self.plan(statement):
                    slow = step.startswith("SCAN") or "TEMP B-TREE" in step
                    self.assertFalse(slow, f"{module.__name__}.{name}: {step}")
        self.assertGreater(seen, 25)

    def test_hot_path(self) -> None:
        """What is due is found in the index, row by row in the order of keys."""
        for statement, index in (
            (inbox._DUE, "inbox_open (service=? AND key>?)"),
            (inbox._REPEATED, "inbox_repeat (service=? AND repeat=?)"),
            (outbox._DUE, "outbox_due (service=? AND key>?)"),
            (outbox._QUOTED, "outbox_quoted (service=? AND quoted=?)"),
            (multimedia._SENT, "PRIMARY KEY (message_id=?)"),
            (multimedia._RECEIVED, "PRIMARY KEY (imdn_id=?)"),
        ):
            self.assertIn(index, self.plan(statement)[0])

    def test_would_tell(self) -> None:
        """A statement without an index is seen to be slow."""
        (step,) = self.plan("SELECT key FROM outbox WHERE attempts = ?")
        self.assertTrue(step.startswith("SCAN"), step)
