"""What an operator says of numbers and names: [dial_plan], [[directory]], [enum].

etc/cpmgw.toml says of each key what it does. Times are in seconds.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

MOST_RULES: Final = 1_000
MOST_SHORT_NUMBERS: Final = 10_000
MOST_NAMES: Final = 10_000
MOST_ENTRIES: Final = 100_000
# ITU-T E.164 leaves short numbers to each country; these are the lengths that are seen.
SHORT_LENGTHS: Final = range(3, 9)
MOST_DISPLAY: Final = 64

Digits = Annotated[
    str,
    msgspec.Meta(pattern=r"\A[0-9]{0,15}\Z", description="at most 15 digits"),
]
Beginning = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A\+[1-9][0-9]{0,14}\Z",
        description="+ and the digits that a number begins with",
    ),
]
ShortNumber = Annotated[
    str, msgspec.Meta(pattern=r"\A[0-9]{3,8}\Z", description="3 to 8 digits")
]
ShortLength = Annotated[
    int,
    msgspec.Meta(ge=SHORT_LENGTHS.start, le=SHORT_LENGTHS.stop - 1),
]
Domain = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A([A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*)?\Z",
        max_length=220,
        description="a domain name of at most 220 characters, or empty",
    ),
]
PhoneContext = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A(\+[0-9]{1,15}|[A-Za-z0-9][A-Za-z0-9.-]{0,219})\Z",
        description="a domain name, or + and digits",
    ),
]
Display = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A[^\x00-\x1f\x7f]*\Z",
        max_length=MOST_DISPLAY,
        description=f"at most {MOST_DISPLAY} characters in one line",
    ),
]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class DialRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[dial_plan.rules]]: from digits as they are dialled to an E.164 number.

    Of digits that begin with `prefix`, `strip` are taken from the front and `add` is
    put there. `digits` is how many there have to be, 0 for any number of them.
    """

    prefix: Digits
    strip: Annotated[int, msgspec.Meta(ge=0, le=15)] = 0
    add: Beginning
    digits: Annotated[int, msgspec.Meta(ge=0, le=20)] = 0


class NamedUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[dial_plan.names]]: the CPM user that an alphanumeric address stands for."""

    name: str
    uri: str
    display: Display = ""


class DialPlanSettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """[dial_plan]: how numbers are dialled here, and what is no number."""

    international_prefix: Annotated[
        str,
        msgspec.Meta(pattern=r"\A[0-9]{0,5}\Z", description="at most 5 digits"),
    ] = ""
    rules: tuple[DialRule, ...] = ()
    short_numbers: tuple[ShortNumber, ...] = ()
    short_digits: tuple[ShortLength, ...] = ()
    short_senders: bool = False
    short_ton: Literal[0, 3, 6] = 3
    short_npi: Literal[0, 1, 8, 9] = 0
    phone_contexts: tuple[PhoneContext, ...] = ()
    alphanumeric: Literal["refuse", "sip"] = "refuse"
    names_domain: Domain = ""
    names: tuple[NamedUser, ...] = ()


class DirectoryEntry(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """[[directory]]: the SIP URI of a number; with "{number}" of all that begin so."""

    number: Beginning
    uri: str


class EnumSettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """[enum]: finding SIP URIs by the DNS (RFC 6116); an empty `suffix` does not."""

    suffix: Domain = ""
    servers: tuple[str, ...] = ()
    timeout: Seconds = 2.0
    pending: Count = 1_000
    cache: Count = 10_000
    max_ttl: float = 3_600.0
    negative_ttl: float = 60.0
