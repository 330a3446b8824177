"""What the tests of the four transaction machines share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.transaction.machine import (
    Effect,
    NoTransition,
    On,
    State,
    Step,
    Table,
    advance,
)


class MachineTestCase(SynchronousTestCase):
    """A table, its events, and the arrows that its figure has."""

    table: Table
    events: Iterable[On]
    arrows: Mapping[State, Mapping[On, State]]

    def step(self, state: State, on: On) -> Step:
        return advance(self.table, state, on)

    def assertStep(self, state: State, on: On, then: State, *effects: Effect) -> None:
        self.assertEqual((effects, then), self.step(state, on))

    def check_every_pair(self) -> None:
        """Each (state, event) leads where the figure says, or is refused."""
        for state in State:
            for on in self.events:
                expected = self.arrows.get(state, {}).get(on)
                if expected is None:
                    self.assertRaises(NoTransition, self.step, state, on)
                else:
                    self.assertIs(expected, self.step(state, on)[1], (state, on))
        known = {on for _, on in self.table}
        self.assertEqual(known, set(self.events))
