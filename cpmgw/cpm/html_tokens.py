"""HTML as a run of texts and tags, read by libxml2 without building a tree.

A tree is not needed for plain text, and HTML5's rules let a few kilobytes of open
formatting elements grow into gigabytes of it (docs/decisions/0008-html.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from lxml import etree


class Text(msgspec.Struct, frozen=True):
    """Character data, references resolved."""

    text: str


class Start(msgspec.Struct, frozen=True):
    """A start tag: lower-case name and attributes."""

    name: str
    attributes: tuple[tuple[str, str], ...] = ()

    def attribute(self, name: str) -> str:
        """Give the value of an attribute, "" if there is none."""
        return dict(self.attributes).get(name, "")


class End(msgspec.Struct, frozen=True):
    """An end tag, written or implied."""

    name: str


Token = Text | Start | End


class _Collector:
    """What libxml2 calls for each event (lxml's parser target)."""

    def __init__(self) -> None:
        self._tokens: list[Token] = []

    def start(self, tag: str, attrib: Mapping[str, str], /) -> None:
        self._tokens.append(Start(tag, tuple(attrib.items())))

    def end(self, tag: str, /) -> None:
        self._tokens.append(End(tag))

    def data(self, data: str, /) -> None:
        self._tokens.append(Text(data))

    def comment(self, text: str, /) -> None:
        """Nothing that a reader sees."""

    def close(self) -> list[Token]:
        return self._tokens


def tokens(html: str) -> list[Token]:
    """Read an HTML document, however broken."""
    # The stubs want every event of a target; libxml2 asks for those it has.
    collector: Any = _Collector()
    parser = etree.HTMLParser(
        target=collector, encoding="utf-8", no_network=True, recover=True
    )
    # libxml2 ends a document at a NUL.
    parser.feed(html.replace("\0", "").encode("utf-8", "replace"))
    found: list[Token] = parser.close()
    return found
