"""What has crossed since the process began, as plain counts.

One object a gateway, handed to whoever has something to count; the metrics read it when
they are asked for. It is on the path of every message, so a count is an addition in a
dictionary. All calls come from the reactor's thread.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from enum import Enum
from typing import Final

from txsmpp.status import CommandStatus

# Statuses that SMPP does not name are counted together: a peer may send any of 2**32.
VENDOR: Final = -1

# RFC 3261 and its extensions; other methods are counted together.
METHODS: Final = frozenset(
    (
        *("ACK", "BYE", "CANCEL", "INFO", "INVITE", "MESSAGE", "NOTIFY", "OPTIONS"),
        *("PRACK", "PUBLISH", "REFER", "REGISTER", "SUBSCRIBE", "UPDATE"),
    )
)

# Seconds: the upper bounds of the buckets of the time to an answer.
BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_KNOWN: Final = frozenset(int(status) for status in CommandStatus)


class Alert(Enum):
    """What an alert_notification of an SM-SC comes to (TS 6.2.3.1).

    AWAITED: the CPM side is told; UNEXPECTED: nobody waits for that user; UNAVAILABLE:
    it says that the user cannot be reached; NO_ADDRESS: it names nobody.
    """

    AWAITED = "awaited"
    UNEXPECTED = "unexpected"
    UNAVAILABLE = "unavailable"
    NO_ADDRESS = "no-address"


class Durations:
    """How many took how long: a count for each bound, and one for beyond."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


class MmsTraffic:
    """The counts of what crosses to MMS relays and from them.

    All words are of fixed sets: `forwarded` by relay and the status of MM4_forward.RES,
    or what took its place; `mm4_received` are PDUs that came, by relay, type and what
    was made of them; `reported_back` by relay, kind and status; `adapted` by kind of
    content and outcome. `mail_waiting` is how many mails each box of a service has at
    present.
    """

    def __init__(self) -> None:
        self.forwarded: Counter[tuple[str, str | None]] = Counter()
        self.mm4_received: Counter[tuple[str, str, str]] = Counter()
        self.reported_back: Counter[tuple[str, str, str | None]] = Counter()
        self.adapted: Counter[tuple[str, str]] = Counter()
        self.mail_waiting: dict[tuple[str, str], int] = {}

    def forward(self, relay: str, status: str | None) -> None:
        """A multimedia message went to a relay (TS 6.3.1.1).

        `status` is that of MM4_forward.RES; "accepted" where none was asked for, a word
        for what SMTP said where the relay did not take it ("refused", "not-sent"),
        and None where nobody answered.
        """
        self.forwarded[relay, status] += 1

    def mm4(self, relay: str, kind: str, status: str) -> None:
        """A PDU came from a relay, and was taken so, or refused.

        `kind` is its X-Mms-Message-Type, "other" for one that is not known; `status` is
        the X-Mms-Request-Status-Code that answers it, or a word for what was done
        ("kept", "refused", "given-up"); an unknown peer is the relay "".
        """
        self.mm4_received[relay, kind, status] += 1

    def report_back(self, relay: str, kind: str, status: str | None) -> None:
        """A report went to a relay (TS 6.3.1.2.3, 6.3.1.2.4).

        `kind` is "delivery" or "read"; `status` that of its RES, "accepted" where none
        was asked for, a word for what went wrong, None where nobody answered.
        """
        self.reported_back[relay, kind, status] += 1

    def adapt(self, kind: str, outcome: str) -> None:
        """Content was to be made fit for MMS (TS 6.3 1).

        `kind` is the main type of what came ("image", "audio", "video"); `outcome` is
        one word of a fixed set ("converted", "left-out", "failed", "busy").
        """
        self.adapted[kind, outcome] += 1

    def hold(self, service: str, box: str, mails: int) -> None:
        """So many mails of a service are in its "inbox" or "outbox" at present."""
        self.mail_waiting[service, box] = mails


