"""What must outlive the process, as whoever needs it sees it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from cpmgw.bodies.interfaces import IBody
    from cpmgw.mail_records import (
        InboxMail,
        OutboxMail,
        ReceivedMms,
        Repeated,
        SentMms,
    )
    from cpmgw.records import (
        Allocation,
        Answer,
        Collected,
        GroupSession,
        NumberPool,
        PoolUse,
        ReceivedSegment,
        Reported,
        SegmentReport,
        SentMessage,
        Shortage,
        Watched,
    )


class ISentMessages(Interface):
    """What was sent as short messages, and what its senders were answered."""

    def remember(answer: Answer | None, message: SentMessage | None) -> Deferred[None]:
        """Keep a sent message and the answer given for it, in one transaction."""

    def report(
        centre: str, message_id: str, report: SegmentReport
    ) -> Deferred[Reported | None]:
        """Record a status report; give its message, or None if none is known.

        A final state is never replaced by another one (late, repeated reports).
        """

    def settle(key: str, until: float, forget: bytes = b"") -> Deferred[None]:
        """The notification of a sent message was relayed: keep it `until` then.

        `forget` is the key of an answer that does not hold any more, because its
        message was not delivered: a repeat of the request is a new try.
        """

    def unsettled(after: str = "") -> Deferred[list[Reported]]:
        """Sent messages with reports whose notification was not relayed.

        In the order of their keys, some of those `after` this one; none at the end.
        """

    def answers() -> Deferred[list[Answer]]:
        """Every answer that has not expired, read once at the start."""


class IReceivedMessages(Interface):
    """What came from an SM-SC, whole or in part."""

    def collect(segment: ReceivedSegment, anew: bool = False) -> Deferred[Collected]:
        """Keep a received segment (replacing its like) and give all of its message.

        With `anew`, it is not taken for a repeat of one that has been delivered.
        """

    def collected(collection: str) -> Deferred[Collected | None]:
        """A received message as it is now, None if it is not known any more."""

    def delivered(
        collection: str, at: float, until: float, numbers: Collection[int] = ()
    ) -> Deferred[None]:
        """The CPM side has taken the message: keep its fingerprints `until`.

        `numbers` are its segments that were sent, where that may not be all: of one
        that came later nothing is kept.
        """

    def repeats(collection: str) -> Deferred[bool]:
        """Whether all segments of a message stand in one that was delivered."""

    def discard(collection: str) -> Deferred[None]:
        """Forget a received message that was refused for good and not delivered."""

    def overdue(now: float) -> Deferred[list[str]]:
        """The names of messages past their limit in time and not delivered."""

    def put_off(collection: str, until: float) -> Deferred[None]:
        """Have an undelivered message be overdue at this time and not before."""


class IInterworkingNumbers(Interface):
    """Which number stands for which session, of a group or of two (TS 5.1, 5.2)."""

    def offer(pools: Sequence[NumberPool]) -> Deferred[None]:
        """Have these numbers and no others to give: called once, at the start.

        A number that stands for a session keeps it, offered or not.
        """

    def allocate(
        session: GroupSession, service: str, pools: Sequence[NumberPool], now: float
    ) -> Deferred[Allocation | Shortage]:
        """The number of a session, given to it now if it has none; that is a use.

        Of the pools the first with a free number gives the one that was given back
        longest ago, or never.
        """

    def find(session: GroupSession) -> Deferred[Allocation | None]:
        """The number of a session, None if it has none."""

    def by_number(number: str, user: str) -> Deferred[Allocation | None]:
        """The session that a number stands for where this user is concerned."""

    def release(session: GroupSession) -> Deferred[bool]:
        """Take the number of a session back; False if it has none."""

    def take_back(allocation: Allocation) -> Deferred[bool]:
        """Release an allocation as it is known here; False if it was used since."""

    def end_lost(before: float, apart: float) -> Deferred[int]:
        """Take back some numbers of sessions of two last used `before`; how many.

        Those that each had one of their own, and cannot begin again, `apart`.
        """

    def allocations(after: tuple[str, str] = ("", "")) -> Deferred[list[Allocation]]:
        """Every allocation in the order of number and user, page by page.

        Some of those `after` this number and user; none at the end.
        """

    def pools() -> Deferred[list[PoolUse]]:
        """How much of each pool is in use."""


class IWatchedNumbers(Interface):
    """Whose alert is awaited after a delivery that failed (TS 6.2.3.1)."""

    def keep(number: Watched) -> Deferred[None]:
        """Keep what is known of a number, in place of what was."""

    def drop(number: str) -> Deferred[None]:
        """Forget a number; it need not be there."""

    def page(after: str = "") -> Deferred[list[Watched]]:
        """Some of those after this one in the order of numbers; none at the end."""


class IMailbox(Interface):
    """Mail that was acknowledged and is not done, and mail that has to go out.

    What names a mail that is not known (any more) is without effect.
    """

    unfinished: int = Attribute("How many mails are kept or being kept, and not done.")

    def accept(mail: InboxMail, body: IBody) -> Deferred[InboxMail | Repeated]:
        """Keep a mail, safe on the disk once this fires; the body is the store's then.

        It gives the mail as it was kept: with its content, or the path of it and its
        header.
        One that has come before (`service`, `repeat`) is not kept again: `Repeated` has
        what answered it, as long as that is known. But where it was finished while one
        of its recipients was open it is taken up again for those: as the first time,
        with its key and what is settled. The body is closed in any case.
        """

    def due(service: str, now: float, after: str = "") -> Deferred[list[InboxMail]]:
        """Some mails in the order of their keys that are to be worked on by now.

        Of those after this key; none at the end.
        """

    def settle(key: str, recipient: int, word: str) -> Deferred[None]:
        """What became of a mail for one of its recipients, by place (from 0)."""

    def put_off(key: str, due: float) -> Deferred[None]:
        """Have a mail be due later; one attempt more."""

    def finish(key: str, answers: Sequence[OutboxMail], until: float) -> Deferred[None]:
        """A mail is done: its content goes, its answers are posted, all at once.

        Until then in seconds since 1970 it is known for a repeat, with its answers. Of
        a mail that is done already, or unknown, no answers are posted.
        """

    def post(mails: Sequence[OutboxMail]) -> Deferred[None]:
        """Have mails go out; one that waits already (by its key) stays as it is."""

    def outgoing(
        service: str, now: float, after: str = ""
    ) -> Deferred[list[OutboxMail]]:
        """Some mails in the order of their keys that are due by now.

        Of those after this key; none at the end.
        """

    def taken(key: str, due: float) -> Deferred[None]:
        """A relay has taken a mail.

        It is gone then; one with a transaction waits for its answer and goes once more
        when due, `taken` once more and with no attempts behind it.
        """

    def put_off_outgoing(key: str, due: float) -> Deferred[None]:
        """A relay has not taken a mail: it goes when due; one attempt more."""

    def answered(service: str, transaction: str) -> Deferred[OutboxMail | None]:
        """The answer to a mail is here: it is gone, and given; None if unknown."""

    def drop(key: str) -> Deferred[None]:
        """A mail of ours need not go out any more."""

    def stored() -> int:
        """Octets of the mails that are kept or being kept, and are not done."""


class IMultimedia(Interface):
    """What reports of MMS need, both ways (TS 6.3.1.1.3, 6.3.1.2.1 step 4)."""

    def keep_sent(message: SentMms) -> Deferred[None]:
        """Keep a message that is about to be sent, in place of one of the same id."""

    def sent(message_id: str) -> Deferred[SentMms | None]:
        """The message of this X-Mms-Message-ID, None if none is known."""

    def told_of_sent(
        message_id: str, kind: str, forget: bytes = b"", until: float = 0.0
    ) -> Deferred[None]:
        """The CPM side was told of it.

        `forget` is the key of an answer that does not hold any more, because the
        message was not delivered; `until` is when that answer expires, or later.
        """

    def drop_sent(message_id: str) -> Deferred[None]:
        """It was not sent after all."""

    def keep_received(message: ReceivedMms) -> Deferred[None]:
        """Keep whom the reports of a message go to; one that is known stays as it is.

        So what has been told is not forgotten where the message is worked on again.
        """

    def received(imdn_id: str) -> Deferred[ReceivedMms | None]:
        """The message of this imdn.Message-ID, None if none is known."""

    def report(
        imdn_id: str, reports: Mapping[str, OutboxMail]
    ) -> Deferred[tuple[str, ...]]:
        """Reports by their kind go back: those not told before are noted and posted.

        It gives their kinds, in the order of `reports`; all of it is one transaction,
        so that of two that race one has them. None if the message is not known.
        """


class IStore(Interface):
    """What must outlive the process; each Deferred fires after the commit."""

    healthy: bool = Attribute("Whether the last commit went well and there is room.")
    sent: ISentMessages = Attribute("What was sent, and answered.")
    received: IReceivedMessages = Attribute("What was received.")
    numbers: IInterworkingNumbers = Attribute("What stands for sessions.")
    watched: IWatchedNumbers = Attribute("Whose alert is awaited.")
    mail: IMailbox = Attribute("Mail in and out.")
    multimedia: IMultimedia = Attribute("What reports of MMS need.")

    def secret(name: str) -> Deferred[bytes]:
        """A key of this gateway: 32 octets, the same whenever it is asked for."""

    def sweep(now: float) -> Deferred[int]:
        """Drop what has expired (never an undelivered received message); how many."""
