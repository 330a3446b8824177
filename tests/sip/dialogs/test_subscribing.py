"""Subscriptions between two user agents in memory (RFC 6665 4.1)."""

from __future__ import annotations

from cpmgw.sip.dialogs.subscribing import Subscription
from cpmgw.sip.dialogs.subscription import State
from cpmgw.sip.dialogs.watching import Ended, Over
from cpmgw.sip.errors import SipError
from cpmgw.sip.message import Request, Response
from tests.sip.dialogs.parties import BOB, is_request
from tests.sip.dialogs.watchers import SETTINGS, SubscribeTestCase, Watcher


class Subscribing(SubscribeTestCase):
    def test_subscribe(self) -> None:
        """A SUBSCRIBE brings a NOTIFY, which the user answers (4.1.2, 4.1.3)."""
        made = self.subscribe()
        self.assertEqual(self.watcher.seen, [(b"state", False)])
        self.assertEqual(made.state, State.ACTIVE)
        self.assertEqual(self.notified("active", b"more"), 200)
        self.assertEqual(self.watcher.seen[1], (b"more", False))
        self.leave(made)
        self.assertEqual(self.asked, ["600", "0"])
        self.assertEqual(self.watcher.ends, [Ended(Over.UNSUBSCRIBED, 0, "timeout")])

    def test_answer_of_the_user(self) -> None:
        """What the user answers to a NOTIFY is its answer."""
        made = self.subscribe()
        self.watcher.status = 415
        self.assertEqual(self.notified("active"), 415)
        self.leave(made)

    def test_notify_before_the_2xx(self) -> None:
        """A NOTIFY may be faster than the 200 (4.1.2.4)."""
        self.network.lose = lambda message: (
            isinstance(message, Response) and message.cseq.method == "SUBSCRIBE"
        )
        made = self.subscribe()
        self.assertEqual(len(self.watcher.seen), 1)
        self.network.lose = lambda _: False
        self.network.advance(1)
        self.assertEqual(made.state, State.ACTIVE)
        self.leave(made)

    def test_refresh(self) -> None:
        """It is refreshed in its dialog; the NOTIFY that brings is told apart."""
        made = self.subscribe()
        self.network.advance(535.9)
        self.assertEqual(self.asked, ["600"])
        self.network.advance(0.2)
        first, again = self.focus.subscribes
        self.assertEqual(again.to.tag, "b")
        self.assertEqual(again.cseq.number, first.cseq.number + 1)
        for name in ("Event", "Accept", "Contact", "X-Kept", "Expires", "From"):
            self.assertEqual(again.headers.raw(name), first.headers.raw(name), name)
        self.assertEqual(self.watcher.seen, [(b"state", False), (b"state", True)])
        self.notified("active", b"news")
        self.assertEqual(self.watcher.seen[2], (b"news", False))
        self.leave(made)

    def test_shorter(self) -> None:
        """What the 200 grants counts, and what a NOTIFY says after it."""
        self.focus.headers = (("Expires", "200"),)
        made = self.subscribe()
        self.notified("active;expires=100")
        self.network.advance(50.1)
        self.assertEqual(len(self.asked), 2)
        self.leave(made)

    def test_target(self) -> None:
        """A refresh goes to the Contact of the last NOTIFY (RFC 3261 12.2)."""
        made = self.subscribe()
        self.notified("active", contact="moved")
        self.leave(made)
        self.assertEqual(
            str(self.focus.subscribes[1].uri), f"sip:moved@127.0.0.1:{BOB}"
        )

    def test_fetch(self) -> None:
        """A SUBSCRIBE for no time brings one NOTIFY, and that is all (4.4.3)."""
        self.watcher.expires = "0"
        self.subscribe()
        self.assertEqual(self.watcher.seen, [(b"state", False)])
        self.assertEqual(self.how, [Over.UNSUBSCRIBED])

    def test_limit(self) -> None:
        """There are so many and no more."""
        made = [self.subscribe(), self.subscribe()]
        self.assertRaises(SipError, self.subscriptions.subscribe, self.watcher)
        self.assertEqual(len(self.subscriptions), 2)
        self.focus.dialog = None
        for each in made:
            each.drop()

    def test_no_event(self) -> None:
        """A SUBSCRIBE has an Event (8.2.1)."""

        class Careless(Watcher):
            def subscribe(self) -> Request:
                made = super().subscribe()
                return made.replace(headers=made.headers.without("Event"))

        self.assertRaises(SipError, self.subscriptions.subscribe, Careless())


