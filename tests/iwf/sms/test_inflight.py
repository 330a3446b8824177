"""Receipts wait for the submissions that were under way (docs/decisions/0005)."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.iwf.sms.inflight import InFlight


class Waiting(SynchronousTestCase):
    def setUp(self) -> None:
        self.in_flight = InFlight()

    def settled(self, centre: str = "home") -> Deferred[None]:
        """Wait, there being something to wait for."""
        waiting = self.in_flight.settled(centre)
        assert waiting is not None
        return waiting

    def test_nothing_under_way(self) -> None:
        """Nothing under way: nobody waits."""
        self.assertIsNone(self.in_flight.settled("home"))

    def test_one(self) -> None:
        """A receipt waits until the submission is over."""
        ticket = self.in_flight.begin("home")
        waiting = self.settled()
        self.assertNoResult(waiting)
        self.in_flight.end("home", ticket)
        self.successResultOf(waiting)
        self.assertIsNone(self.in_flight.settled("home"))

    def test_all_that_were_under_way(self) -> None:
        """It waits for all of them, in whatever order they end."""
        one, two, three = (self.in_flight.begin("home") for _ in range(3))
        waiting = self.settled()
        for ticket in (three, one):
            self.in_flight.end("home", ticket)
            self.assertNoResult(waiting)
        self.in_flight.end("home", two)
        self.successResultOf(waiting)

    def test_later_ones_are_not_waited_for(self) -> None:
        """A submission that began after the receipt came keeps it from nothing."""
        early = self.in_flight.begin("home")
        waiting = self.settled()
        late = self.in_flight.begin("home")
        self.in_flight.end("home", early)
        self.successResultOf(waiting)
        self.in_flight.end("home", late)

    def test_other_centres(self) -> None:
        """Each SM-SC has its own."""
        self.in_flight.begin("abroad")
        self.assertIsNone(self.in_flight.settled("home"))

    def test_several_receipts(self) -> None:
        """Each waits for what was under way when it came."""
        one = self.in_flight.begin("home")
        first = self.settled()
        two = self.in_flight.begin("home")
        second = self.settled()
        self.in_flight.end("home", one)
        self.successResultOf(first)
        self.assertNoResult(second)
        self.in_flight.end("home", two)
        self.successResultOf(second)

    def test_receipt_that_gave_up(self) -> None:
        """One that is cancelled holds up nobody."""
        ticket = self.in_flight.begin("home")
        first, second = self.settled(), self.settled()
        first.addErrback(lambda _: None)
        first.cancel()
        self.in_flight.end("home", ticket)
        self.successResultOf(second)
