"""Small mails of ours that have to reach a relay, sooner or later.

Each goes out at once, and again whenever it is due: after a back-off where the relay
could not be reached or did not want it now, after a wait where an answer is awaited
that has not come.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from cpmgw.errors import StoreError
from cpmgw.interfaces import IMailbox
from cpmgw.iwf.mail.octets import Octets
from cpmgw.iwf.mail.pump import Pump, pause_after
from cpmgw.iwf.mail.shares import Share
from cpmgw.mail_records import OutboxMail
from cpmgw.smtp.errors import (
    CannotCarry,
    NotSent,
    Refused,
    SmtpError,
    TooLarge,
    Unanswered,
)
from cpmgw.smtp.interfaces import Envelope, IMailRelay, Recipient, Reply

# Octets of these mails that are on their way at once.
_OCTETS: Final = 16 * 1024 * 1024


class GivenUp(Enum):
    """Why a mail does not go out any more."""

    REFUSED = "refused"
    EXPIRED = "expired"
    UNANSWERED = "unanswered"
    NO_RELAY = "no-relay"


class OutboxSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How many go out at once; seconds that an answer is awaited, and how often.

    Each of so many `relays` has its part of those that go out `together`.
    """

    together: int
    answer_timeout: float
    repeats: int
    relays: int = 1


class Outbox:
    """The mails of one service that go out.

    `relay` gives the way to the one of a name, None where none is known. `given_up` is
    told of a mail that does not go out any more, and why.
    """

    log = Logger()

    def __init__(
        self,
        mailbox: IMailbox,
        service: str,
        now: Callable[[], float],
        settings: Callable[[], OutboxSettings],
        relay: Callable[[str], IMailRelay | None],
        given_up: Callable[[OutboxMail, GivenUp], None] = lambda mail, why: None,
    ) -> None:
        self._mailbox = mailbox
        self._service = service
        self._now = now
        self._settings = settings
        self._relay = relay
        self._given_up = given_up
        self._pump = Pump[OutboxMail](
            page=lambda after: mailbox.outgoing(service, now(), after),
            key=lambda mail: mail.key,
            size=lambda mail: len(mail.content),
            work=self._see_to,
            shares=self._shares,
        )

    def __len__(self) -> int:
        """How many mails are on their way."""
        return len(self._pump)

    async def post(self, mails: Sequence[OutboxMail]) -> None:
        """Keep mails and send them; StoreError where they are not kept."""
        await self._mailbox.post(mails)
        self.wake()

    def wake(self) -> None:
        """Send what is due by now: something was posted, or time has passed."""
        self._pump.wake()

    async def answered(self, transaction: str) -> OutboxMail | None:
        """The answer to a mail is here, which is given; None if none waits for it."""
        mail: OutboxMail | None = await self._mailbox.answered(
            self._service, transaction
        )
        return mail

    def start(self) -> None:
        """Take up what an earlier process has left."""
        self._pump.start()

    def stop(self) -> None:
        """Send nothing any more; what is posted is kept."""
        self._pump.stop()

    def idle(self) -> Deferred[None]:
        """Fires when nothing is on its way."""
        return self._pump.idle()

    async def drain(self, seconds: float, clock: IReactorTime) -> None:
        """Stop, and let go of what takes longer than this: it is kept."""
        await self._pump.drain(seconds, clock)

    # -- within ------------------------------------------------------------------------

    def _shares(self, mail: OutboxMail) -> tuple[Share, ...]:
        settings = self._settings()
        most = settings.together
        own = max(1, most // max(1, settings.relays))
        return Share(("to", mail.relay), own), Share("all", most, _OCTETS)

    async def _see_to(self, mail: OutboxMail) -> None:
        try:
            await self._send_or_give_up(mail)
        except StoreError as error:
            self.log.error("outcome of a mail not kept: {error}", error=str(error))

    async def _send_or_give_up(self, mail: OutboxMail) -> None:
        settings = self._settings()
        if mail.taken > settings.repeats:
            await self._give_up(mail, GivenUp.UNANSWERED)
        elif mail.expires <= self._now():
            await self._give_up(mail, GivenUp.EXPIRED)
        elif (link := self._relay(mail.relay)) is None:
            await self._give_up(mail, GivenUp.NO_RELAY)
        elif (taken := await self._sent(mail, link)) is None:
            await self._give_up(mail, GivenUp.REFUSED)
        elif taken:
            due = self._now() + settings.answer_timeout
            await self._mailbox.taken(mail.key, due)
        else:
            due = self._now() + pause_after(mail.attempts)
            await self._mailbox.put_off_outgoing(mail.key, due)

    async def _give_up(self, mail: OutboxMail, why: GivenUp) -> None:
        self.log.error(
            "mail to {relay} given up: {why}", relay=mail.relay, why=why.value
        )
        await self._mailbox.drop(mail.key)
        self._given_up(mail, why)

    async def _sent(self, mail: OutboxMail, link: IMailRelay) -> bool | None:
        """Whether the relay has taken a mail; None where it never will."""
        envelope = Envelope(
            sender=mail.sender,
            recipients=(Recipient(address=mail.recipient),),
            size=len(mail.content),
        )
        try:
            sent = await link.send(envelope, Octets(mail.content))
        except Refused as refusal:
            return self._unless_temporary(mail, refusal.reply)
        except (NotSent, Unanswered) as error:
            self.log.debug("mail not sent: {error}", error=str(error))
            return False
        except (TooLarge, CannotCarry) as error:
            self.log.error("mail not taken: {error}", error=str(error))
            return None
        except SmtpError as error:
            self.log.error("mail not sent: {error}", error=str(error))
            return False
        if sent.refused:
            return self._unless_temporary(mail, sent.refused[0][1])
        return True

    def _unless_temporary(self, mail: OutboxMail, reply: Reply) -> bool | None:
        if reply.is_temporary:
            return False
        self.log.error(
            "{relay} does not take a mail: {code}", relay=mail.relay, code=reply.code
        )
        return None
