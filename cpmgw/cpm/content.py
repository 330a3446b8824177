"""The text of a CPM message, as far as it can be text (TS 6.2, 6.1.1, 6.2.2.1.1)."""

from __future__ import annotations

from typing import Final

from cpmgw.cpm.charset import decoded
from cpmgw.cpm.errors import CannotBecomeText, EndToEndProtected, MimeError
from cpmgw.cpm.html import html_text
from cpmgw.cpm.mime import (
    DEFAULT_LIMITS,
    MediaType,
    MimeLimits,
    Part,
    parse_media_type,
    split_multipart,
    transfer_decoded,
)

HTML_TYPES: Final = frozenset(("text/html", "application/xhtml+xml"))

# What the sender protected for the recipient's eyes only (TS 6.6): RFC 8551, 1847,
# 3156, 7516, 9420.
PROTECTED_TYPES: Final = frozenset(
    (
        "application/pkcs7-mime",
        "application/x-pkcs7-mime",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-encrypted",
        "application/pgp-signature",
        "application/jose",
        "application/jose+json",
        "message/mls",
        "multipart/signed",
        "multipart/encrypted",
    )
)


def text_of(
    content_type: str,
    body: bytes,
    limits: MimeLimits = DEFAULT_LIMITS,
    *,
    transfer_encoding: str = "",
) -> str:
    """Give the text of an entity, its lines ended by LF.

    Text of any subtype in any charset, HTML as text, and of a multipart its text:
    everything else in it (clips, SMIL) is left out (TS 6.2, RCC.10 6.1.1; an unknown
    subtype of text is read as plain, RFC 2046 4.1.4). Raises CannotBecomeText when
    there is no text, EndToEndProtected for what may not be opened (TS 6.6).
    """
    if len(body) > limits.max_size:
        raise CannotBecomeText(f"{len(body)} octets")
    try:
        octets = transfer_decoded(body, transfer_encoding)
        text = _text(parse_media_type(content_type or "text/plain"), octets, limits, 0)
    except MimeError as error:
        raise CannotBecomeText(str(error)) from error
    if text is None:
        raise CannotBecomeText("no text in it")
    return text


def acceptable(content_type: str) -> bool:
    """Whether a media type may hold text at all, before its octets are looked at."""
    kind = parse_media_type(content_type)
    if kind.name in PROTECTED_TYPES:
        return False
    return kind.main in ("text", "multipart") or kind.name in HTML_TYPES


def _text(kind: MediaType, body: bytes, limits: MimeLimits, depth: int) -> str | None:
    """Give the text of one entity, None for a kind that is no text."""
    name = kind.name
    if kind.main == "text" or name in HTML_TYPES:
        return _leaf(kind, body)
    if name in PROTECTED_TYPES:
        raise EndToEndProtected(name)
    if kind.main != "multipart":
        return None
    if depth == limits.max_depth:
        raise MimeError(f"parts nested deeper than {limits.max_depth}")
    parts = split_multipart(body, kind.parameter("boundary"), limits)
    if name == "multipart/alternative":
        return _alternative(parts, limits, depth)
    if name == "multipart/related":
        return _related(kind, parts, limits, depth)
    return _mixed(parts, limits, depth)


def _part_text(part: Part, limits: MimeLimits, depth: int) -> str | None:
    return _text(part.media_type, part.decoded(), limits, depth + 1)


def _alternative(parts: tuple[Part, ...], limits: MimeLimits, depth: int) -> str | None:
    """Take the plain text if it is there, else the richest other (RFC 2046 5.1.4)."""
    _refuse_protected(parts)
    plain = [p for p in parts if p.media_type.name == "text/plain"]
    others = [p for p in reversed(parts) if p.media_type.name != "text/plain"]
    for part in (*plain, *others):
        text = _part_text(part, limits, depth)
        if text is not None:
            return text
    return None


def _related(
    kind: MediaType, parts: tuple[Part, ...], limits: MimeLimits, depth: int
) -> str | None:
    """Take the root's text; a root of another kind, SMIL, leaves the texts it shows."""
    _refuse_protected(parts)
    start = kind.parameter("start")
    root = next(
        (p for p in parts if start and p.get("Content-ID") == start),
        parts[0] if parts else None,
    )
    if root is not None:
        text = _part_text(root, limits, depth)
        if text is not None:
            return text
    return _mixed(parts, limits, depth)


def _mixed(parts: tuple[Part, ...], limits: MimeLimits, depth: int) -> str | None:
    """Join the texts that are part of the message, one under the other.

    Protected parts refuse the whole, wherever they stand.
    """
    texts = []
    for part in parts:
        attached = part.disposition == "attachment"
        text = _part_text(part, limits, depth)
        if text is not None and not attached:
            texts.append(text)
    return "\n".join(texts) if texts else None


def _refuse_protected(parts: tuple[Part, ...]) -> None:
    """Refuse for the sake of parts that would not be looked at (TS 6.6)."""
    for part in parts:
        if part.media_type.name in PROTECTED_TYPES:
            raise EndToEndProtected(part.media_type.name)


def _leaf(kind: MediaType, body: bytes) -> str:
    """Decode text and bring its line ends to LF."""
    html = kind.name in HTML_TYPES
    charset = kind.parameter("charset")
    if html and not charset:
        charset = _declared_in(body)
    text = decoded(body, charset)
    if html:
        try:
            return html_text(text)
        except ValueError as error:
            raise CannotBecomeText(str(error)) from error
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _declared_in(body: bytes) -> str:
    """Find the charset that an HTML document declares for itself (its first 1024)."""
    head = body[:1024].lower()
    _, found, rest = head.partition(b"charset=")
    if not found:
        return ""
    value = rest.lstrip(b"\"' ")[:40]
    for end in b"\"'> ;/":
        value = value.partition(bytes((end,)))[0]
    return value.decode("ascii", "replace")


def leaf_types(
    content_type: str, body: bytes, limits: MimeLimits = DEFAULT_LIMITS
) -> tuple[str, ...]:
    """Give the media types in an entity that are no multipart, each once.

    Raises MimeError for a multipart that cannot be taken apart.
    """
    found: dict[str, None] = {}
    _gather(parse_media_type(content_type or "text/plain"), body, limits, 0, found)
    return tuple(found)


def _gather(
    kind: MediaType,
    body: bytes,
    limits: MimeLimits,
    depth: int,
    found: dict[str, None],
) -> None:
    if kind.main != "multipart":
        found[kind.name] = None
        return
    if depth == limits.max_depth:
        raise MimeError(f"parts nested deeper than {limits.max_depth}")
    for part in split_multipart(body, kind.parameter("boundary"), limits):
        _gather(part.media_type, part.decoded(), limits, depth + 1, found)
