"""Which answers an SM-SC may have missed (docs/decisions/0003)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.iwf.sms.sessions import AFTER_RESTART, IN_FLIGHT, REMEMBERED, Sessions


class Missed(SynchronousTestCase):
    def setUp(self) -> None:
        self.sessions = Sessions()
        self.sessions.began("a")

    def test_session_that_is_up(self) -> None:
        """What was answered over a session that is up has arrived."""
        self.assertFalse(self.sessions.may_have_missed("a", 100.0, 100.1))

    def test_session_that_ended_soon_after(self) -> None:
        """An answer just before the end of its session may be lost."""
        self.sessions.ended("a", 100.0 + IN_FLIGHT)
        self.assertTrue(self.sessions.may_have_missed("a", 100.0, 500.0))

    def test_session_that_ended_later(self) -> None:
        """An answer long before the end of its session has arrived."""
        self.sessions.ended("a", 100.1 + IN_FLIGHT)
        self.assertFalse(self.sessions.may_have_missed("a", 100.0, 500.0))

    def test_session_of_an_earlier_process(self) -> None:
        """Of a session that is not known, for a while after the answer."""
        self.assertTrue(
            self.sessions.may_have_missed("b", 100.0, 100.0 + AFTER_RESTART)
        )
        self.assertFalse(
            self.sessions.may_have_missed("b", 100.0, 100.1 + AFTER_RESTART)
        )

    def test_memory_is_bounded(self) -> None:
        """Only so many sessions are remembered; the oldest is forgotten."""
        for number in range(REMEMBERED + 1):
            self.sessions.ended(str(number), 1000.0)
        self.assertFalse(self.sessions.may_have_missed("0", 995.0, 2000.0))
        self.assertTrue(self.sessions.may_have_missed("1", 995.0, 2000.0))
