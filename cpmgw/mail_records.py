"""What the store keeps of mail, and of the MMS that it carries, as values."""

from __future__ import annotations

from pathlib import Path

import msgspec

from cpmgw.records import ImdnContext


class InboxMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that was acknowledged (250), until all that it asks for is done.

    `key` is unique, 32 hex digits: what is made of the mail has identifiers that come
    from it, the same when it is done again after a crash. `service` is the one that has
    to see to it, `peer` its name of who sent it ("mmsc[home]"). `repeat` is what the
    same request has in common with it when it comes again, 16 octets. `content` are
    the octets of a small mail; those of a large one are in the file at `path`, and its
    header is the `content`; `size` is how many there are. `settled` has for each
    recipient a word of the service's for what became of it, empty while that is open.
    `due` is when it is to be worked on again, after `attempts`. Times are seconds since
    1970.
    """

    key: str
    service: str
    peer: str
    sender: str
    recipients: tuple[str, ...]
    repeat: bytes
    received: float
    expires: float
    content: bytes = b""
    path: Path | None = None
    size: int = 0
    settled: tuple[str, ...] = ()
    due: float = 0.0
    attempts: int = 0

    @property
    def is_lost(self) -> bool:
        """Whether there is no more of a large one than its header."""
        return self.path is None and len(self.content) < self.size


class OutboxMail(msgspec.Struct, frozen=True, kw_only=True):
    """A small mail of ours that has to reach a relay, sooner or later.

    `key` is unique, 32 hex digits; `relay` is the name of the one it goes to. What is
    answered has the `transaction` that its answer quotes, and waits for that until it
    is `due` to go again; other mail is gone once the relay has taken it. It was `taken`
    so often, and since then there were so many `attempts` at which it was not. It is
    given up when it `expires`, by its service. Times are seconds since 1970.
    """

    key: str
    service: str
    relay: str
    sender: str
    recipient: str
    content: bytes
    expires: float
    due: float = 0.0
    attempts: int = 0
    taken: int = 0
    transaction: str = ""


class Repeated(msgspec.Struct, frozen=True):
    """A request that has come before: what answered it then, none while it is open."""

    answers: tuple[OutboxMail, ...] = ()


class SentMms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message of the CPM side that goes out as MMS, until its reports are in.

    Kept before it is sent: its `message_id` (X-Mms-Message-ID) is ours and unique. The
    reports that were asked for are in `context.requested`; `told` are the kinds of
    those that the CPM side has been told of ("delivery", "display"), and "taken" where
    the relay has answered that it took the message. `transaction_id` is that of the
    last try that may have left, `relay` the name of where it went. `recipient` is the
    MMS user's address as the dial plan writes it, `answer` the key of the answer that
    the sender was given. `expires` is in seconds since 1970.
    """

    message_id: str
    context: ImdnContext
    relay: str
    recipient: str
    expires: float
    told: tuple[str, ...] = ()
    answer: bytes = b""
    transaction_id: str = ""


class ReceivedMms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An MMS for which reports are to go back (TS 6.3.1.2.1 step 4).

    `imdn_id` is our imdn.Message-ID, unique for each recipient. `message_id` is that of
    MM4, `sender` and `recipient` are addresses of MM4, `mail_from` is that of the
    envelope and `system` the originator's system address, empty where it was not said.
    `wanted` are the reports that were asked for ("delivery", "read"), `told` those that
    went back. `expires` is how long they are of use, `expiry` the Time of Expiry that
    the message has; times are seconds since 1970.
    """

    imdn_id: str
    message_id: str
    relay: str
    sender: str
    recipient: str
    mail_from: str
    system: str
    wanted: tuple[str, ...]
    expires: float
    told: tuple[str, ...] = ()
    expiry: float | None = None
