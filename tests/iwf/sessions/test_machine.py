"""The life of a session as a table (TS 6.1.4, 6.1.6, 6.2.3 B)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.iwf.sessions.machine import REASONS, TRANSITIONS, Do, On, State, advance

# What cannot be: nothing is in the dialog before the INVITE is accepted, and it is
# accepted once.
IMPOSSIBLE = {
    *((State.INVITED, on) for on in On if on not in (On.ACCEPT, On.REFUSE, On.LOST)),
    *(
        (state, on)
        for state in (State.ACCEPTED, State.STANDING, State.LEAVING)
        for on in (On.ACCEPT, On.REFUSE)
    ),
    (State.ACCEPTED, On.FAILED),
    (State.ACCEPTED, On.IDLE),
    (State.ACCEPTED, On.REPLACED),
}


class Table(SynchronousTestCase):
    def test_every_pair(self) -> None:
        """Each pair of state and event has a row, or is known to be impossible."""
        pairs = {(state, on) for state in State for on in On}
        self.assertEqual(pairs - IMPOSSIBLE, set(TRANSITIONS))

    def test_impossible(self) -> None:
        """What cannot be is refused, and named."""
        for state, on in IMPOSSIBLE:
            with self.assertRaisesRegex(ValueError, on.value):
                advance(state, on)

    def test_over_is_for_good(self) -> None:
        """Nothing comes of a session that is over."""
        for on in On:
            self.assertEqual(advance(State.OVER, on), ((), State.OVER))

    def test_released_once(self) -> None:
        """All is released on every way to the end, and nowhere else."""
        for (state, on), (acts, after) in TRANSITIONS.items():
            ends = after is State.OVER and state is not State.OVER
            self.assertEqual(Do.RELEASE in acts, ends, (state, on))

    def test_one_bye(self) -> None:
        """Leaving sends a BYE; one that is under way is the only one."""
        for (state, on), (acts, after) in TRANSITIONS.items():
            leaves = after is State.LEAVING and state is not State.LEAVING
            self.assertEqual(Do.BYE in acts, leaves, (state, on))

    def test_only_leaving_is_leaving(self) -> None:
        """Cause 200 is of who leaves: by any other a group keeps its member.

        (Conversation TS 8.2.2.3 B, 9.2.7.)
        """
        causes = {on for on, (cause, _) in REASONS.items() if cause == 200}
        self.assertEqual(causes, {On.LEFT})

    def test_every_bye_has_a_reason(self) -> None:
        """What sends a BYE has a Reason of its own, or that of the service."""
        causes = {on for (_, on), (acts, _) in TRANSITIONS.items() if Do.BYE in acts}
        self.assertEqual(causes, {*REASONS, On.FAILED})


class Ways(SynchronousTestCase):
    def walk(self, *events: On) -> tuple[list[Do], State]:
        """All that is done on the way, and where it leads."""
        state = State.INVITED
        done: list[Do] = []
        for on in events:
            acts, state = advance(state, on)
            done += acts
        return done, state

    def test_closed_from_cpm(self) -> None:
        """TS 6.1.6.1: the user is told, then all is released; no BYE of ours."""
        done, state = self.walk(On.ACCEPT, On.ACK, On.CLOSED)
        self.assertEqual(done, [Do.ESTABLISH, Do.TELL, Do.RELEASE])
        self.assertIs(state, State.OVER)

    def test_left_by_the_user(self) -> None:
        """TS 6.1.6.2, 6.2.2.2.4 step 4: BYE, and release once it is answered."""
        self.assertEqual(
            self.walk(On.ACCEPT, On.ACK, On.LEFT),
            ([Do.ESTABLISH, Do.DROP, Do.BYE], State.LEAVING),
        )
        done, _ = self.walk(On.ACCEPT, On.ACK, On.LEFT, On.BROKEN)
        self.assertEqual(done, [Do.ESTABLISH, Do.DROP, Do.BYE, Do.RELEASE])

    def test_delivery_failed(self) -> None:
        """TS 6.2.3 B: BYE, and nothing is told to whom nothing can be delivered."""
        done, _ = self.walk(On.ACCEPT, On.ACK, On.FAILED, On.FAILED, On.BROKEN)
        self.assertEqual(done, [Do.ESTABLISH, Do.BYE, Do.RELEASE])

    def test_never_acknowledged(self) -> None:
        """A session whose ACK never came is closed for who has accepted it."""
        self.assertEqual(
            self.walk(On.ACCEPT, On.BROKEN), ([Do.TELL, Do.RELEASE], State.OVER)
        )

    def test_refused(self) -> None:
        """An invitation that comes to nothing is told to whoever knows of it."""
        self.assertEqual(self.walk(On.REFUSE), ([Do.TELL, Do.RELEASE], State.OVER))

    def test_byes_that_cross(self) -> None:
        """Both sides hang up at once: released once."""
        done, state = self.walk(On.ACCEPT, On.ACK, On.LEFT, On.CLOSED, On.BROKEN)
        self.assertEqual(done, [Do.ESTABLISH, Do.DROP, Do.BYE, Do.RELEASE])
        self.assertIs(state, State.OVER)
