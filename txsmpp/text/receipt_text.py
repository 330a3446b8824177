"""The text of a delivery receipt, each vendor's own (SMPP 3.4 Appendix B).

Nothing in it can be relied upon: fields come in any order and case, and any may be
absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from txsmpp.constants import MessageState

# Words after "stat:" (Appendix B, table B-2), whole words, and what else SM-SCs write.
STATES: Final[Mapping[str, MessageState]] = {
    "SCHEDULED": MessageState.SCHEDULED,
    "SCHEDLD": MessageState.SCHEDULED,
    "SCHEDUL": MessageState.SCHEDULED,
    "ENROUTE": MessageState.ENROUTE,
    "EN_ROUTE": MessageState.ENROUTE,
    "BUFFRED": MessageState.ENROUTE,
    "BUFFERED": MessageState.ENROUTE,
    "BUFFERD": MessageState.ENROUTE,
    "QUEUED": MessageState.ENROUTE,
    "PENDING": MessageState.ENROUTE,
    "DELIVRD": MessageState.DELIVERED,
    "DELIVERED": MessageState.DELIVERED,
    "DELIVERD": MessageState.DELIVERED,
    "EXPIRED": MessageState.EXPIRED,
    "DELETED": MessageState.DELETED,
    "UNDELIV": MessageState.UNDELIVERABLE,
    "UNDELIVERABLE": MessageState.UNDELIVERABLE,
    "UNDELIVERED": MessageState.UNDELIVERABLE,
    "UNDELIVRD": MessageState.UNDELIVERABLE,
    "FAILED": MessageState.UNDELIVERABLE,
    "ACCEPTD": MessageState.ACCEPTED,
    "ACCEPTED": MessageState.ACCEPTED,
    "UNKNOWN": MessageState.UNKNOWN,
    "UNKNOWM": MessageState.UNKNOWN,
    "REJECTD": MessageState.REJECTED,
    "REJECTED": MessageState.REJECTED,
    "SKIPPED": MessageState.SKIPPED,
}
NUMBERED: Final = {state.value: state for state in MessageState}

# Names before a colon (Appendix B, table B-1) and the field they are.
FIELDS: Final[Mapping[str, str]] = {
    "id": "id",
    "message_id": "id",
    "messageid": "id",
    "msgid": "id",
    "sub": "sub",
    "dlvrd": "dlvrd",
    "submit_date": "submit",
    "submitdate": "submit",
    "submit date": "submit",
    "done_date": "done",
    "donedate": "done",
    "done date": "done",
    "stat": "stat",
    "status": "stat",
    "state": "stat",
    "err": "err",
    "error": "err",
}


def apart(text: str) -> tuple[str, str]:
    """What the SM-SC wrote, and what it quotes of the message."""
    at = text.lower().find("text:")
    if at < 0:
        return text, ""
    head, body = text[:at], text[at + 5 :]
    return (head, body) if ":" in head else (body, "")


def values_of(head: str) -> dict[str, str]:
    """Field names and values; where a field comes twice the first counts."""
    if "," in head or ";" in head:
        head = head.replace(",", " ").replace(";", " ")
    first, *pieces = head.split(":")
    values: dict[str, str] = {}
    _, field = _name_at_end(first.split())
    value = ""
    for piece in pieces:
        words = piece.split()
        before, following = _name_at_end(words)
        part = " ".join(words[:before])
        # A colon that no field's name stands before is within a value.
        value = f"{value}:{part}" if value else part
        if following is not None:
            if field is not None:
                values.setdefault(field, value)
            field, value = following, ""
    if field is not None:
        values.setdefault(field, value)
    return values


def _name_at_end(words: list[str]) -> tuple[int, str | None]:
    """How many words come before the field's name that ends them, and the field."""
    if not words:
        return 0, None
    last = words[-1].lower()
    count = 1
    if last == "date" and len(words) > 1:
        last = f"{words[-2].lower()} date"
        count = 2
    field = FIELDS.get(last)
    return (len(words) - count if field else len(words)), field


def state_of(status: str) -> MessageState | None:
    """The state that a word, or a number, means."""
    state = STATES.get(status)
    if state is None and status.isascii() and status.isdigit() and len(status) < 4:
        return NUMBERED.get(int(status))
    return state


def moment(written: str) -> datetime | None:
    """A time of a receipt, in the SM-SC's own time zone; None if it is none.

    YYMMDDhhmm (Appendix B), with seconds, with the century, with punctuation, or as
    SMPP writes absolute times (7.1.1).
    """
    digits = "".join([c for c in written if "0" <= c <= "9"])
    if len(digits) == 15 and written[-1:] in ("+", "-", "R"):
        digits = digits[:12]
    century = len(digits) >= 14 or (
        len(digits) == 12 and digits[:2] == "20" and digits[2:4] > "12"
    )
    if not century:
        digits = "20" + digits
    if len(digits) < 12:
        return None
    digits = digits.ljust(14, "0")
    month, day, hour, minute, second = (
        int(digits[at : at + 2]) for at in range(4, 14, 2)
    )
    try:
        return datetime(int(digits[:4]), month, day, hour, minute, second)
    except ValueError:
        return None
