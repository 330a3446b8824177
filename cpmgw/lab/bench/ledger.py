"""What became of each message of a run, and what that says (no I/O)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import ceil, inf

import msgspec


class Latency(msgspec.Struct, frozen=True):
    """How long something took, in seconds."""

    p50: float
    p99: float
    worst: float


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value that `share` of an ascending, non-empty sequence does not exceed."""
    return ordered[max(0, ceil(len(ordered) * share) - 1)]


def latency(samples: Sequence[float]) -> Latency:
    """The distribution of some times; infinite where there are none."""
    if not samples:
        return Latency(inf, inf, inf)
    ordered = sorted(samples)
    return Latency(percentile(ordered, 0.5), percentile(ordered, 0.99), ordered[-1])


class Ledger:
    """Each message's moments, by its number from 0; 0.0 where one has not come.

    A message is `due` when the sender wants it to leave, which is where its latency
    begins: a sender that is held up cannot hide it. `accepted` is the status that says
    that one has been taken.
    """

    def __init__(self, accepted: int = 202) -> None:
        self.accepted = accepted
        self.due: list[float] = []
        self.answered: list[float] = []
        self.submitted: list[float] = []
        self.receipted: list[float] = []
        self.notified: list[float] = []
        self.answers = 0
        self.submissions = 0
        self.receipts = 0
        self.notifications = 0
        self.resent = 0
        self.repeats: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    @property
    def sent(self) -> int:
        """How many messages were sent."""
        return len(self.due)

    @property
    def at_the_gateway(self) -> int:
        """How many messages and receipts the gateway has not dealt with."""
        open_messages = self.sent - self.answers
        return open_messages + self.receipts - self.notifications

    @property
    def open(self) -> int:
        """How many messages have not had both their answer and their notification."""
        return 2 * self.sent - self.answers - self.notifications

    def send(self, due: float) -> int:
        """One more message; its number."""
        for moments in (
            self.answered,
            self.submitted,
            self.receipted,
            self.notified,
        ):
            moments.append(0.0)
        self.due.append(due)
        return len(self.due) - 1

    def answer(self, number: int, status: int, now: float) -> None:
        """The final response to a message; anything but `accepted` is a fault."""
        if self.answered[number]:
            self.repeats[f"{self.accepted}"] += 1
            return
        self.answered[number] = now
        self.answers += 1
        if status != self.accepted:
            self.faults[f"answered {status}"] += 1

    def submit(self, number: int, now: float) -> None:
        """Its submit_sm came to the SM-SC."""
        if self.submitted[number]:
            self.faults["submitted twice"] += 1
            return
        self.submitted[number] = now
        self.submissions += 1

    def receipt(self, number: int, now: float) -> None:
        """Its receipt has left the SM-SC."""
        self.receipted[number] = now
        self.receipts += 1

    def notify(self, number: int, now: float) -> None:
        """Its IMDN came; a retransmission of it is counted and no fault."""
        if self.notified[number]:
            self.repeats["IMDN"] += 1
            return
        self.notified[number] = now
        self.notifications += 1

    def missing(self) -> dict[str, int]:
        """What did not happen as it must, with how often; empty if all did."""
        lacks = {
            "not answered": self.sent - self.answers,
            "not at the SM-SC": self.sent - self.submissions,
            "without an IMDN": self.sent - self.notifications,
            **self.faults,
        }
        return {what: count for what, count in lacks.items() if count}

    def answer_latency(self, first: int, last: int) -> Latency:
        """From due to the 202, of the messages numbered from first up to last."""
        return latency(
            [
                after - before
                for before, after in zip(
                    self.due[first:last], self.answered[first:last], strict=True
                )
                if after
            ]
        )

    def notification_latency(self, first: int, last: int) -> Latency:
        """From the receipt leaving the SM-SC to the IMDN."""
        return latency(
            [
                after - before
                for before, after in zip(
                    self.receipted[first:last], self.notified[first:last], strict=True
                )
                if after
            ]
        )
