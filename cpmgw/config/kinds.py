"""The kinds of values that the tables of a configuration have."""

from __future__ import annotations

from typing import Annotated

import msgspec

Port = Annotated[int, msgspec.Meta(ge=1, le=65_535)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Octet = Annotated[int, msgspec.Meta(ge=0, le=255)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
# RFC 4028 5; what is longer than a day would not tell of a peer that is gone.
SessionInterval = Annotated[int, msgspec.Meta(ge=90, le=86_400)]
Host = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A[A-Za-z0-9._:-]+\Z",
        description="a host name or an address, without brackets",
    ),
]
OptionalHost = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A[A-Za-z0-9._:\[\]-]*\Z",
        description="a host name, an address or empty",
    ),
]
Prefix = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A\+[0-9]{0,15}\Z",
        description="+ and the digits that numbers begin with",
    ),
]
Name = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z",
        description="a word of letters, digits, dots and dashes",
    ),
]

MediaRange = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A(\*|[a-z0-9!#$&^_.+-]{1,64}/(\*|[a-z0-9!#$&^_.+-]{1,64}))\Z",
        description='a media type ("image/png"), a range ("image/*") or "*"',
    ),
]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the configuration."""
