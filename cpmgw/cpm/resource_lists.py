"""Recipient lists in message bodies (RFC 4826 3, RFC 5364, RFC 5365)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final

import msgspec
from lxml import etree

from cpmgw.cpm.errors import MimeError, ResourceListError
from cpmgw.cpm.markup import (
    XmlLimits,
    children,
    content_of,
    escaped,
    local_name,
    parse_xml,
)
from cpmgw.cpm.mime import (
    DEFAULT_LIMITS,
    MimeLimits,
    parse_media_type,
    split_multipart,
)

MEDIA_TYPE: Final = "application/resource-lists+xml"

# Content-Disposition values: who shall receive (RFC 5363), who has received (RFC 5365).
RECIPIENT_LIST: Final = "recipient-list"
RECIPIENT_LIST_HISTORY: Final = "recipient-list-history"

MAX_ENTRIES: Final = 1_000
DEFAULT_XML_LIMITS: Final = XmlLimits(
    max_size=262_144, max_depth=8, max_elements=3 * MAX_ENTRIES
)


class CopyControl(Enum):
    """How a recipient was addressed (RFC 5364 4)."""

    TO = "to"
    CC = "cc"
    BCC = "bcc"


_COPY_CONTROLS: Final = {c.value: c for c in CopyControl}


class Entry(msgspec.Struct, frozen=True):
    """One recipient; `count` is that of an anonymised entry (RFC 5364 4)."""

    uri: str
    copy_control: CopyControl | None = None
    display_name: str = ""
    anonymize: bool = False
    count: int = 0


def parse_resource_lists(
    data: bytes, limits: XmlLimits = DEFAULT_XML_LIMITS
) -> tuple[Entry, ...]:
    """Read every entry, those of nested lists too; ResourceListError (400) if none.

    RFC 5364's attributes are taken in its namespace or in none.
    """
    try:
        root = parse_xml(data, limits)
    except ValueError as error:
        raise ResourceListError(str(error)) from error
    if local_name(root) != "resource-lists":
        raise ResourceListError("root element is not resource-lists")
    entries = [
        _entry(element)
        for element in root.iterdescendants()
        if local_name(element) == "entry" and element.get("uri")
    ]
    if len(entries) > MAX_ENTRIES:
        raise ResourceListError(f"more than {MAX_ENTRIES} entries")
    return tuple(entries)


def _entry(element: etree._Element) -> Entry:
    attributes = {
        str(name).rpartition("}")[2].lower(): str(value).strip()
        for name, value in element.attrib.items()
    }
    names = [content_of(c) for name, c in children(element) if name == "display-name"]
    count = attributes.get("count", "")
    return Entry(
        attributes["uri"],
        _COPY_CONTROLS.get(attributes.get("copycontrol", "").lower()),
        names[0] if names else "",
        attributes.get("anonymize", "").lower() in ("true", "1"),
        int(count) if count.isascii() and count.isdecimal() and len(count) < 6 else 0,
    )


_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\r\n'
    '<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists" '
    'xmlns:cp="urn:ietf:params:xml:ns:copycontrol"><list>'
)
_TAIL: Final = "</list></resource-lists>\r\n"


def build_resource_lists(entries: Iterable[Entry]) -> bytes:
    """Write a list of recipients (RFC 4826 3.3, RFC 5364 5)."""
    pieces = [_HEAD, *map(_written, entries), _TAIL]
    return "".join(pieces).encode("utf-8", "replace")


def _written(entry: Entry) -> str:
    attributes = f'uri="{escaped(entry.uri)}"'
    if entry.copy_control is not None:
        attributes += f' cp:copyControl="{entry.copy_control.value}"'
    if entry.anonymize:
        attributes += ' cp:anonymize="true"'
    if entry.count:
        attributes += f' cp:count="{entry.count}"'
    if not entry.display_name:
        return f"<entry {attributes}/>"
    name = escaped(entry.display_name)
    return f"<entry {attributes}><display-name>{name}</display-name></entry>"


def recipient_list(
    content_type: str,
    body: bytes,
    disposition: str = RECIPIENT_LIST_HISTORY,
    limits: MimeLimits = DEFAULT_LIMITS,
) -> tuple[Entry, ...]:
    """Find the list of that Content-Disposition in a multipart body; () if none is.

    A list without disposition is a recipient-list (RFC 5363 4).
    """
    kind = parse_media_type(content_type)
    if kind.main != "multipart":
        return ()
    if len(body) > limits.max_size:
        raise MimeError(f"multipart of {len(body)} octets")
    for part in split_multipart(body, kind.parameter("boundary"), limits):
        if part.media_type.name != MEDIA_TYPE:
            continue
        if (part.disposition or RECIPIENT_LIST) == disposition:
            return parse_resource_lists(part.decoded())
    return ()
