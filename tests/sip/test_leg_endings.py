"""What a handler's hold on its transaction tells it of the end, and does after it."""

from __future__ import annotations

from cpmgw.sip.message import Response
from tests.sip.messages import request_octets
from tests.sip.test_legs import LegTestCase


class FinishedTests(LegTestCase):
    def begin(self) -> None:
        """An INVITE whose handler wants to know of its end."""
        self.serve()
        self.handled[0].leg.when_finished(self.tell)

    def test_answer(self) -> None:
        """The end is the handler's final answer, and told once."""
        self.begin()
        self.handled[0].leg.send_provisional(self.response(180))
        self.assertEqual(0, self.told)
        self.finish(486)
        self.assertEqual(1, self.told)

    def test_failure(self) -> None:
        """It is a failure that is answered in his stead too."""
        self.begin()
        self.waiting.errback(ValueError("no"))
        self.reactor.settle()
        self.assertEqual((1, [500]), (self.told, self.peer.statuses()))
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_too_slow(self) -> None:
        """And that it took too long."""
        self.begin()
        self.reactor.advance(30)
        self.assertEqual(1, self.told)

    def test_cancel(self) -> None:
        """And a CANCEL."""
        self.begin()
        self.send(request_octets("CANCEL"))
        self.assertEqual(1, self.told)

    def test_callback_that_fails(self) -> None:
        """One that fails does not keep the answer back."""
        self.begin()

        def fails() -> None:
            raise ValueError("no")

        self.handled[0].leg.when_finished(fails)
        self.finish()
        self.assertEqual([200], self.peer.statuses())
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))


class FinishingTests(LegTestCase):
    def test_again(self) -> None:
        """Who changed the first 2xx has each further one changed as well."""
        self.serve()
        leg = self.handled[0].leg

        def changed(response: Response) -> Response:
            return response.replace(headers=response.headers.with_added("X-Via", "1"))

        leg.finish = changed
        self.waiting.callback(changed(self.response(200)))
        leg.send_again(self.response(200))
        self.reactor.settle()
        first, second = self.peer.received
        self.assertEqual(first, second)
        self.assertIn(b"X-Via: 1", first)
