"""Tests of cpmgw.sdp.roles."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sdp.roles import Direction, Setup, answering, offering


class Directions(SynchronousTestCase):
    """Which way media flow (RFC 3264 6.1)."""

    def test_mirrored(self) -> None:
        """Sending here is receiving there."""
        rows = {
            Direction.SENDRECV: Direction.SENDRECV,
            Direction.SENDONLY: Direction.RECVONLY,
            Direction.RECVONLY: Direction.SENDONLY,
            Direction.INACTIVE: Direction.INACTIVE,
        }
        self.assertEqual({each: each.mirrored for each in Direction}, rows)

    def test_within(self) -> None:
        """Only what both allow flows."""
        both, out, back, none = Direction
        rows = {
            both: (both, out, back, none),
            out: (out, out, none, none),
            back: (back, none, back, none),
            none: (none, none, none, none),
        }
        for wanted, left in rows.items():
            self.assertEqual(tuple(map(wanted.within, Direction)), left)


class Roles(SynchronousTestCase):
    """Who connects (RFC 4145 4, RFC 6135 4.2)."""

    def test_answering(self) -> None:
        """Passive answers active, actpass and none; active answers passive.

        Conversation TS 5.2.1.4; holdconn is RFC 4145 4.1.
        """
        rows = {
            None: Setup.PASSIVE,
            Setup.ACTIVE: Setup.PASSIVE,
            Setup.ACTPASS: Setup.PASSIVE,
            Setup.PASSIVE: Setup.ACTIVE,
            Setup.HOLDCONN: Setup.HOLDCONN,
        }
        for offered, answered in rows.items():
            self.assertIs(answering(offered), answered)

    def test_offering(self) -> None:
        """The offerer connects unless the answer says active (5.2.1.1 B)."""
        rows = {
            None: Setup.ACTIVE,
            Setup.ACTIVE: Setup.PASSIVE,
            Setup.PASSIVE: Setup.ACTIVE,
            Setup.ACTPASS: Setup.ACTIVE,
            Setup.HOLDCONN: Setup.HOLDCONN,
        }
        for answered, role in rows.items():
            self.assertIs(offering(answered), role)
