"""What a subscriber goes by (RFC 6665)."""

from __future__ import annotations

from math import inf

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.dialogs.subscription import (
    TERMINAL,
    Again,
    Lease,
    State,
    Told,
    event_of,
    seconds_of,
    subscription_state,
)
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.headers import Headers
from cpmgw.sip.transaction.machine import Timing

ACTIVE = Told(State.ACTIVE)


class Reading(SynchronousTestCase):
    def read(self, value: str) -> Told:
        return subscription_state(Headers([("Subscription-State", value)]))

    def test_states(self) -> None:
        """The three states, and extensions, which count as active (8.2.3)."""
        self.assertEqual(self.read("active;expires=60"), Told(State.ACTIVE, "", 60))
        self.assertEqual(self.read("Pending"), Told(State.PENDING))
        self.assertEqual(self.read("waiting").state, State.ACTIVE)
        self.assertEqual(
            self.read("terminated ; reason=Probation ; retry-after=9"),
            Told(State.TERMINATED, "probation", None, 9),
        )

    def test_malformed(self) -> None:
        """What says no state, or no number, is an error."""
        for value in ("", "a b", "active;expires=x", "terminated;retry-after=-1"):
            self.assertRaises(SipSyntaxError, self.read, value)
        self.assertRaises(SipSyntaxError, subscription_state, Headers())

    def test_again(self) -> None:
        """Which terminations may be followed by another SUBSCRIBE (4.1.3)."""
        expected = {
            "deactivated": Again.AT_ONCE,
            "timeout": Again.AT_ONCE,
            "probation": Again.LATER,
            "giveup": Again.LATER,
            "rejected": Again.NEVER,
            "noresource": Again.NEVER,
            "invariant": Again.NEVER,
            "": Again.LATER,
            "unheard-of": Again.LATER,
        }
        for reason, again in expected.items():
            self.assertEqual(Told(State.TERMINATED, reason).again, again, reason)

    def test_event(self) -> None:
        """The package in any case, and the id as it is (8.2.1)."""
        read = event_of(Headers([("o", "Conference;x=1;id=A")]))
        self.assertEqual(read, ("conference", "A"))
        self.assertEqual(event_of(Headers([("Event", "presence")])), ("presence", ""))
        self.assertRaises(SipSyntaxError, event_of, Headers())

    def test_seconds(self) -> None:
        """A time that cannot be read is none."""
        fields = Headers([("Expires", "60"), ("Min-Expires", "x")])
        self.assertEqual(seconds_of(fields, "Expires"), 60)
        self.assertIs(seconds_of(fields, "Min-Expires"), None)
        self.assertIs(seconds_of(Headers(), "Expires"), None)

    def test_terminal(self) -> None:
        """The answers to a refresh that end it (4.1.2.2)."""
        named = {404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604}
        self.assertEqual(TERMINAL, named)