class Unfit(SubscribeTestCase):
    """NOTIFYs that are not of the subscription (4.1.3)."""

    def test_unfit(self) -> None:
        """Another event is 489, another id or dialog 481, no state 400."""
        made = self.subscribe()
        self.assertEqual(self.notified("active", event="presence"), 489)
        self.assertEqual(self.notified("active", event="conference;id=1"), 481)
        self.assertEqual(self.notified(""), 400)
        dialog = self.focus.dialog
        assert dialog is not None
        local, dialog.local = dialog.local, "<sip:x@y>;tag=fork"
        self.assertEqual(self.notified("active"), 481)
        dialog.local = local
        self.assertEqual(len(self.watcher.seen), 1)
        dialog.local_cseq = 0
        self.assertEqual(self.notified("active"), 500)
        dialog.local_cseq = 20
        self.leave(made)
        self.assertEqual(self.notified("active"), 481)

    def test_other_method(self) -> None:
        """What is no NOTIFY is 481."""
        made = self.subscribe()
        self.endpoints[0].serve("INFO", self.subscriptions.within, in_dialog=True)
        assert self.focus.dialog is not None
        answer = self.endpoints[1].request(self.focus.dialog.request("INFO"))
        self.network.settle()
        self.assertEqual(self.successResultOf(answer).status, 481)
        self.leave(made)

    def test_no_contact(self) -> None:
        """The first NOTIFY has a Contact to refresh at; else it is 400."""
        self.focus.greets = False
        made = self.subscribe()
        self.assertEqual(self.notified("active", contact="a@b>, <sip:c"), 400)
        self.assertEqual(self.notified("active"), 200)
        self.focus.greets = True
        self.leave(made)


class Refused(SubscribeTestCase):
    def test_refused(self) -> None:
        """A SUBSCRIBE that is refused has ended, and the user knows by what."""
        for status in (403, 481, 489, 503):
            self.focus.status = status
            self.subscribe()
            self.assertEqual(self.watcher.ends.pop(), Ended(Over.REFUSED, status))

    def test_nobody(self) -> None:
        """One that nobody answers too."""
        self.network.lose = is_request("SUBSCRIBE")
        self.subscribe()
        self.network.advance(32)
        self.assertEqual(len(self.watcher.ends), 1)
        self.assertIn(self.how[0], (Over.REFUSED, Over.SILENT))

    def test_silent(self) -> None:
        """A 200 without a NOTIFY is nothing: Timer N (4.1.2.4)."""
        self.focus.greets = False
        self.subscribe()
        self.network.advance(31.9)
        self.assertEqual(self.how, [])
        self.network.advance(0.2)
        self.assertEqual(self.how, [Over.SILENT])

    def test_too_brief(self) -> None:
        """A 423 has it asked for as long as it says (4.1.2.1)."""
        self.focus.status, self.focus.headers = 423, (("Min-Expires", "900"),)
        self.subscribe()
        self.assertEqual(self.asked, ["600", "900"])
        self.assertEqual([r.cseq.number for r in self.focus.subscribes], [1, 2])
        self.assertEqual(self.watcher.ends, [Ended(Over.REFUSED, 423)])

    def test_too_brief_a_refresh(self) -> None:
        """A refresh is asked for anew as well."""
        made = self.subscribe()
        self.focus.status, self.focus.headers = 423, (("Min-Expires", "900"),)
        self.network.advance(536.1)
        self.assertEqual(self.asked, ["600", "600", "900"])
        self.focus.status, self.focus.headers = 200, ()
        self.leave(made)

    def test_refresh_refused(self) -> None:
        """Some answers to a refresh end it (4.1.2.2)."""
        self.subscribe()
        self.focus.status = 404
        self.network.advance(536.1)
        self.assertEqual(self.watcher.ends, [Ended(Over.REFUSED, 404)])

    def test_refresh_failed(self) -> None:
        """After others it stands for as long as was granted (4.1.2.2)."""
        self.subscribe()
        self.focus.status = 500
        self.network.advance(599.9)
        self.assertEqual(self.how, [])
        self.assertGreater(len(self.asked), 3)
        self.network.advance(0.2)
        self.assertEqual(self.how, [Over.EXPIRED])

    def test_refresh_unknown(self) -> None:
        """A notifier that has forgotten it is asked anew, in a new dialog."""
        made = self.subscribe()
        self.focus.status = 481
        self.network.advance(535.9)
        self.network.callLater(0.1001, setattr, self.focus, "status", 200)
        self.network.advance(0.2)
        calls = [each.call_id for each in self.focus.subscribes]
        self.assertEqual(calls, ["subscribe-1", "subscribe-1", "subscribe-2"])
        self.assertEqual(made.state, State.ACTIVE)
        self.leave(made)


