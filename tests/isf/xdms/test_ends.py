"""Several who ask at a time, those who do not wait, and the end."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred

from cpmgw.interfaces import Preference
from tests.isf.xdms.asking import (
    FOUND,
    PORT,
    TARGET,
    PreferencesTestCase,
    none,
    unavailable,
)
from tests.isf.xdms.policies import ALICE


class Ends(PreferencesTestCase):
    """Several at a time, and those who do not wait."""

    def look_up(self, user: str = TARGET) -> Deferred[Preference]:
        """A look-up that is on its way."""
        asked = self.preferences.look_up(user, ALICE)
        self.network.settle()
        return asked

    def test_merging(self) -> None:
        """Who asks for the same user at the same time shares the answer."""
        self.behave(delay=1)
        asked = [self.look_up() for _ in range(5)]
        self.network.advance(1)
        self.assertEqual([self.successResultOf(each) for each in asked], [FOUND] * 5)
        self.assertEqual(len(self.xdms.requests), 1)

    def test_concurrency(self) -> None:
        """So many users are asked for at a time; one more is told that it is busy."""
        self.preferences = self.build(concurrency=2)
        self.behave(delay=1)
        asked = [self.look_up(f"tel:+1514555010{n}") for n in range(3)]
        self.assertEqual(self.successResultOf(asked[2]), unavailable("busy"))
        self.assertEqual(self.xdms.under_way, 2)
        self.network.advance(1)
        self.assertEqual(self.successResultOf(asked[1]), none("http-404"))
        self.behave()
        self.assertEqual(self.ask("tel:+15145550102"), none("http-404"))

    def test_cancelled(self) -> None:
        """Who alone asked and goes away closes the connection."""
        self.behave(silent=True)
        asked = self.look_up()
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.network.settle()
        self.assertEqual(self.xdms.under_way, 0)
        self.behave()
        self.assertEqual(self.ask(), FOUND)

    def test_cancelled_while_connecting(self) -> None:
        """Nor is a connection made."""
        self.network.partition("127.0.0.1", PORT)
        asked = self.look_up()
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.network.heal("127.0.0.1", PORT)
        self.network.advance(60)
        self.assertEqual(self.xdms.requests, [])

    def test_cancelled_within_the_body(self) -> None:
        """Nor is a body read that nobody waits for any more."""
        self.behave(pause=0.5)
        asked = self.look_up()
        self.network.advance(1)
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.network.settle()
        self.assertEqual(self.xdms.under_way, 0)

    def test_one_of_two_is_cancelled(self) -> None:
        """Who goes away does not take the answer from the others."""
        self.behave(delay=1)
        first, second = self.look_up(), self.look_up()
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.network.advance(1)
        self.assertEqual(self.successResultOf(second), FOUND)

    def test_asking_again_within_the_answer(self) -> None:
        """Who is answered may ask again at once."""
        answers: list[Preference] = []

        def again(answer: Preference) -> None:
            answers.append(answer)
            self.preferences.look_up(TARGET, ALICE).addCallback(answers.append)

        self.preferences.look_up(TARGET, ALICE).addCallback(again)
        self.network.settle()
        self.assertEqual(answers, [FOUND, FOUND])

    def test_stop(self) -> None:
        """A stop ends what is under way, and nothing is asked after it."""
        self.behave(silent=True)
        asked = [self.look_up(), self.look_up(), self.look_up("tel:+15145550101")]
        stopped = self.preferences.stop()
        self.network.settle()
        self.successResultOf(stopped)
        for each in asked:
            self.assertEqual(self.successResultOf(each), unavailable("stopped"))
        self.assertEqual(self.xdms.under_way, 0)
        self.assertEqual(self.ask(), unavailable("stopped"))
        self.xdms.stop()
        self.assertEqual(self.network.getDelayedCalls(), [])

    def test_stop_closes_connections(self) -> None:
        """The connections that were kept are closed, and nothing is left to come."""
        self.ask()
        self.network.result_of(self.preferences.stop())
        self.network.settle()
        self.assertEqual(self.network.cut("127.0.0.1", PORT), 0)
        self.xdms.stop()
        self.assertEqual(self.network.getDelayedCalls(), [])

    def test_connections_are_kept(self) -> None:
        """One connection serves one request after the other."""
        for number in range(5):
            self.ask(f"tel:+1514555010{number}")
        self.assertEqual(len(self.xdms.requests), 5)
        self.assertEqual(self.network.cut("127.0.0.1", PORT), 1)
        self.assertEqual(self.ask(), FOUND)