class Times(SynchronousTestCase):
    def setUp(self) -> None:
        self.lease = Lease(Timing())

    def stand(self, seconds: int = 3600) -> None:
        """Have it stand from 1000 on."""
        self.lease.asked(seconds, 1000.0)
        self.lease.answered()
        self.lease.granted(seconds, 1000.0)
        self.lease.notified(Told(State.ACTIVE, "", seconds), seconds, 1000.0)

    def test_no_notify(self) -> None:
        """Timer N: 64*T1 after the SUBSCRIBE there must be a NOTIFY (4.1.2.4)."""
        self.lease.asked(3600, 1000.0)
        self.assertEqual(self.lease.due, 1032.0)
        self.lease.granted(3600, 1001.0)
        self.assertEqual(self.lease.due, 1032.0)

    def test_notify_first(self) -> None:
        """The NOTIFY may be faster than the 2xx (4.1.2.4)."""
        self.lease.asked(3600, 1000.0)
        self.assertFalse(self.lease.notified(ACTIVE, 3600, 1000.5))
        self.assertEqual((self.lease.state, self.lease.due), (State.ACTIVE, inf))
        self.lease.answered()
        self.lease.granted(3600, 1001.0)
        self.assertEqual(self.lease.due, 1001.0 + 3600 - 64)

    def test_refresh(self) -> None:
        """The refresh goes out in time, or at half of a short time.

        A time that is too short for that does not end it unrefreshed.
        """
        for seconds, wait in ((3600, 3536), (128, 64), (60, 30), (10, 5), (4, 5)):
            self.lease = Lease(Timing())
            self.stand(seconds)
            self.assertEqual(self.lease.refresh_due, 1000.0 + wait, seconds)
            self.assertEqual(self.lease.ends_at, 1000.0 + max(seconds, wait))

    def test_what_a_refresh_brings(self) -> None:
        """The first NOTIFY after a refresh is its own, and no other is."""
        self.stand()
        self.assertFalse(self.lease.notified(ACTIVE, 3600, 2000.0))
        self.lease.asked(3600, 4536.0)
        self.assertTrue(self.lease.notified(ACTIVE, 3600, 4537.0))
        self.assertFalse(self.lease.notified(ACTIVE, 3600, 4538.0))

    def test_refresh_without_notify(self) -> None:
        """Much later it is not its own; and Timer N has run out by then (4.1.2.2)."""
        self.stand()
        self.lease.asked(3600, 4536.0)
        self.lease.answered()
        self.lease.granted(3600, 4536.0)
        self.assertEqual(self.lease.due, 4568.0)
        self.assertEqual(self.lease.silent_due, 4568.0)
        self.assertFalse(self.lease.notified(ACTIVE, 3600, 4568.0))
        self.assertEqual(self.lease.silent_due, inf)

    def test_refresh_that_no_notify_follows(self) -> None:
        """After a 204 none is waited for (RFC 5839 7.1)."""
        self.stand()
        self.lease.asked(3600, 4536.0)
        self.lease.answered()
        self.lease.unnotified()
        self.lease.granted(3600, 4536.0)
        self.assertEqual(self.lease.due, 4536.0 + 3536)

    def test_one_at_a_time(self) -> None:
        """While a SUBSCRIBE is open no other is due, and it does not end meanwhile."""
        self.stand(60)
        self.lease.asked(60, 1055.0)
        self.lease.hurry(1056.0)
        self.assertEqual(self.lease.due, 1055.0 + 32)
        self.lease.answered()
        self.assertEqual(self.lease.refresh_due, 1056.0)

    def test_hurry(self) -> None:
        """A refresh before its time is due at once, the next ones later and later."""
        self.stand()
        now, waits = 1000.0, []
        for _ in range(13):
            self.lease.hurry(now)
            self.lease.hurry(now)
            due = self.lease.refresh_due
            waits.append(due - now)
            now = due
            self.lease.asked(3600, now)
            self.lease.answered()
            self.lease.granted(3600, now)
            self.lease.notified(ACTIVE, 3600, now)
        expected = [0, 5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3536, 3536]
        self.assertEqual(waits, expected)

    def test_hurry_after_a_while(self) -> None:
        """One that comes a good while after the last is due at once again."""
        self.stand()
        for now, wait in ((1000.0, 0), (1001.0, 4), (1100.0, 0)):
            self.lease.hurry(now)
            self.assertEqual(self.lease.refresh_due, now + wait)
            self.lease.asked(3600, now + wait)
            self.lease.answered()
            self.lease.granted(3600, now + wait)

    def test_shorter(self) -> None:
        """A NOTIFY may shorten it, and the time it names counts (4.1.3)."""
        self.stand()
        self.lease.notified(Told(State.ACTIVE, "", 100), 3600, 1100.0)
        self.assertEqual(self.lease.ends_at, 1200.0)

    def test_refused(self) -> None:
        """After a failure it is tried again in half of what is left, not too soon."""
        self.stand()
        self.lease.asked(3600, 4536.0)
        self.lease.refused(4540.0)
        self.assertEqual(self.lease.refresh_at, 4570.0)
        self.assertEqual(self.lease.ends_at, 4600.0)
        self.lease.refused(4598.0)
        self.assertEqual(self.lease.due, 4600.0)

    def test_last(self) -> None:
        """The last NOTIFY is waited for, whatever others come (4.1.2.3)."""
        self.stand()
        self.lease.asked(0, 2000.0)
        self.assertFalse(self.lease.notified(ACTIVE, 0, 2001.0))
        self.assertEqual(self.lease.due, 2032.0)
        self.lease.notified(Told(State.TERMINATED), 0, 2002.0)
        self.assertEqual((self.lease.state, self.lease.due), (State.TERMINATED, inf))

    def test_2xx_after_the_last(self) -> None:
        """A 2xx that comes after the end begins nothing."""
        self.lease.asked(3600, 1000.0)
        self.lease.notified(Told(State.TERMINATED), 3600, 1000.0)
        self.lease.granted(3600, 1001.0)
        self.assertEqual(self.lease.due, inf)

    def test_begin(self) -> None:
        """One that is to be begun anew waits for that."""
        self.lease = Lease(Timing(), begin_at=1060.0)
        self.assertEqual(self.lease.due, 1060.0)
        self.lease.asked(3600, 1060.0)
        self.assertEqual(self.lease.due, 1092.0)
