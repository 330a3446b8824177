"""Mail that was acknowledged, until it is done (TS 6.3.1.2.1, decision 0022)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.errors import StoreError
from cpmgw.iwf.mail.inbox import (
    FULL,
    KEPT,
    MOST_FAILURES,
    MOST_MAILS,
    NOT_KEPT,
    Done,
    Inbox,
    InboxSettings,
    Later,
    Read,
)
from cpmgw.iwf.mail.octets import Octets
from cpmgw.iwf.mail.pump import FIRST_RETRY, LAST_RETRY, pause_after
from cpmgw.mail_records import InboxMail, OutboxMail
from cpmgw.smtp.interfaces import Reply
from tests.iwf.mail.stand_ins import Mailbox


def mail(number: int = 1, **changes: Any) -> InboxMail:
    """A mail that has come."""
    made = InboxMail(
        key=f"{number:032x}",
        service="MMS",
        peer="home",
        sender="a@b",
        recipients=(f"c{number}@d",),
        repeat=number.to_bytes(16, "big"),
        received=0.0,
        expires=1_000_000.0,
    )
    return msgspec.structs.replace(made, **changes)


def answer(key: str = "f" * 32) -> OutboxMail:
    """What answers one."""
    return OutboxMail(
        key=key,
        service="MMS",
        relay="home",
        sender="us@here",
        recipient="a@b",
        content=b"x",
        expires=5.0,
    )


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.box = Mailbox()
        self.begun: list[tuple[str, bytes]] = []
        self.outcomes: list[Done | Later | Exception] = []
        self.held: list[Deferred[Done | Later]] | None = None
        self.posted = 0
        self.given_up: list[str] = []
        self.last_word = Done()
        self.settings = InboxSettings(
            together=2, octets=1_000, storage=10_000, memory=600.0
        )
        self.inbox = Inbox(
            self.box,
            "MMS",
            self.clock.seconds,
            lambda: self.settings,
            self,
            self.post,
        )

    def post(self) -> None:
        self.posted += 1

    async def work(self, mail: InboxMail, read: Read) -> Done | Later:
        """Do what the test says (IWork)."""
        self.begun.append((mail.key, read()))
        if self.held is not None:
            self.held.append(Deferred())
            return await self.held[-1]
        outcome = self.outcomes.pop(0) if self.outcomes else Done()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def give_up(self, mail: InboxMail) -> Done:
        """Answer as the test says (IWork)."""
        self.given_up.append(mail.key)
        return self.last_word

    def take(self, mail: InboxMail, content: bytes = b"octets") -> Reply:
        """What is answered to a mail."""
        accepted = self.inbox.accept(mail, Octets(content))
        return self.successResultOf(Deferred.fromCoroutine(accepted))

    def keys(self) -> list[int]:
        return [int(key, 16) for key, _ in self.begun]


class Accepting(Case):
    def test_kept(self) -> None:
        """A mail is acknowledged when it is on the disk, and worked on at once."""
        self.inbox.start()
        self.assertEqual(self.take(mail()), KEPT)
        self.assertEqual(self.begun, [(mail().key, b"octets")])
        self.assertEqual(self.box.open, {})

    def test_store_fails(self) -> None:
        """What is not kept is not acknowledged: 451, and nothing is done about it."""
        self.inbox.start()
        self.box.fault = StoreError("no")
        self.assertEqual(self.take(mail()), NOT_KEPT)
        self.assertEqual(NOT_KEPT.code, 451)
        self.assertEqual(self.begun, [])

    def test_storage(self) -> None:
        """As much as there is storage for is kept; one octet more is 452."""
        self.settings = msgspec.structs.replace(self.settings, storage=10)
        self.box.octets = 4
        self.assertEqual(self.take(mail(1), b"123456"), KEPT)
        self.assertEqual(self.take(mail(2), b"1234567"), FULL)
        self.assertEqual((FULL.code, FULL.enhanced), (452, "4.3.1"))

    def test_number(self) -> None:
        """So many mails are kept, however small they are; one more is 452."""
        self.box.mails = MOST_MAILS - 1
        self.assertEqual(self.take(mail(1)), KEPT)
        self.box.mails = MOST_MAILS
        self.assertEqual(self.take(mail(2)), FULL)
        self.assertEqual(self.take(mail(3, peer="")), KEPT)

    def test_own(self) -> None:
        """What is our own is kept however much there is: nobody would send it again."""
        self.settings = msgspec.structs.replace(self.settings, storage=1)
        self.assertEqual(self.take(mail(1, peer="")), KEPT)
        self.assertEqual(self.take(mail(2)), FULL)

    def test_repeat_with_one_open(self) -> None:
        """A repeat of what was done with a recipient open is a new try for that one."""
        self.inbox.start()
        self.outcomes = [Done((answer(),))]
        self.take(mail(1))
        self.take(mail(2, repeat=mail(1).repeat))
        self.assertEqual(self.keys(), [1, 1])

    def test_stopped(self) -> None:
        """What comes to a gateway that stops is kept for the next one."""
        self.assertEqual(self.take(mail()), KEPT)
        self.assertEqual(self.begun, [])
        self.inbox.start()
        self.assertEqual(self.keys(), [1])

    def test_repeat_while_open(self) -> None:
        """A repeat while it is being worked on: 250, and nothing more."""
        self.inbox.start()
        self.held = []
        self.take(mail(1))
        self.assertEqual(self.take(mail(2, repeat=mail(1).repeat)), KEPT)
        self.assertEqual(self.keys(), [1])
        self.assertEqual(self.box.out, {})

    def test_repeat_when_done(self) -> None:
        """A repeat of what is done: 250, and its answers go out once more."""
        self.inbox.start()
        self.outcomes = [Done((answer(),))]
        self.take(mail(1, recipients=()))
        self.assertEqual(self.posted, 1)
        self.box.out.clear()
        self.clock.advance(100.0)
        self.assertEqual(self.take(mail(2, repeat=mail(1).repeat)), KEPT)
        self.assertEqual(self.keys(), [1])
        again = self.box.out[answer().key]
        self.assertEqual(again.expires, 700.0)
        self.assertEqual(self.posted, 2)

    def test_repeat_that_cannot_be_answered(self) -> None:
        """451 where the answers cannot be posted: the sender tries again."""
        self.inbox.start()
        self.outcomes = [Done((answer(),))]
        self.take(mail(1, recipients=()))

        def post(mails: object) -> Deferred[None]:
            raise StoreError("no")

        self.patch(self.box, "post", post)
        self.assertEqual(self.take(mail(2, repeat=mail(1).repeat)), NOT_KEPT)


class Working(Case):
    def test_taken_up(self) -> None:
        """What an earlier process left is taken up at the start, page by page."""
        for number in range(1, 8):
            self.take(mail(number))
        self.inbox.start()
        self.assertEqual(self.keys(), list(range(1, 8)))

    def test_together(self) -> None:
        """So many are worked on together and no more; the next when one is done."""
        self.held = []
        self.inbox.start()
        for number in range(1, 5):
            self.take(mail(number))
        self.assertEqual(self.keys(), [1, 2])
        self.held[0].callback(Done())
        self.assertEqual(self.keys(), [1, 2, 3])
        self.held[1].callback(Done())
        self.assertEqual(self.keys(), [1, 2, 3, 4])

    def test_octets(self) -> None:
        """As many octets as may be in hand together, and not one more."""
        self.held = []
        self.inbox.start()
        self.take(mail(1), bytes(600))
        self.take(mail(2), bytes(401))
        self.assertEqual(self.keys(), [1])
        self.held[0].callback(Done())
        self.assertEqual(self.keys(), [1, 2])
        self.take(mail(3), bytes(599))
        self.assertEqual(self.keys(), [1, 2, 3])

    def test_larger_than_all(self) -> None:
        """A mail that is larger than what may be in hand is worked on alone."""
        self.held = []
        self.inbox.start()
        self.take(mail(1), bytes(5_000))
        self.take(mail(2))
        self.assertEqual(self.keys(), [1])
        self.held[0].callback(Done())
        self.assertEqual(self.keys(), [1, 2])

    def test_never_twice(self) -> None:
        """What ends while a page that has it is read is not worked on again."""
        self.held = []
        self.inbox.start()
        self.take(mail(1))
        self.take(mail(2))
        self.box.slow = []
        self.inbox.sweep()
        slow = self.box.slow
        self.box.slow = None
        self.held[0].callback(Done())
        slow[0].callback(None)
        self.assertEqual(self.keys(), [1, 2])

    def test_later(self) -> None:
        """What is put off is tried again after a pause that doubles, to 600 s."""
        self.inbox.start()
        self.outcomes = [Later(), Later(), Done()]
        self.take(mail())
        self.inbox.sweep()
        self.assertEqual(len(self.begun), 1)
        self.clock.advance(FIRST_RETRY)
        self.inbox.sweep()
        self.assertEqual(len(self.begun), 2)
        self.clock.advance(2 * FIRST_RETRY - 0.1)
        self.inbox.sweep()
        self.assertEqual(len(self.begun), 2)
        self.clock.advance(0.1)
        self.inbox.sweep()
        self.assertEqual(len(self.begun), 3)
        self.assertEqual(self.box.open, {})

    def test_pauses(self) -> None:
        """Pauses are bounded however many attempts there were."""
        self.assertEqual([pause_after(n) for n in (0, 1, 6, 7)], [5, 10, 320, 600])
        self.assertEqual(pause_after(10**6), LAST_RETRY)

    def test_own_pause(self) -> None:
        """A pause that the work asks for is kept to."""
        self.inbox.start()
        self.outcomes = [Later(42.0)]
        self.take(mail())
        self.assertEqual(self.box.open[mail().key].due, 42.0)

    def test_remembered(self) -> None:
        """What is done is known for as long as a repeat may come."""
        self.inbox.start()
        self.clock.advance(10.0)
        self.take(mail())
        self.assertEqual(self.box.until, {mail().key: 610.0})

    def test_fault(self) -> None:
        """Work that fails for a reason nobody foresaw is logged and tried again."""
        self.inbox.start()
        self.outcomes = [ValueError("bug")]
        self.take(mail())
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual(self.box.open[mail().key].due, FIRST_RETRY)

    def test_fault_for_ever(self) -> None:
        """After a few such failures it is given up, and whoever waits is answered."""
        self.inbox.start()
        self.last_word = Done((answer(),))
        self.outcomes = [ValueError("bug")] * MOST_FAILURES
        self.take(mail())
        for _ in range(MOST_FAILURES - 1):
            self.assertEqual(self.given_up, [])
            self.clock.advance(LAST_RETRY)
            self.inbox.sweep()
        self.assertEqual(self.given_up, [mail().key])
        self.assertEqual(list(self.box.out), [answer().key])
        self.assertEqual(self.box.open, {})
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), MOST_FAILURES)

    def test_fault_now_and_then(self) -> None:
        """Failures with other tries between them, or of the store, do not count."""
        self.inbox.start()
        bug = ValueError("bug")
        self.outcomes = [bug, bug, Later(), bug, bug, *[StoreError("no")] * 5]
        self.take(mail())
        for _ in range(9):
            self.clock.advance(LAST_RETRY)
            self.inbox.sweep()
        self.assertEqual(len(self.begun), 10)
        self.assertEqual(self.given_up, [])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 4)

    def test_fault_in_the_answer(self) -> None:
        """Where not even that can be done it ends, and is logged once."""
        self.inbox.start()
        self.patch(self, "give_up", lambda mail: 1 / 0)
        self.outcomes = [ValueError("bug")] * MOST_FAILURES
        self.take(mail())
        for _ in range(MOST_FAILURES):
            self.clock.advance(LAST_RETRY)
            self.inbox.sweep()
        self.assertEqual(self.box.open, {})
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.flushLoggedErrors(ValueError)

    def test_outcome_not_kept(self) -> None:
        """What is done but cannot be noted so stays open, and is done again."""
        self.inbox.start()
        self.held = []
        self.take(mail())
        self.box.fault = StoreError("no")
        self.held[0].callback(Done((answer(),)))
        self.assertEqual(self.posted, 0)
        self.box.fault, self.held = None, None
        self.inbox.sweep()
        self.assertEqual(len(self.begun), 2)

    def test_content_in_a_file(self) -> None:
        """The octets of a large mail are read from its file."""
        path = Path(self.mktemp())
        path.write_bytes(b"large")
        kept = mail(path=path, size=5)
        self.box.open[kept.key] = kept
        self.inbox.start()
        self.assertEqual(self.begun, [(kept.key, b"large")])


class Stopping(Case):
    def test_idle(self) -> None:
        """It is idle when nothing is being worked on."""
        self.inbox.start()
        self.successResultOf(self.inbox.idle())
        self.held = []
        self.take(mail())
        idle = self.inbox.idle()
        self.assertNoResult(idle)
        self.held[0].callback(Done())
        self.successResultOf(idle)

    def test_drain(self) -> None:
        """What takes longer than a stop may is let go; it is kept and done again."""
        self.inbox.start()
        self.held = []
        self.take(mail())
        drained = Deferred.fromCoroutine(self.inbox.drain(5.0, self.clock))
        self.assertEqual(self.take(mail(2)), KEPT)
        self.assertEqual(self.keys(), [1])
        self.clock.advance(5.0)
        self.successResultOf(drained)
        self.assertEqual(len(self.inbox), 0)
        self.assertEqual(len(self.box.open), 2)

    def test_drain_in_time(self) -> None:
        """A stop waits no longer than for what is in hand."""
        self.inbox.start()
        self.held = []
        self.take(mail())
        drained = Deferred.fromCoroutine(self.inbox.drain(5.0, self.clock))
        self.held[0].callback(Done())
        self.successResultOf(drained)
        self.assertEqual(self.box.open, {})
