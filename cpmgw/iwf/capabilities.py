"""What a Non-CPM service can carry, and what a request has to be carried (TS 5.1).

The ISF compares the two, and asks nobody: an IWF in this process declares its
capabilities in code, one on another host has them in the configuration.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from functools import lru_cache
from typing import Final, Literal

import msgspec

from cpmgw.cpm.content import HTML_TYPES


class Kind(Enum):
    """What is interworked (TS 6.1): by feature tag, a session with a group apart."""

    PAGER = "pager"
    LARGE = "large"
    FILE = "file"
    SESSION = "session"
    GROUP = "group"
    NOTIFICATION = "notification"


# Carried by an INVITE; the others by a MESSAGE.
SESSION_KINDS: Final = (Kind.LARGE, Kind.FILE, Kind.SESSION, Kind.GROUP)

ANY_TYPE: Final = "*"

# What shows or wraps other content and is none itself (RFC 4975 8.6, 3GPP TS 26.140).
_NO_CONTENT: Final = frozenset(
    (
        "message/cpim",
        "message/imdn+xml",
        "application/im-iscomposing+xml",
        "application/smil",
        "application/smil+xml",
    )
)


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What one IWF carries.

    `name` is unique among the IWFs, `service` its Non-CPM Communication Service
    Identifier (Appendix D). `addresses` tells what its users are reached by: a
    telephone "number" or a "mailbox". With `text_only` it takes text and nothing else,
    otherwise the types that `media` names ("image/*", "*"). `assigns_originator`: it
    can give an address to an originator who has none (step 3). `reports`: it has a form
    for disposition notifications; one that takes them without ends them. `unfit` is the
    status of a message of which it takes nothing (TS 6.1.1 step 1; 6.3 1a has 488).
    """

    name: str
    service: str
    kinds: frozenset[Kind]
    addresses: Literal["number", "mailbox"] = "number"
    text_only: bool = False
    media: tuple[str, ...] = (ANY_TYPE,)
    assigns_originator: bool = False
    reports: bool = False
    unfit: int = 415

    def takes(self, content_type: str) -> bool:
        """Whether it carries content of this media type; "*" may be anything."""
        if content_type == ANY_TYPE:
            return True
        if self.text_only:
            return is_text(content_type)
        main, _, subtype = content_type.partition("/")
        if subtype == ANY_TYPE:
            return any(e == ANY_TYPE or e.startswith(f"{main}/") for e in self.media)
        return any(each in (ANY_TYPE, content_type, f"{main}/*") for each in self.media)


class Characteristics(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be carried (TS 5.1 step 5, NOTE 1).

    `content_types` are the media types of the content or, for a session, those that
    are offered, without parameters; `size` is in octets, of the text in UTF-8 where
    there is nothing else, None where nobody knows yet. `no_text` says why no text
    could be made of the content of a message, empty where there is some or where it
    has not come yet. `streams` counts the media of a session.
    """

    content_types: tuple[str, ...]
    size: int | None = None
    no_text: str = ""
    streams: int = 1

    @property
    def has_text(self) -> bool:
        """Whether there is, or may be, text in it."""
        return not self.no_text and _may_have_text(self.content_types)

    @property
    def text_only(self) -> bool:
        """Whether there is nothing but text in it, as far as is known."""
        return self.has_text and _is_text_only(self.content_types)


@lru_cache(maxsize=1024)
def _may_have_text(content_types: tuple[str, ...]) -> bool:
    return any(each == ANY_TYPE or is_text(each) for each in content_types)


@lru_cache(maxsize=1024)
def _is_text_only(content_types: tuple[str, ...]) -> bool:
    return all(is_text(each) or each in _NO_CONTENT for each in content_types)


def is_text(content_type: str) -> bool:
    """Whether a media type is text (RFC 2046 4.1; XHTML is read as HTML)."""
    return content_type.startswith("text/") or content_type in HTML_TYPES


def content_only(content_types: Iterable[str]) -> tuple[str, ...]:
    """The types that are content, without those that wrap or show it."""
    return tuple([each for each in content_types if each not in _NO_CONTENT])
