"""What an offer is about: the media types and sizes it announces (TS 5.1, 6.1.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cpmgw.sdp.description import SessionDescription
from cpmgw.sdp.stream import MediaStream, streams

CPIM: Final = "message/cpim"
ANY: Final = "*"
# The entries of accept-types that let a message/cpim in (RFC 4975 8.6).
_WRAPPERS: Final = frozenset({CPIM, "message/*", ANY})


def msrp_streams(offer: SessionDescription) -> tuple[MediaStream, ...]:
    """The MSRP streams that are offered, those with port 0 left out."""
    return tuple([each for each in streams(offer) if each.is_msrp and each.is_offered])


def content_types(offer: SessionDescription) -> tuple[str, ...]:
    """The media types that the MSRP streams of an offer are to carry, each once.

    Names are in lower case and without parameters; `*` and `type/*` stay.
    """
    found = [name for stream in msrp_streams(offer) for name in types_carried(stream)]
    return tuple(dict.fromkeys(found))


def types_carried(stream: MediaStream) -> tuple[str, ...]:
    """The media types of one stream: inside of message/cpim, or without it.

    The wrapped types count where message/cpim is taken; message/cpim itself carries
    and is not carried (RFC 4975 8.6).
    """
    direct = _names(stream.accept_types)
    wrapped = _names(stream.accept_wrapped_types) if _WRAPPERS & set(direct) else []
    return tuple(dict.fromkeys([*wrapped, *[each for each in direct if each != CPIM]]))


def content_size(offer: SessionDescription) -> int | None:
    """The octets that an offer announces: of its large message or of all its files.

    None where no stream says a size. That a large message says it by file-selector is
    conversation TS 7.2.1.2 step 18.
    """
    selectors = [stream.file.selector for stream in msrp_streams(offer)]
    sizes = [each.size for each in selectors if each and each.size is not None]
    return sum(sizes) if sizes else None


def takes(formats: Iterable[str], media_type: str) -> bool:
    """Whether accept-types or accept-wrapped-types have room for a media type."""
    name = media_type.partition(";")[0].strip().lower()
    fitting = {ANY, f"{name.partition('/')[0]}/*", name}
    return not fitting.isdisjoint(_names(formats))


def common(formats: Iterable[str], wanted: Iterable[str]) -> tuple[str, ...]:
    """What two lists of media types have in common, the narrower of each pair.

    Names are in lower case and without parameters; of `text/*` and `text/plain` the
    latter is common.
    """
    ours = _names(wanted)
    pairs = [(theirs, each) for theirs in _names(formats) for each in ours]
    found = [met for theirs, each in pairs if (met := _narrower(theirs, each))]
    return tuple(dict.fromkeys(found))


def _narrower(one: str, other: str) -> str:
    """The one of two types that the other has room for, empty where neither has."""
    if _has_room(other, one):
        return one
    return other if _has_room(one, other) else ""


def _has_room(wide: str, name: str) -> bool:
    """Whether a type or range, both without parameters, takes another."""
    return wide in (name, ANY) or (wide[-2:] == "/*" and name.startswith(wide[:-1]))


def _names(formats: Iterable[str]) -> list[str]:
    return [entry.partition(";")[0].lower() for entry in formats]
