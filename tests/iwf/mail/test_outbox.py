"""Mails of ours that have to reach a relay (decision 0022)."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.errors import StoreError
from cpmgw.iwf.mail.outbox import GivenUp, Outbox, OutboxSettings
from cpmgw.mail_records import OutboxMail
from cpmgw.smtp.errors import (
    CannotCarry,
    NotAdmitted,
    NotSent,
    Refused,
    TooLarge,
    Unanswered,
)
from cpmgw.smtp.interfaces import Reply, Sent
from tests.iwf.mail.stand_ins import Link, Mailbox

LATER = Reply(451, "later")
NEVER = Reply(550, "never")


def mail(number: int = 1, **changes: Any) -> OutboxMail:
    """A mail to go out."""
    made = OutboxMail(
        key=f"{number:032x}",
        service="MMS",
        relay="home",
        sender="us@here",
        recipient="a@b",
        content=b"content",
        expires=10_000.0,
    )
    return msgspec.structs.replace(made, **changes)


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.box = Mailbox()
        self.link = Link()
        self.given_up: list[GivenUp] = []
        self.settings = OutboxSettings(together=2, answer_timeout=300.0, repeats=3)
        self.relays = {"home": self.link}
        self.outbox = Outbox(
            self.box,
            "MMS",
            self.clock.seconds,
            lambda: self.settings,
            self.relays.get,
            lambda mail, why: self.given_up.append(why),
        )
        self.outbox.start()

    def post(self, *mails: OutboxMail) -> None:
        posted = Deferred.fromCoroutine(self.outbox.post(mails))
        self.successResultOf(posted)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.outbox.wake()


class Sending(Case):
    def test_at_once(self) -> None:
        """A mail goes out as soon as it is posted, and is gone when it was taken."""
        self.post(mail())
        [(envelope, content)] = self.link.sent
        self.assertEqual(content, b"content")
        self.assertEqual(envelope.sender, "us@here")
        self.assertEqual([each.address for each in envelope.recipients], ["a@b"])
        self.assertEqual(envelope.size, 7)
        self.assertEqual(self.box.out, {})

    def test_not_kept(self) -> None:
        """What cannot be kept is not posted, and does not go out."""
        self.box.fault = StoreError("no")
        posted = Deferred.fromCoroutine(self.outbox.post([mail()]))
        self.failureResultOf(posted, StoreError)
        self.assertEqual(self.link.sent, [])

    def test_left_by_an_earlier_process(self) -> None:
        """What an earlier process has left goes out at the start."""
        self.outbox.stop()
        self.post(mail())
        self.assertEqual(self.link.sent, [])
        self.outbox.start()
        self.assertEqual(len(self.link.sent), 1)

    def test_together(self) -> None:
        """So many are on their way together, and no more."""
        self.link.held = []
        self.post(*(mail(number) for number in range(1, 5)))
        self.assertEqual(len(self.link.sent), 2)
        self.link.held[0].callback(Sent(reply=Reply(250)))
        self.assertEqual(len(self.link.sent), 3)

    def test_one_relay_away(self) -> None:
        """A relay that is away keeps nobody else's mails waiting."""
        away, here = Link("away"), self.link
        away.held = []
        self.relays["away"] = away
        self.settings = msgspec.structs.replace(self.settings, relays=2)
        self.post(*(mail(number, relay="away") for number in range(1, 30)))
        self.assertEqual(len(away.sent), 1)
        self.post(*(mail(number) for number in range(30, 40)))
        self.assertEqual(len(here.sent), 10)
        self.assertEqual(len(self.outbox), 1)

    def test_temporary(self) -> None:
        """What a relay does not take now goes later, and later still each time."""
        self.link.faults = [
            NotSent("down"),
            Refused(LATER, "MAIL"),
            Unanswered("lost"),
            LATER,
            NotAdmitted(NEVER, "AUTH"),  # that says nothing of the mail
        ]
        self.post(mail())
        for pause, sent in ((5, 1), (10, 2), (20, 3), (40, 4), (80, 5)):
            self.pass_time(pause - 0.5)
            self.assertEqual(len(self.link.sent), sent)
            self.pass_time(0.5)
            self.assertEqual(len(self.link.sent), sent + 1)
        self.assertEqual(self.box.out, {})
        self.assertEqual(self.given_up, [])

    def test_no_relay(self) -> None:
        """What is for a relay that is no more is given up at once, and said."""
        self.post(mail(relay="gone"))
        self.assertEqual(self.box.out, {})
        self.assertEqual(self.given_up, [GivenUp.NO_RELAY])

    def test_permanent(self) -> None:
        """What a relay never takes is dropped, and said."""
        for fault in (Refused(NEVER, "RCPT"), NEVER, TooLarge("x"), CannotCarry("x")):
            self.link.faults = [fault]
            self.post(mail())
            self.assertEqual(self.box.out, {})
        self.assertEqual(self.given_up, [GivenUp.REFUSED] * 4)

    def test_expired(self) -> None:
        """It is tried until it expires, and not once more."""
        self.link.faults = [NotSent("down")] * 10
        self.post(mail(expires=15.0))
        self.pass_time(5.0)
        self.assertEqual(len(self.link.sent), 2)
        self.pass_time(10.0)
        self.assertEqual(len(self.link.sent), 2)
        self.assertEqual(self.given_up, [GivenUp.EXPIRED])
        self.assertEqual(self.box.out, {})


class Awaiting(Case):
    def test_answered(self) -> None:
        """A mail whose answer is awaited is gone when that has come."""
        self.post(mail(transaction="t1"))
        self.assertEqual(list(self.box.out), [mail().key])
        found = Deferred.fromCoroutine(self.outbox.answered("t1"))
        known = self.successResultOf(found)
        assert known is not None
        self.assertEqual(known.key, mail().key)
        self.assertEqual(self.box.out, {})
        again = Deferred.fromCoroutine(self.outbox.answered("t1"))
        self.assertIsNone(self.successResultOf(again))

    def test_repeated(self) -> None:
        """Without an answer it goes again after the time-out, so many times."""
        self.post(mail(transaction="t1"))
        for sent in (1, 2, 3):
            self.pass_time(299.0)
            self.assertEqual(len(self.link.sent), sent)
            self.pass_time(1.0)
            self.assertEqual(len(self.link.sent), sent + 1)
        self.pass_time(300.0)
        self.assertEqual(len(self.link.sent), 4)
        self.assertEqual(self.given_up, [GivenUp.UNANSWERED])
        self.assertEqual(self.box.out, {})


class Stopping(Case):
    def test_drain(self) -> None:
        """What is on its way when a stop has lasted long enough is kept."""
        self.link.held = []
        self.post(mail())
        drained = Deferred.fromCoroutine(self.outbox.drain(5.0, self.clock))
        self.assertNoResult(drained)
        self.clock.advance(5.0)
        self.successResultOf(drained)
        self.assertEqual(list(self.box.out), [mail().key])
        self.assertEqual(len(self.outbox), 0)

    def test_idle(self) -> None:
        """It is idle when nothing is on its way."""
        self.link.held = []
        self.post(mail())
        idle = self.outbox.idle()
        self.assertNoResult(idle)
        self.link.held[0].callback(Sent(reply=Reply(250)))
        self.successResultOf(idle)
