"""The mails that wait for a connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from cpmgw.bodies.interfaces import IBody
from cpmgw.smtp.errors import SmtpError
from cpmgw.smtp.interfaces import Envelope, Sent


class Mail:
    """A mail that is to be sent, and who waits for its outcome.

    It waits since `began` and has to begin to go out before `until`; `why` it has not
    so far. `losses` counts the connections that ended with it, maybe because of it.
    When nobody waits any more `cancelled` is called, and it `is_over`.
    """

    def __init__(
        self,
        envelope: Envelope,
        content: IBody,
        began: float,
        until: float,
        cancelled: Callable[[Mail], None],
    ) -> None:
        self.envelope = envelope
        self.content = content
        self.size = content.size
        self.began = began
        self.until = until
        self.why: SmtpError | None = None
        self.losses = 0
        self.timer: IDelayedCall | None = None
        self.pause: IDelayedCall | None = None
        self.is_over = False
        self.result: Deferred[Sent] = Deferred(lambda _: cancelled(self))

    def settle(self, outcome: Sent | Failure) -> None:
        """Tell the outcome, if anybody waits for it."""
        if not (self.is_over or self.result.called):
            self.is_over = True
            result: Any = outcome
            self.result.callback(result)


class MailQueue:
    """Mails in the order they are to go out; bounded in number and octets.

    One mail may always wait, however large. Some are held: it is not their turn yet.
    """

    def __init__(self, mails: int, octets: int) -> None:
        self._mails = mails
        self._octets = octets
        self._used = 0
        self._first: dict[Mail, None] = {}
        self._rest: dict[Mail, None] = {}
        self._held: dict[Mail, None] = {}

    def __len__(self) -> int:
        return self.ready + len(self._held)

    @property
    def ready(self) -> int:
        """How many could go out now."""
        return len(self._first) + len(self._rest)

    def has_room(self, size: int) -> bool:
        """Whether a mail of so many octets may wait as well."""
        room = len(self) < self._mails and self._used + size <= self._octets
        return room or not len(self)

    def add(self, mail: Mail) -> None:
        """Let a mail wait."""
        self._rest[mail] = None
        self._used += mail.size

    def put_back(self, mail: Mail) -> None:
        """Let a mail wait that had its turn: it is before those that had none."""
        self._first[mail] = None
        self._used += mail.size

    def hold(self, mail: Mail) -> None:
        """Let a mail wait, but not for a connection yet."""
        self._held[mail] = None
        self._used += mail.size

    def release(self, mail: Mail) -> None:
        """Let a mail that was held wait behind all others."""
        del self._held[mail]
        self._rest[mail] = None

    def first(self) -> Mail:
        """The mail whose turn it is."""
        return next(iter(self._first or self._rest))

    def remove(self, mail: Mail) -> None:
        """A mail does not wait any more; neither do its timers."""
        for place in (self._first, self._rest, self._held):
            place.pop(mail, None)
        self._used -= mail.size
        for timer in (mail.timer, mail.pause):
            if timer is not None:
                timer.cancel()
        mail.timer = mail.pause = None

    def clear(self) -> list[Mail]:
        """Take all of them out."""
        mails = [*self._first, *self._rest, *self._held]
        for mail in mails:
            self.remove(mail)
        return mails
