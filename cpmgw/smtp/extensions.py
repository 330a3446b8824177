"""What a relay says at EHLO that it can do (RFC 5321 4.1.1.1)."""

from __future__ import annotations

from typing import Final

import msgspec

from cpmgw.smtp.interfaces import Reply

# So many digits has a size of RFC 1870, and a time of RFC 2852.
_SIZE_DIGITS: Final = 20
_TIME_DIGITS: Final = 9


class Extensions(msgspec.Struct, frozen=True, kw_only=True):
    """The extensions that we use where they are offered.

    `size` is the most octets of a mail (RFC 1870), 0 where no limit is said and None
    without the extension; `deliver_by` the fewest seconds after which a mail may be
    returned (RFC 2852), with 0 and None as there. `auth` are mechanisms of RFC 4954.
    """

    size: int | None = None
    eight_bit: bool = False
    utf8: bool = False
    pipelining: bool = False
    starttls: bool = False
    dsn: bool = False
    deliver_by: int | None = None
    auth: tuple[str, ...] = ()


NO_EXTENSIONS: Final = Extensions()
"""What a relay has that knows HELO alone."""


def read_extensions(reply: Reply) -> Extensions:
    """What a positive reply to EHLO says; keywords that we do not know are ignored."""
    keywords: dict[str, list[str]] = {}
    for line in reply.text.split("\n")[1:]:
        words = line.upper().replace("AUTH=", "AUTH ", 1).split()  # as before RFC 2554
        if words:
            keywords.setdefault(words[0], []).extend(words[1:])
    return Extensions(
        size=_number(keywords.get("SIZE"), _SIZE_DIGITS),
        eight_bit="8BITMIME" in keywords,
        utf8="SMTPUTF8" in keywords,
        pipelining="PIPELINING" in keywords,
        starttls="STARTTLS" in keywords,
        dsn="DSN" in keywords,
        deliver_by=_number(keywords.get("DELIVERBY"), _TIME_DIGITS),
        auth=tuple(dict.fromkeys(keywords.get("AUTH", ()))),
    )


def _number(words: list[str] | None, digits: int) -> int | None:
    """The number after a keyword; 0 where it has none that could be one."""
    if words is None:
        return None
    word = words[0].partition(",")[0] if words else ""
    usable = word.isascii() and word.isdigit() and len(word) <= digits
    return int(word) if usable else 0
