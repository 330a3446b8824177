"""Stand-ins for what is around mail: the store, a relay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from cpmgw.bodies.interfaces import IBody
from cpmgw.interfaces import IMailbox
from cpmgw.mail_records import InboxMail, OutboxMail, Repeated
from cpmgw.smtp.errors import SmtpError
from cpmgw.smtp.interfaces import Envelope, IMailRelay, Reply, Sent

PAGE = 3


@implementer(IMailbox)
class Mailbox:
    """What is kept, in memory; `fault` fails whatever is asked, `calls` notes it.

    With `slow` a list, a page waits for the test to fire it.
    """

    def __init__(self) -> None:
        self.open: dict[str, InboxMail] = {}
        self.done: dict[bytes, tuple[OutboxMail, ...]] = {}
        self.words: dict[bytes, tuple[str, tuple[str, ...]]] = {}
        self.out: dict[str, OutboxMail] = {}
        self.until: dict[str, float] = {}
        self.calls: list[str] = []
        self.fault: Exception | None = None
        self.slow: list[Deferred[None]] | None = None
        self.octets = 0
        self.mails = 0

    def _do(self, name: str, result: Any = None) -> Deferred[Any]:
        self.calls.append(name)
        return succeed(result) if self.fault is None else fail(self.fault)

    def accept(self, mail: InboxMail, body: IBody) -> Deferred[InboxMail | Repeated]:
        """Keep it, unless it was."""
        if self.fault is not None:
            return self._do("accept")
        if mail.repeat in self.done:
            key, words = self.words[mail.repeat]
            if all(words):
                return self._do("accept", Repeated(self.done[mail.repeat]))
            del self.done[mail.repeat]
            mail = msgspec.structs.replace(mail, key=key, settled=words)
        if any(each.repeat == mail.repeat for each in self.open.values()):
            return self._do("accept", Repeated())
        content = body.read()
        kept = msgspec.structs.replace(
            mail,
            content=content,
            size=len(content),
            settled=mail.settled or ("",) * len(mail.recipients),
        )
        self.open[mail.key] = kept
        body.close()
        return self._do("accept", kept)

    def _page(self, found: list[Any]) -> Deferred[Any]:
        if self.slow is None:
            return self._do("page", found)
        turn: Deferred[None] = Deferred()
        self.slow.append(turn)
        return turn.addCallback(lambda _: found)

    def due(
        self, service: str, now: float, after: str = ""
    ) -> Deferred[list[InboxMail]]:
        """Some that are due."""
        found = [
            self.open[key]
            for key in sorted(self.open)
            if key > after and self.open[key].service == service
        ]
        return self._page([each for each in found if each.due <= now][:PAGE])

    def settle(self, key: str, recipient: int, word: str) -> Deferred[None]:
        """Note a word."""
        if self.fault is None:
            words = list(self.open[key].settled)
            words[recipient] = word
            self._replace(key, settled=tuple(words))
        return self._do("settle")

    def _replace(self, key: str, **changes: Any) -> None:
        self.open[key] = msgspec.structs.replace(self.open[key], **changes)

    def put_off(self, key: str, due: float) -> Deferred[None]:
        """Later."""
        if self.fault is None:
            self._replace(key, due=due, attempts=self.open[key].attempts + 1)
        return self._do("put_off")

    def finish(
        self, key: str, answers: Sequence[OutboxMail], until: float
    ) -> Deferred[None]:
        """Done."""
        if self.fault is None:
            mail = self.open.pop(key)
            self.done[mail.repeat] = tuple(answers)
            self.words[mail.repeat] = key, mail.settled
            self.until[key] = until
            self.out.update((each.key, each) for each in answers)
        return self._do("finish")

    def post(self, mails: Sequence[OutboxMail]) -> Deferred[None]:
        """Have mails go out."""
        if self.fault is None:
            for each in mails:
                self.out.setdefault(each.key, each)
        return self._do("post")

    def outgoing(
        self, service: str, now: float, after: str = ""
    ) -> Deferred[list[OutboxMail]]:
        """Some that are due."""
        keys = sorted(key for key in self.out if key > after)
        return self._page(
            [self.out[key] for key in keys if self.out[key].due <= now][:PAGE]
        )

    def taken(self, key: str, due: float) -> Deferred[None]:
        """It is gone, or waits for its answer."""
        mail = self.out.pop(key, None)
        if mail is not None and mail.transaction:
            self.out[key] = msgspec.structs.replace(
                mail, due=due, attempts=0, taken=mail.taken + 1
            )
        return self._do("taken")

    def put_off_outgoing(self, key: str, due: float) -> Deferred[None]:
        """Later."""
        mail = self.out[key]
        self.out[key] = msgspec.structs.replace(
            mail, due=due, attempts=mail.attempts + 1
        )
        return self._do("put_off_outgoing")

    def answered(self, service: str, transaction: str) -> Deferred[OutboxMail | None]:
        """The mail of a transaction."""
        found = [
            e for e in self.out.values() if transaction and e.transaction == transaction
        ]
        for each in found:
            del self.out[each.key]
        return self._do("answered", found[0] if found else None)

    def drop(self, key: str) -> Deferred[None]:
        """It is gone."""
        self.out.pop(key, None)
        return self._do("drop")

    @property
    def unfinished(self) -> int:
        """How many."""
        return self.mails or len(self.open)

    def stored(self) -> int:
        """Octets."""
        return self.octets or sum(each.size for each in self.open.values())


@implementer(IMailRelay)
class Link:
    """A relay: `sent` is what it was given, `faults` what it says to each.

    Without a fault left it takes all; with `held` a list the test says what it does.
    """

    is_up = True
    waiting = 0
    running = 1

    def __init__(self, name: str = "home") -> None:
        self.name = name
        self.sent: list[tuple[Envelope, bytes]] = []
        self.faults: list[SmtpError | Reply] = []
        self.held: list[Deferred[Sent]] | None = None

    def send(self, envelope: Envelope, content: IBody) -> Deferred[Sent]:
        """Take it or not; a Reply refuses its recipient."""
        self.sent.append((envelope, content.read()))
        if self.held is not None:
            self.held.append(Deferred())
            return self.held[-1]
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, SmtpError):
            return fail(fault)
        refused = () if fault is None else ((envelope.recipients[0], fault),)
        return succeed(Sent(reply=Reply(250), refused=refused))
