"""Where sessions are found (TS 6.2.2.2.2), and what is known of late answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.iwf.sessions.machine import State
from cpmgw.iwf.sessions.register import LateAnswers, Register
from tests.iwf.sessions.invites import membership_of

PLACE = ("+15145550001", "+15145550002")


def session(key: str, state: State, *, asking: bool = False) -> Any:
    """A session of Alice and Bob, as far as the register looks at it."""
    membership = membership_of(key=key)
    return SimpleNamespace(
        key=key,
        state=state,
        place=PLACE,
        invitation=membership.invitation,
        is_asking=asking,
    )


class Sessions(SynchronousTestCase):
    def setUp(self) -> None:
        self.register = Register()

    def test_live(self) -> None:
        """One that stands goes before a younger one without ACK, and before none."""
        for name, states, expected in (
            ("none", [], None),
            ("asked", [State.INVITED], None),
            ("leaving", [State.LEAVING], None),
            ("accepted", [State.ACCEPTED], 0),
            ("replacing", [State.STANDING, State.ACCEPTED], 0),
            ("replaced", [State.LEAVING, State.STANDING], 1),
            ("both", [State.STANDING, State.STANDING], 1),
        ):
            register = Register()
            sessions = [session(str(n), state) for n, state in enumerate(states)]
            for each in sessions:
                register.add(each)
            found = register.live(PLACE)
            self.assertIs(found, None if expected is None else sessions[expected], name)

    def test_asking(self) -> None:
        """The one of which the user was asked something."""
        self.register.add(session("1", State.STANDING))
        self.assertIsNone(self.register.asking(PLACE))
        asked = session("2", State.INVITED, asking=True)
        self.register.add(asked)
        self.assertIs(self.register.asking(PLACE), asked)

    def test_removed(self) -> None:
        """What is over is found nowhere; twice is once."""
        known = session("1", State.STANDING)
        self.register.add(known)
        self.assertIs(self.register.by_key("1"), known)
        self.assertEqual(self.register.between(*PLACE), [known])
        for _ in range(2):
            self.register.remove(known)
        self.assertIsNone(self.register.by_key("1"))
        self.assertEqual(self.register.at(PLACE), [])
        self.assertEqual(self.register.between(*PLACE), [])
        self.assertEqual(len(self.register), 0)

    def test_empty(self) -> None:
        """A stop waits until there is none."""
        known = session("1", State.STANDING)
        self.register.add(known)
        empty = self.register.empty()
        self.assertNoResult(empty)
        self.register.remove(known)
        self.successResultOf(empty)
        self.successResultOf(self.register.empty())


class Late(SynchronousTestCase):
    def test_time(self) -> None:
        """Known until its time, and not at it."""
        late = LateAnswers()
        late.add(PLACE, membership_of(), 10.0)
        self.assertIsNotNone(late.known(PLACE, 9.9))
        self.assertIsNone(late.known(PLACE, 10.0))

    def test_newest(self) -> None:
        """The newest invitation under a number is the one that is late."""
        late = LateAnswers()
        late.add(PLACE, membership_of(key="1"), 10.0)
        late.add(PLACE, membership_of(key="2"), 20.0)
        found = late.known(PLACE, 15.0)
        assert found is not None
        self.assertEqual((found.key, len(late)), ("2", 1))

    def test_limit(self) -> None:
        """As many as there may be, and one more: the oldest is forgotten."""
        late = LateAnswers(2)
        for name in "ab":
            late.add((name, "x"), membership_of(), 10.0)
        self.assertIsNotNone(late.known(("a", "x"), 0.0))
        late.add(("c", "x"), membership_of(), 10.0)
        self.assertIsNone(late.known(("a", "x"), 0.0))
        self.assertEqual(len(late), 2)

    def test_forgotten(self) -> None:
        """What was told is not told again."""
        late = LateAnswers()
        late.add(PLACE, membership_of(), 10.0)
        late.forget(PLACE)
        late.forget(PLACE)
        self.assertIsNone(late.known(PLACE, 0.0))
