"""Subscriptions that are refreshed too soon, too late or in vain (RFC 6665 4.1.2)."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from cpmgw.sip.dialogs.dialog import Dialog
from cpmgw.sip.dialogs.subscription import State
from cpmgw.sip.dialogs.watching import Ended, Over
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.message import Request, Response, respond
from tests.sip.dialogs.parties import BOB, is_request
from tests.sip.dialogs.watchers import SubscribeTestCase
from tests.sip.messages import read

CONTACT = ("Contact", f"<sip:focus@127.0.0.1:{BOB}>")


class Hurrying(SubscribeTestCase):
    """A refresh before its time, because of what a NOTIFY lacked (RFC 4575 4.6)."""

    def test_at_once(self) -> None:
        """It is sent at once."""
        made = self.subscribe()
        made.refresh()
        self.network.settle()
        self.assertEqual(self.asked, ["600", "600"])
        self.leave(made)

    def test_endless(self) -> None:
        """A notifier each of whose NOTIFYs has a gap is asked more and more rarely."""
        made = self.subscribe()
        times: list[float] = []

        async def lacking(notify: Request, refresh: bool) -> Response:
            times.append(self.network.seconds())
            made.refresh()
            return respond(notify, 200)

        self.patch(self.watcher, "notified", lacking)
        made.refresh()
        self.network.advance(0)
        self.network.advance(60)
        self.assertEqual(len(times), 4)
        begin = times[0]
        for number, after in enumerate((0, 5, 15, 35)):
            self.assertAlmostEqual(times[number] - begin, after, delta=0.1)
        self.network.advance(3600)
        self.assertLess(len(times), 16)
        made.drop()

    def test_one_at_a_time(self) -> None:
        """While a SUBSCRIBE has no answer no other is sent."""
        made = self.subscribe()
        self.network.lose = is_request("SUBSCRIBE")
        made.refresh()
        for _ in range(5):
            made.refresh()
            self.network.advance(1)
        sent = [read(each.octets) for each in self.network.datagrams]
        numbers = {
            each.cseq.number
            for each in sent
            if isinstance(each, Request) and each.method == "SUBSCRIBE"
        }
        self.assertEqual(numbers, {1, 2})
        made.drop()


class Silent(SubscribeTestCase):
    """Timer N, and what there is where neither an answer nor a NOTIFY says how long."""

    def test_refresh(self) -> None:
        """A refresh without a NOTIFY has it begun anew, and ended then (4.1.2.2)."""
        self.subscribe()
        self.focus.greets = False
        self.network.advance(536 + 31.9)
        self.assertEqual((len(self.asked), self.how), (2, []))
        self.network.advance(0.2)
        self.assertEqual(self.focus.subscribes[2].call_id, "subscribe-2")
        self.network.advance(32)
        self.assertEqual(self.how, [Over.SILENT])

    def test_refresh_then_heard(self) -> None:
        """Where a NOTIFY comes of that, it goes on."""
        made = self.subscribe()
        self.focus.greets = False
        self.network.advance(536 + 31)
        self.focus.greets = True
        self.network.advance(2)
        self.assertEqual((len(self.asked), made.state), (3, State.ACTIVE))
        self.leave(made)

    def test_204(self) -> None:
        """After a 204 no NOTIFY is waited for (RFC 5839 7.1)."""
        made = self.subscribe()
        self.focus.greets, self.focus.status = False, 204
        self.network.advance(536 + 100)
        self.assertEqual((len(self.asked), made.state), (2, State.ACTIVE))
        self.focus.greets, self.focus.status = True, 200
        self.leave(made)

    def test_refused_after_a_notify(self) -> None:
        """A final refusal ends it, whatever NOTIFY was faster."""
        focus = self.focus

        async def refuse(incoming: Incoming) -> Response:
            request = incoming.request
            answer = respond(request, 200, headers=(CONTACT,), to_tag="b")
            focus.dialog = Dialog.of_server(request, answer)
            focus.notify("active")
            return respond(request, 603, to_tag="b")

        self.endpoints[1].serve("SUBSCRIBE", refuse, in_dialog=True)
        self.subscribe()
        self.assertEqual(self.watcher.ends, [Ended(Over.REFUSED, 603)])

    def test_no_answer_but_a_notify(self) -> None:
        """Where only a NOTIFY came, without a time, it lasts as long as was asked."""
        self.focus.greets = False
        self.network.lose = lambda message: (
            isinstance(message, Response) and message.cseq.method == "SUBSCRIBE"
        )
        made = self.subscribe()
        self.focus.notify("active")
        self.network.advance(33)
        self.assertEqual((made.state, self.how), (State.ACTIVE, []))
        self.network.advance(600)
        self.assertGreater(len(self.asked), 1)
        self.network.advance(1000)
        self.assertEqual(self.how, [Over.EXPIRED])

    def test_short(self) -> None:
        """What is granted for too short a time is refreshed, though not too often."""
        self.focus.headers = (("Expires", "3"),)
        made = self.subscribe()
        self.network.advance(11)
        self.assertEqual((len(self.asked), self.how), (3, []))
        self.leave(made)

    def test_shortened(self) -> None:
        """So is what a NOTIFY shortens that much."""
        made = self.subscribe()
        self.notified("active;expires=1")
        self.network.advance(6)
        self.assertEqual((len(self.asked), self.how), (2, []))
        self.leave(made)


class LeavingMeanwhile(SubscribeTestCase):
    def test_answer_of_a_refresh(self) -> None:
        """An answer to an open refresh is not that of the end (4.1.2.3)."""
        made, focus = self.subscribe(), self.focus
        held: Deferred[None] = Deferred()

        async def answer(incoming: Incoming) -> Response:
            request = incoming.request
            if request.headers.get("Expires") == "0":
                return respond(request, 200, headers=(("Expires", "0"),))
            await held
            return respond(request, 500)

        self.endpoints[1].serve("SUBSCRIBE", answer, in_dialog=True)
        made.refresh()
        self.network.settle()
        gone = made.unsubscribe()
        self.network.settle()
        held.callback(None)
        self.network.settle()
        self.assertNoResult(gone)
        focus.notify("terminated;reason=timeout", b"last")
        self.network.settle()
        self.successResultOf(gone)
        self.assertEqual(self.watcher.seen[-1][0], b"last")

    def test_user_that_fails(self) -> None:
        """Where it cannot be begun anew, it has ended."""
        self.subscribe()

        def fails() -> Request:
            raise ValueError("no")

        self.patch(self.watcher, "subscribe", fails)
        self.notified("terminated;reason=deactivated")
        self.network.advance(0.01)
        self.assertEqual(self.how, [Over.REFUSED])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
