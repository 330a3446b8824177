"""What a handler's hold on its transaction tells it of the end, and does after it."""

from __future__ import annotations

from cpmgw.sip.endpoint import Endpoint
from cpmgw.sip.message import Response
from tests.sip.messages import request_octets
from tests.sip.test_legs import LegTestCase


class FinishedTests(LegTestCase):
    def begin(self) -> Endpoint:
        """An INVITE whose handler wants to know of its end."""
        self.ends: list[int] = []
        endpoint = self.serve()
        self.handled[0].leg.when_finished(self.ends.append)
        return endpoint

    def test_answer(self) -> None:
        """The end is the handler's final answer, and told once."""
        self.begin()
        self.handled[0].leg.send_provisional(self.response(180))
        self.assertEqual([], self.ends)
        self.finish(486)
        self.assertEqual([486], self.ends)

    def test_failure(self) -> None:
        """It is a failure that is answered in his stead too."""
        self.begin()
        self.waiting.errback(ValueError("no"))
        self.reactor.settle()
        self.assertEqual(([500], [500]), (self.ends, self.peer.statuses()))
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_too_slow(self) -> None:
        """And that it took too long."""
        self.begin()
        self.reactor.advance(30)
        self.assertEqual([504], self.ends)

    def test_cancel(self) -> None:
        """And a CANCEL."""
        self.begin()
        self.send(request_octets("CANCEL"))
        self.assertEqual([487], self.ends)

    def test_unwritable(self) -> None:
        """An answer that cannot be written is not what is told, but the 500 is."""
        self.begin()
        broken = self.response(200)
        headers = broken.headers.with_added("X", "a\r\nb")
        self.waiting.callback(broken.replace(headers=headers))
        self.reactor.settle()
        self.assertEqual([500], self.ends)
        self.flushLoggedErrors()

    def test_stop(self) -> None:
        """And the end of the endpoint."""
        endpoint = self.begin()
        endpoint.stopService()
        self.reactor.advance(10)
        self.assertEqual([503], self.ends)

    def test_taken_over(self) -> None:
        """Who is followed by another is told that its part is over, as of a failure."""
        self.begin()
        later: list[int] = []
        self.handled[0].leg.when_finished(later.append)
        self.assertEqual([500], self.ends)
        self.finish()
        self.assertEqual(([500], [200]), (self.ends, later))

    def test_let_go(self) -> None:
        """One whose answer is not the last word is told of it, and of no CANCEL."""
        self.begin()
        leg = self.handled[0].leg
        leg.when_cancelled(self.tell)
        leg.let_go(480)
        self.assertEqual([480], self.ends)
        self.send(request_octets("CANCEL"))
        self.assertEqual((0, [480]), (self.told, self.ends))
        self.assertIn(487, self.peer.statuses())

    def test_given_up(self) -> None:
        """A handler that is ended from within is answered as that says, not 487."""
        self.begin()
        leg = self.handled[0].leg
        leg.given_up = 480
        self.waiting.cancel()
        self.reactor.settle()
        self.assertEqual(([480], [480]), (self.ends, self.peer.statuses()))

    def test_callback_that_fails(self) -> None:
        """One that fails does not keep the answer back."""
        self.begin()

        def fails(_: int) -> None:
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
