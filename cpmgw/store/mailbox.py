"""Mail in and out: rows (inbox.py, outbox.py) and what they hold (contents.py)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import implementer

from cpmgw.bodies.interfaces import IBody
from cpmgw.interfaces import IMailbox
from cpmgw.mail_records import InboxMail, OutboxMail, Repeated
from cpmgw.store import inbox, outbox
from cpmgw.store.contents import Contents

# Mails that are given at once, and about how many octets of small ones.
MAILS: Final = 1_000
OCTETS: Final = 4 * 1024 * 1024

Outcome = TypeVar("Outcome", InboxMail | Repeated, Failure)


@implementer(IMailbox)
class Mailbox:
    """Mail in and out; `wait` runs what waits for the disk, in a thread of its own."""

    def __init__(
        self,
        perform: Callable[..., Deferred[Any]],
        wait: Callable[[Callable[[], InboxMail]], Deferred[InboxMail]],
        contents: Contents,
    ) -> None:
        self._perform = perform
        self._wait = wait
        self._contents = contents

    # -- in ----------------------------------------------------------------------------

    def accept(self, mail: InboxMail, body: IBody) -> Deferred[InboxMail | Repeated]:
        """Keep a mail, safe on the disk once this fires; the body is closed by then.

        The file of a large one is on the disk before its row is asked for, so that
        whatever else is committed does not wait for that.
        """
        kept, secure = self._contents.arrival(mail, body)
        accepted: Deferred[InboxMail | Repeated]
        if secure is None:
            accepted = self._perform(inbox.accept, kept)
        else:
            accepted = self._wait(secure).addCallback(
                lambda whole: self._perform(inbox.accept, whole)
            )
        return accepted.addBoth(self._accepted, kept, body)

    def _accepted(self, outcome: Outcome, mail: InboxMail, body: IBody) -> Outcome:
        body.close()
        if not isinstance(outcome, InboxMail):
            self._contents.free(mail.size, mail.path)
        return outcome

    def due(
        self, service: str, now: float, after: str = ""
    ) -> Deferred[list[InboxMail]]:
        """Some mails in the order of their keys that are to be worked on by now."""
        return self._perform(inbox.due, service, now, after, MAILS, OCTETS)

    def settle(self, key: str, recipient: int, word: str) -> Deferred[None]:
        """What became of a mail for one of its recipients."""
        return self._perform(inbox.settle, key, recipient, word)

    def put_off(self, key: str, due: float) -> Deferred[None]:
        """Have a mail be due later."""
        return self._perform(inbox.put_off, key, due)

    def finish(
        self, key: str, answers: Sequence[OutboxMail], until: float
    ) -> Deferred[None]:
        """A mail is done: its content goes, its answers are posted."""
        return self._perform(inbox.finish, key, answers, until).addCallback(self._done)

    def _done(self, freed: inbox.Freed | None) -> None:
        if freed is not None:
            self._contents.free(*freed)

    def stored(self) -> int:
        """Octets of the mails that are kept or being kept, and are not done."""
        return self._contents.octets

    @property
    def unfinished(self) -> int:
        """How many mails are kept or being kept, and are not done."""
        return self._contents.mails

    # -- out ---------------------------------------------------------------------------

    def post(self, mails: Sequence[OutboxMail]) -> Deferred[None]:
        """Have mails go out."""
        return self._perform(outbox.post, mails)

    def outgoing(
        self, service: str, now: float, after: str = ""
    ) -> Deferred[list[OutboxMail]]:
        """Some mails in the order of their keys that are due by now."""
        return self._perform(outbox.due, service, now, after, MAILS, OCTETS)

    def taken(self, key: str, due: float) -> Deferred[None]:
        """A relay has taken a mail."""
        return self._perform(outbox.taken, key, due)

    def put_off_outgoing(self, key: str, due: float) -> Deferred[None]:
        """A relay has not taken a mail: it goes when due."""
        return self._perform(outbox.put_off, key, due)

    def answered(self, service: str, transaction: str) -> Deferred[OutboxMail | None]:
        """The answer to a mail is here: it is gone, and given."""
        return self._perform(outbox.answered, service, transaction)

    def drop(self, key: str) -> Deferred[None]:
        """A mail of ours need not go out any more."""
        return self._perform(outbox.drop, key)
