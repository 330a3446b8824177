"""MIME entities taken apart, within limits (RFC 2045, RFC 2046)."""

from __future__ import annotations

import msgspec

from cpmgw.cpm.errors import MimeError
from cpmgw.cpm.mime import (
    DEFAULT_LIMITS,
    MediaType,
    MimeLimits,
    Span,
    parse_media_type,
    part_spans,
)
from cpmgw.mm4.entity.value import NO_TYPE, OPAQUE, Entity, type_text
from cpmgw.mm4.fields import Pairs
from cpmgw.mm4.transfer import decoded, encoding_name, is_whole_base64


def read_entity(
    content_type: str,
    transfer_encoding: str,
    octets: bytes | memoryview,
    limits: MimeLimits = DEFAULT_LIMITS,
    more: Pairs = (),
) -> Entity:
    """Read the content of a mail; without a type it is text (RFC 2045 5.2).

    `more` are further fields that it has. Raises MimeError for what cannot be taken
    apart or decoded, or has no part, and beyond the limits: of octets, of depth, of
    parts in all.
    """
    if len(octets) > limits.max_size:
        raise MimeError(f"content of more than {limits.max_size} octets")
    headers = [("Content-Type", content_type)] if content_type else []
    if transfer_encoding:
        headers.append(("Content-Transfer-Encoding", transfer_encoding))
    whole = bytes(octets)
    span = Span((*headers, *more), 0, len(whole))
    return _Reading(limits).entity(whole, span, 0)


def opened(entity: Entity, limits: MimeLimits = DEFAULT_LIMITS) -> Entity:
    """Take an opaque entity apart all the same; MimeError as for `read_entity`."""
    body = entity.body
    span = Span(entity.headers, 0, len(body))
    parts = _Reading(limits).parts(entity.media_type, body, span, 0)
    kind = MediaType("multipart/mixed", entity.media_type.parameters)
    return msgspec.structs.replace(
        entity, content_type=type_text(kind), body=b"", parts=parts
    )


class _Reading:
    """One content that is taken apart, and how many parts were found so far.

    Only leaves are copied, and what has to be decoded.
    """

    def __init__(self, limits: MimeLimits) -> None:
        self._limits = limits
        self._left = limits.max_parts

    def entity(self, octets: bytes, span: Span, depth: int) -> Entity:
        """Read one entity whose header fields are known."""
        found = Entity(headers=span.headers)
        content_type = found.get("Content-Type").strip() or NO_TYPE
        kind = parse_media_type(content_type)
        encoding = encoding_name(found.get("Content-Transfer-Encoding"))
        if kind.main != "multipart" or kind.name in OPAQUE:
            body = _decoded(octets, span, encoding)
            return Entity(content_type=content_type, headers=span.headers, body=body)
        if encoding:
            octets = _decoded(octets, span, encoding)
            span = Span(span.headers, 0, len(octets))
        parts = self.parts(kind, octets, span, depth)
        return Entity(content_type=content_type, headers=span.headers, parts=parts)

    def parts(
        self, kind: MediaType, octets: bytes, span: Span, depth: int
    ) -> tuple[Entity, ...]:
        """Read the parts of a multipart, which has one at the least."""
        if depth == self._limits.max_depth:
            raise MimeError(f"parts nested deeper than {depth}")
        boundary = kind.parameter("boundary")
        spans = part_spans(octets, boundary, self._limits, span.start, span.end)
        if not spans:
            raise MimeError("multipart without a part")
        self._left -= len(spans)
        if self._left < 0:
            raise MimeError(f"more than {self._limits.max_parts} parts")
        return tuple(self.entity(octets, each, depth + 1) for each in spans)


def _decoded(octets: bytes, span: Span, encoding: str) -> bytes:
    """The body of an entity; MimeError where one in base64 was cut, or is none."""
    body = octets[span.start : span.end]
    if span.cut and encoding == "base64" and not is_whole_base64(body):
        raise MimeError("base64 that was cut")
    return decoded(body, encoding)