class Terminated(SubscribeTestCase):
    """4.1.3: what the notifier ends."""

    def ended(self, state: str) -> Subscription:
        made = self.subscribe()
        self.notified(f"terminated{state}", b"last")
        self.assertEqual(self.watcher.seen[1], (b"last", False))
        return made

    def test_for_good(self) -> None:
        """After these reasons it is not asked for again."""
        for reason in ("rejected", "noresource", "invariant"):
            self.ended(f";reason={reason}")
            end = Ended(Over.TERMINATED, 0, reason)
            self.assertEqual(self.watcher.ends.pop(), end)
            self.watcher.seen.clear()

    def test_at_once(self) -> None:
        """After these it is asked for at once, in a new dialog."""
        for reason in ("deactivated", "timeout"):
            made = self.ended(f";reason={reason};retry-after=100")
            self.network.advance(0.01)
            self.assertEqual(made.state, State.ACTIVE)
            self.assertNotEqual(
                self.focus.subscribes[-1].call_id, self.focus.subscribes[-2].call_id
            )
            self.leave(made)
            self.watcher.seen.clear()

    def test_later(self) -> None:
        """After these when retry-after is over."""
        for reason in ("probation", "giveup"):
            made = self.ended(f";reason={reason};retry-after=100")
            before = len(self.focus.subscribes)
            self.network.advance(99.9)
            self.assertEqual(len(self.focus.subscribes), before)
            self.network.advance(0.2)
            self.assertEqual(len(self.focus.subscribes), before + 1)
            self.leave(made)
            self.watcher.seen.clear()

    def test_no_reason(self) -> None:
        """Without a reason some time later."""
        made = self.ended("")
        self.network.advance(59.9)
        self.assertEqual(len(self.asked), 1)
        self.network.advance(0.2)
        self.assertEqual(len(self.asked), 2)
        self.leave(made)

    def test_much_later(self) -> None:
        """A retry-after of more than `longest` is the end."""
        made = self.ended(";reason=giveup;retry-after=3600")
        self.assertEqual(self.how, [])
        self.leave(made)
        self.watcher.seen.clear()
        self.ended(";reason=giveup;retry-after=3601")
        self.assertEqual(self.how[1:], [Over.TERMINATED])

    def test_again_and_again(self) -> None:
        """It is begun anew so many times, if it does not last in between."""
        self.subscribe()
        for _ in range(SETTINGS.tries + 1):
            self.notified("terminated;reason=deactivated")
            self.network.advance(0.01)
        self.assertEqual(self.how, [Over.TERMINATED])
        self.assertEqual(len(self.asked), SETTINGS.tries + 1)

    def test_lasting(self) -> None:
        """One that lasted in between may be begun anew as often again."""
        made = self.subscribe()
        for _ in range(SETTINGS.tries + 2):
            self.network.advance(61)
            self.notified("terminated;reason=deactivated")
            self.network.advance(0.01)
        self.assertEqual(self.how, [])
        self.leave(made)


class Leaving(SubscribeTestCase):
    def test_twice(self) -> None:
        """It is ended once; who asks again waits for the same."""
        made = self.subscribe()
        both = [made.unsubscribe(), made.unsubscribe()]
        self.network.settle()
        for each in both:
            self.successResultOf(each)
        self.successResultOf(made.unsubscribe())
        self.assertEqual(self.asked, ["600", "0"])

    def test_no_last_notify(self) -> None:
        """The last NOTIFY is waited for, for Timer N at the most (4.1.2.3)."""
        made = self.subscribe()
        self.focus.greets = False
        gone = made.unsubscribe()
        self.notified("active", b"not the last")
        self.network.advance(31.9)
        self.assertNoResult(gone)
        self.network.advance(0.2)
        self.successResultOf(gone)
        self.assertEqual(self.how, [Over.UNSUBSCRIBED])

    def test_refused(self) -> None:
        """Where the end is refused, it is the end."""
        made = self.subscribe()
        self.focus.status = 481
        self.leave(made)
        self.assertEqual(self.watcher.ends, [Ended(Over.UNSUBSCRIBED, 481)])

    def test_before_the_first_notify(self) -> None:
        """What is not established yet is ended as soon as it is."""
        self.focus.greets = False
        made = self.subscribe()
        gone = made.unsubscribe()
        self.network.settle()
        self.assertEqual(self.asked, ["600"])
        self.focus.greets = True
        self.notified("active;expires=600")
        self.assertEqual(self.asked, ["600", "0"])
        self.successResultOf(gone)

    def test_while_waiting_to_begin(self) -> None:
        """What is to be begun anew later is not."""
        made = self.subscribe()
        self.notified("terminated;reason=giveup")
        self.leave(made)
        self.network.advance(100)
        self.assertEqual(self.asked, ["600"])

    def test_stop(self) -> None:
        """All are ended, those without an answer after `drain` seconds."""
        self.subscribe()
        self.network.lose = is_request("SUBSCRIBE")
        stopped = self.subscriptions.stop()
        self.network.advance(4.9)
        self.assertNoResult(stopped)
        self.network.advance(0.2)
        self.successResultOf(stopped)
        self.assertEqual(self.how, [Over.UNSUBSCRIBED])
        self.assertRaises(SipError, self.subscriptions.subscribe, self.watcher)