class Traffic(MmsTraffic):
    """The counts of one gateway.

    `answers` to messages and `invites` are by SIP status, `large` messages by that of
    MSRP, counted where they are answered, and so are the messages of sessions, `chats`,
    by "outbound" or "inbound" and that status; `sessions` is how many stand at present;
    `selected` by service and kind of request;
    `refused`, by us or an IWF of ours, by SIP status and cause; `turned_away`, before
    anything looked into them, by method and SIP status; `looked_up` are preferences, by
    what was found and why; `submitted`, `received` and `reported` by SM-SC and
    command_status; `alerts` by SM-SC and what they come to; `notified` by kind and SIP
    status, or that of MSRP. Statuses are plain integers, `VENDOR` for a command_status
    that SMPP does not name, None where nobody answered.
    """

    def __init__(self) -> None:
        super().__init__()
        self.answers: Counter[int] = Counter()
        self.answer_time = Durations()
        self.ended_notifications = 0
        self.invites: Counter[int] = Counter()
        self.large: Counter[int] = Counter()
        self.chats: Counter[tuple[str, int | None]] = Counter()
        self.sessions = 0
        self.selected: Counter[tuple[str, str]] = Counter()
        self.refused: Counter[tuple[int, str]] = Counter()
        self.turned_away: Counter[tuple[str, int]] = Counter()
        self.looked_up: Counter[tuple[str, str]] = Counter()
        self.submitted: Counter[tuple[str, int | None]] = Counter()
        self.received: Counter[tuple[str, int]] = Counter()
        self.reported: Counter[tuple[str, int]] = Counter()
        self.alerts: Counter[tuple[str, Alert]] = Counter()
        self.notified: Counter[tuple[str, int | None]] = Counter()

    def answer(self, status: int, seconds: float) -> None:
        """A SIP MESSAGE from CPM was given its final answer after so many seconds."""
        self.answers[status] += 1
        self.answer_time.add(seconds)

    def invite(self, status: int) -> None:
        """An INVITE outside of a dialog was given its final answer."""
        self.invites[status] += 1

    def select(self, service: str, kind: str) -> None:
        """A request is handed to an IWF of this service (TS 5.1 step 10)."""
        self.selected[service, kind] += 1

    def refuse(self, status: int, cause: str) -> None:
        """A request is refused, or an IWF of ours has refused it."""
        self.refused[status, cause] += 1

    def turn_away(self, method: str, status: int) -> None:
        """The SIP endpoint answered a request without looking further."""
        self.turned_away[_known_method(method), status] += 1

    def look_up(self, state: str, reason: str) -> None:
        """A user's preferences were looked up (TS 5.1 step 7)."""
        self.looked_up[state, reason] += 1

    def end_notification(self) -> None:
        """A disposition notification from CPM ends here: nobody is to be told."""
        self.ended_notifications += 1

    def submit(self, centre: str, command_status: int | None) -> None:
        """An SM-SC answered one short message, or did not."""
        if command_status is not None:
            command_status = _counted(command_status)
        self.submitted[centre, command_status] += 1

    def receive(self, centre: str, command_status: int) -> None:
        """A short message from an SM-SC is answered so."""
        self.received[centre, _counted(command_status)] += 1

    def report(self, centre: str, command_status: int) -> None:
        """A status report from an SM-SC is answered so."""
        self.reported[centre, _counted(command_status)] += 1

    def alert(self, centre: str, found: Alert) -> None:
        """An alert_notification came from an SM-SC."""
        self.alerts[centre, found] += 1

    def notify(self, kind: str, status: int | None) -> None:
        """A notification to CPM was answered so, or not.

        Kinds are "imdn" and, in a session, "imdn-msrp", "failed-iw", "ready-for-sms".
        """
        self.notified[kind, status] += 1


def _known_method(method: str) -> str:
    """A method that there is; a peer may send any word."""
    return method if method in METHODS else ""


def _counted(command_status: int) -> int:
    return int(command_status) if command_status in _KNOWN else VENDOR
