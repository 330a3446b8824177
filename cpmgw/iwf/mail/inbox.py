"""Mail that was acknowledged, until all that it asks for is done.

It is on the disk before its sender is told so, worked on at once as far as there is
room, and taken up again at the start and whenever it is due.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final, Protocol

import msgspec
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from cpmgw.bodies.errors import NoRoom
from cpmgw.bodies.interfaces import IBody
from cpmgw.errors import StoreError
from cpmgw.interfaces import IMailbox
from cpmgw.iwf.mail.pump import Pump, pause_after
from cpmgw.iwf.mail.shares import Share
from cpmgw.mail_records import InboxMail, OutboxMail, Repeated
from cpmgw.smtp.interfaces import Reply

KEPT: Final = Reply(250, "kept", "2.0.0")
# RFC 5321 4.2.2, RFC 3463 3.4.
NOT_KEPT: Final = Reply(451, "cannot be kept at present", "4.3.0")
FULL: Final = Reply(452, "too much mail is waiting", "4.3.1")
# Mails that are kept, however small.
MOST_MAILS: Final = 500_000
# Tries at which the work itself fails; after the last one the mail is given up.
MOST_FAILURES: Final = 3
# Recipients of one mail that have a share each in what is done at once.
_TARGETS: Final = 10


class Done(msgspec.Struct, frozen=True):
    """All is done that a mail asks for; `answers` go back for it."""

    answers: tuple[OutboxMail, ...] = ()


class Later(msgspec.Struct, frozen=True):
    """Something is left to do, another time: in so many seconds, None by back-off."""

    pause: float | None = None


Read = Callable[[], bytes]
"""Gives the octets of a mail; an OSError where they are there no more."""


class IWork(Protocol):
    """Does what mails ask for."""

    async def work(self, mail: InboxMail, read: Read) -> Done | Later:
        """Work on a mail, maybe not for the first time.

        The `content` of a mail that has a `path` is its header alone.
        """

    def give_up(self, mail: InboxMail) -> Done:
        """What answers a mail at which the work itself has failed too often."""


class InboxSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much is worked on at once, and kept: `storage` octets in all.

    So many small mails are worked on `together`, and so many `octets` of them; a
    quarter of that many large ones, whose octets are in files. No recipient has more
    than a quarter of either, and where there are several `peers` none has more than
    three quarters. For `memory` seconds after it is done a mail is known for a repeat.
    """

    together: int
    octets: int
    storage: int
    memory: float
    peers: int = 1


class Inbox:
    """The mail of one service.

    `posted` is told that answers are to go out. A mail of no `peer` is one of our own:
    it is kept however much there is.
    """

    log = Logger()

    def __init__(
        self,
        mailbox: IMailbox,
        service: str,
        now: Callable[[], float],
        settings: Callable[[], InboxSettings],
        work: IWork,
        posted: Callable[[], None],
    ) -> None:
        self._mailbox = mailbox
        self._now = now
        self._settings = settings
        self._work = work
        self._posted = posted
        self._pump = Pump[InboxMail](
            page=lambda after: mailbox.due(service, now(), after),
            key=lambda mail: mail.key,
            size=lambda mail: len(mail.content),
            work=self._see_to,
            shares=self._shares,
        )
        self._failures: dict[str, int] = {}

    def __len__(self) -> int:
        """How many mails are being worked on."""
        return len(self._pump)

    async def accept(self, mail: InboxMail, body: IBody) -> Reply:
        """Keep a mail; what is to be answered to it. The body is closed afterwards.

        To one that has come before, 250 as well: it is being worked on, or its answers
        go out once more.
        """
        if mail.peer and self._is_full(body.size):
            body.close()
            self.log.error("mail refused: the storage for it is used up")
            return FULL
        try:
            kept = await self._mailbox.accept(mail, body)
            if isinstance(kept, Repeated):
                await self._answer_again(kept)
        except (StoreError, NoRoom) as error:
            self.log.error("mail not kept: {error}", error=str(error))
            return NOT_KEPT
        finally:
            body.close()
        if isinstance(kept, InboxMail):
            self._pump.take(kept)
        return KEPT

    def start(self) -> None:
        """Take up what an earlier process has left."""
        self._pump.start()

    def sweep(self) -> None:
        """Take up what is due by now."""
        self._pump.wake()

    def stop(self) -> None:
        """Begin nothing any more; what comes is kept for another time."""
        self._pump.stop()

    def idle(self) -> Deferred[None]:
        """Fires when nothing is being worked on."""
        return self._pump.idle()

    async def drain(self, seconds: float, clock: IReactorTime) -> None:
        """Stop, and let go of what takes longer than this: it is kept."""
        await self._pump.drain(seconds, clock)

    # -- within ------------------------------------------------------------------------

    def _is_full(self, size: int) -> bool:
        if self._mailbox.unfinished >= MOST_MAILS:
            return True
        return self._mailbox.stored() + size > self._settings().storage

    def _shares(self, mail: InboxMail) -> tuple[Share, ...]:
        settings = self._settings()
        if mail.path is None:
            size, most, all_ = "small", settings.together, settings.octets
        else:
            size, most, all_ = "large", max(1, settings.together // 4), sys.maxsize
        quarter = max(1, most // 4)
        shares = [
            Share((size, "to", each), quarter) for each in mail.recipients[:_TARGETS]
        ]
        if settings.peers > 1:
            shares.append(Share((size, "from", mail.peer), max(1, most - quarter)))
        return (*shares, Share(size, most, all_))

    async def _answer_again(self, repeated: Repeated) -> None:
        if not repeated.answers:
            return
        expires = self._now() + self._settings().memory
        await self._mailbox.post(
            [
                msgspec.structs.replace(each, expires=max(expires, each.expires))
                for each in repeated.answers
            ]
        )
        self._posted()

    async def _see_to(self, mail: InboxMail) -> None:
        """Work on a mail, and note what came of it."""
        outcome = await self._worked(mail)
        now = self._now()
        try:
            if isinstance(outcome, Later):
                pause = outcome.pause
                if pause is None:
                    pause = pause_after(mail.attempts)
                await self._mailbox.put_off(mail.key, now + pause)
                return
            until = now + self._settings().memory
            await self._mailbox.finish(mail.key, outcome.answers, until)
        except StoreError as error:
            self.log.error("outcome of a mail not kept: {error}", error=str(error))
            return
        if outcome.answers:
            self._posted()

    async def _worked(self, mail: InboxMail) -> Done | Later:
        try:
            outcome = await self._work.work(mail, lambda: _octets_of(mail))
        except CancelledError:
            raise
        except StoreError as error:
            self.log.error("mail put off: {error}", error=str(error))
            return Later()
        except Exception:
            self.log.failure("mail {key} not worked on", key=mail.key)
            return self._failed(mail)
        self._failures.pop(mail.key, None)
        return outcome

    def _failed(self, mail: InboxMail) -> Done | Later:
        """Try again, but not for ever: who waits for an answer is to have one."""
        failures = self._failures.get(mail.key, 0) + 1
        if failures < MOST_FAILURES:
            self._failures[mail.key] = failures
            return Later()
        self._failures.pop(mail.key, None)
        self.log.error("mail {key} given up", key=mail.key)
        try:
            return self._work.give_up(mail)
        except Exception:
            self.log.failure("mail {key} not answered", key=mail.key)
            return Done()


def _octets_of(mail: InboxMail) -> bytes:
    return mail.content if mail.path is None else mail.path.read_bytes()
