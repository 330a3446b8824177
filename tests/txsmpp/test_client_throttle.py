"""An ESME that is told to slow down (SMPP 3.4 5.1.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed

from tests.txsmpp.peers import Held, NetworkCase
from txsmpp import pdu
from txsmpp.status import CommandStatus as S


def refusing(status: int) -> Callable[[Any, pdu.Pdu], Deferred[pdu.Response]]:
    """An SM-SC's answer to everything."""
    return lambda _, request: succeed(pdu.answer(request, status))


class ThrottleTests(NetworkCase):
    def test_order_is_kept(self) -> None:
        """What is throttled is sent again, in order, before what came later (5.1.3)."""
        for status in (S.ESME_RTHROTTLED, S.ESME_RMSGQFUL):
            centre = self.centre()
            centre.answer = refusing(status)
            client = self.client(window=5)
            sent = self.send(client, 20)
            self.network.advance(1.0)
            centre.requests.clear()
            centre.answer = lambda _, request: succeed(pdu.answer(request))
            self.network.advance(20.0)
            accepted = self.texts(centre.requests)
            self.assertEqual(accepted, [str(n) for n in range(20)])
            for each in sent:
                self.assertEqual(self.successResultOf(each).command_status, 0)
            self.stop(client)
            self.port.stopListening()

    def test_slows_down(self) -> None:
        """While it is throttled the client asks less and less often."""
        centre = self.centre()
        centre.answer = refusing(S.ESME_RTHROTTLED)
        client = self.client(window=10, throttle_initial=0.1, throttle_maximum=2.0)
        self.send(client, 10)
        asked = []
        for _ in range(5):
            before = len(centre.requests)
            self.network.advance(4.0)
            asked.append(len(centre.requests) - before)
        self.assertEqual(asked, sorted(asked, reverse=True))
        self.assertLessEqual(asked[-1], 3)

    def test_recovers(self) -> None:
        """Once requests are taken again the window opens again."""
        centre = self.centre()
        busy = [True]

        def answer(session: Any, request: Any) -> Any:
            status = S.ESME_RTHROTTLED if busy[0] else S.ESME_ROK
            return succeed(pdu.answer(request, status))

        centre.answer = answer
        client = self.client(window=8)
        self.send(client, 8)
        busy[0] = False
        self.network.advance(5.0)
        held = centre.answer = Held()
        self.send(client, 20)
        self.assertEqual(len(held.asked), 8)

    def test_limit(self) -> None:
        """After throttle_limit the caller gets the answer as it is."""
        centre = self.centre()
        centre.answer = refusing(S.ESME_RMSGQFUL)
        client = self.client(throttle_limit=10.0)
        (one,) = self.send(client, 1)
        self.network.advance(9.9)
        self.assertNoResult(one)
        self.network.advance(0.2)
        self.assertEqual(self.successResultOf(one).command_status, S.ESME_RMSGQFUL)

    def test_other_refusals_are_the_callers(self) -> None:
        """Any other status is given to the caller at once."""
        centre = self.centre()
        centre.answer = refusing(S.ESME_RINVDSTADR)
        client = self.client()
        (one,) = self.send(client, 1)
        self.assertEqual(self.successResultOf(one).command_status, S.ESME_RINVDSTADR)

    def test_rate(self) -> None:
        """No more than `rate` requests leave a second, in order."""
        centre = self.centre()
        client = self.client(rate=20.0)
        self.send(client, 100)
        self.assertLessEqual(len(centre.requests), 2)
        counts = []
        for _ in range(4):
            before = len(centre.requests)
            self.network.advance(1.0)
            counts.append(len(centre.requests) - before)
        self.assertEqual([n for n in counts if not 19 <= n <= 21], [])
        self.network.advance(2.0)
        self.assertEqual(self.texts(centre.requests), [str(n) for n in range(100)])
