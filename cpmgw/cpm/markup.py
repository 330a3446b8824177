"""XML of CPM payloads: hardened reading, and escaping for templates (XML 1.0)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from lxml import etree


class XmlLimits(msgspec.Struct, frozen=True, gc=False):
    """How much of a peer's XML document is read."""

    max_size: int = 65_536
    max_depth: int = 16
    max_elements: int = 2_000


DEFAULT_LIMITS: Final = XmlLimits()

_PARSER: Final = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    dtd_validation=False,
    attribute_defaults=False,
    huge_tree=False,
    remove_comments=True,
    remove_pis=True,
)

# Characters that XML 1.0 cannot hold (2.2) become U+FFFD.
_CONTROLS: Final = [p for p in range(0x20) if p not in (0x09, 0x0A, 0x0D)]
_REFUSED: Final = dict.fromkeys(
    (*_CONTROLS, *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), 0xFFFD
)


def parse_xml(data: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> etree._Element:
    """Give the root of a document; ValueError says why it is not read.

    No DTD, no entities beside XML's own five, no network, bounded size, depth and
    number of elements.
    """
    if len(data) > limits.max_size:
        raise ValueError(f"document of {len(data)} octets")
    if b"\0" in data:
        raise ValueError("not in an ASCII compatible encoding")
    if b"<!DOCTYPE" in data:
        raise ValueError("document type declaration")
    try:
        root = etree.fromstring(data.strip(), _PARSER)
    except (etree.XMLSyntaxError, LookupError) as error:
        raise ValueError(f"not well-formed: {error}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("document type declaration")
    _check(root, limits)
    return root


def _check(root: etree._Element, limits: XmlLimits) -> None:
    """Refuse what is too deep or has too many elements."""
    level = [root]
    depth = count = 0
    while level:
        depth += 1
        count += len(level)
        if depth > limits.max_depth:
            raise ValueError(f"elements nested deeper than {limits.max_depth}")
        if count > limits.max_elements:
            raise ValueError(f"more than {limits.max_elements} elements")
        level = [child for element in level for child in element]


def local_name(element: etree._Element) -> str:
    """Give an element's name without its namespace, in lower case.

    Peers write CPM's extensions in any namespace or in none (conversation TS O.2).
    """
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    return tag.rpartition("}")[2].lower()


def content_of(element: etree._Element) -> str:
    """Give the text directly inside an element, blanks around it removed."""
    return (element.text or "").strip()


def children(element: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """Give (local name, element) of each child."""
    for child in element:
        yield local_name(child), child


def escaped(text: str) -> str:
    """Escape text for element content and for a double-quoted attribute."""
    if not text.isprintable():
        text = text.translate(_REFUSED)
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    if '"' in text:
        text = text.replace('"', "&quot;")
    return text
