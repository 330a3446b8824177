"""Dates in header fields, as peers write them (RFC 5322 3.3, ISO 8601, others)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_tz
from typing import Final

from cpmgw.mm4.errors import Mm4Error

_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ].*)?")
_DIGITS: Final = re.compile(r"\+?(\d{1,12})(?:\.0)?(?:\s*(?:s|sec|seconds))?", re.I)
# Date.prototype.toString of JavaScript: "Tue Mar 05 2024 10:00:00 GMT+0100 (CET)".
_SCRIPT: Final = re.compile(
    r"\w{3} (\w{3}) (\d{1,2}) (\d{4}) (\d{2}:\d{2}:\d{2}) (?:GMT|UTC)?([+-]\d{4})?.*"
)
_ABSOLUTE: Final = 1_000_000_000
"""A number from here on is seconds since 1970; below, seconds from now: 31 years."""
_LAST: Final = 253_402_300_799.0
"""The end of the year 9999."""


def read_date(text: str) -> float | None:
    """Read a date, seconds since 1970; None where it is none, or before that.

    A zone that is not known is taken for UTC.
    """
    text = text.strip().strip('"')
    if not text or len(text) > 120:
        return None
    read = _iso(text) if _ISO.fullmatch(text) else _mail(text)
    return read if read is not None and 0.0 <= read <= _LAST else None


def read_expiry(text: str, base: float | None) -> float | None:
    """Read X-Mms-Expiry: a date, or seconds from `base` on; None where it is neither.

    A number of less than 1,000,000,000 is of seconds, a larger one a date in seconds
    since 1970. Seconds without a base say nothing.
    """
    text = text.strip().strip('"')
    found = _DIGITS.fullmatch(text)
    if not found:
        return read_date(text)
    number = float(found[1])
    if number >= _ABSOLUTE:
        return number if number <= _LAST else None
    return None if base is None else base + number


def write_date(when: float) -> str:
    """Write seconds since 1970 as a date of RFC 5322, in UTC."""
    try:
        return format_datetime(datetime.fromtimestamp(int(when), UTC))
    except (ValueError, OverflowError, OSError) as error:
        raise Mm4Error("no date") from error


def _iso(text: str) -> float | None:
    try:
        read = datetime.fromisoformat(text)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _mail(text: str) -> float | None:
    found = _SCRIPT.fullmatch(text)
    if found:
        month, day, year, clock, zone = found.groups()
        text = f"{day} {month} {year} {clock} {zone or '+0000'}"
    try:
        read = parsedate_tz(text)
        if read is None:
            return None
        year, month, day, hour, minute, second = read[:6]
        when = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
        return when.timestamp() - (read[9] or 0)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
