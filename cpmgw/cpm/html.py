"""HTML to the plain text a short message can carry."""

from __future__ import annotations

import re
from typing import Final

from cpmgw.cpm.html_tokens import End, Start, Text, tokens

MAX_HTML: Final = 262_144

# Names are set out in lines as a text, for they are many.
_names: Final = str.split

# What they hold is shown only where they themselves cannot be.
_SKIPPED: Final = frozenset(
    _names(
        "script style title textarea iframe xmp noembed "
        "template object svg math canvas audio video select"
    )
)
# Begin and end on a line of their own.
_BLOCKS: Final = frozenset(
    _names(
        "address article aside blockquote body center dd details div dl dt fieldset "
        "figcaption figure footer form header hr li main nav ol pre section summary "
        "table tbody thead tfoot tr ul"
    )
)
# And are set apart by an empty line.
_PARAGRAPHS: Final = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6"))
_LISTS: Final = frozenset(("ol", "ul", "menu"))
_CELLS: Final = frozenset(("td", "th"))
_SCHEMES: Final = ("http:", "https:", "mailto:", "tel:")
_WHITE: Final = re.compile("[ \t\r\n\f]+")


def html_text(html: str) -> str:
    """Give the text of an HTML document; ValueError when it is too large.

    Paragraphs are set apart by an empty line, `br`, blocks and rows end a line, items
    begin with "- " or their number, a link is followed by its (URL).
    """
    if len(html) > MAX_HTML:
        raise ValueError(f"HTML of {len(html)} characters")
    writer = _Writer()
    skipped = ""
    depth = 0
    for token in tokens(html):
        if skipped:
            # Only the element's own kind is counted, until it ends.
            if not isinstance(token, Text) and token.name == skipped:
                depth += 1 if isinstance(token, Start) else -1
                skipped = skipped if depth else ""
        elif isinstance(token, Text):
            writer.write(token.text)
        elif isinstance(token, End):
            writer.leave(token.name)
        elif token.name in _SKIPPED:
            skipped, depth = token.name, 1
        else:
            writer.enter(token)
    return writer.text()


class _Writer:
    """Collects text, joining white space and keeping count of line ends."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._breaks = 0
        self._space = False
        self._pre = 0
        self._marked = False
        self._lists: list[int] = []
        self._href = ""
        self._label = 0

    def enter(self, tag: Start) -> None:
        """Begin an element."""
        name = tag.name
        self._separate(name)
        if name == "br":
            self._line_end()
        elif name == "li":
            self._item()
        elif name in _LISTS:
            self._lists.append(1 if name == "ol" else 0)
        elif name == "a":
            self._end_link()
            self._href = tag.attribute("href").strip()
            self._label = len(self._out)
        elif name == "img":
            self.write(tag.attribute("alt"))
        elif name == "pre":
            self._pre += 1
        elif name in _CELLS and self._out and not self._breaks:
            self._space = True

    def leave(self, name: str) -> None:
        """End an element, whether it was open or not."""
        if name in _LISTS and self._lists:
            self._lists.pop()
        elif name == "a":
            self._end_link()
        elif name == "pre" and self._pre:
            self._pre -= 1
        self._separate(name)

    def write(self, text: str) -> None:
        """Add text; outside `pre` white space is one space (CSS Text 4.1.1)."""
        if self._pre:
            for number, line in enumerate(text.replace("\r\n", "\n").split("\n")):
                if number:
                    self._line_end()
                if line:
                    self._put(line)
            return
        joined = _WHITE.sub(" ", text)
        words = joined.strip(" ")
        if not words:
            self._space = self._space or bool(text)
            return
        if joined[0] == " ":
            self._space = True
        self._put(words)
        self._space = joined[-1] == " "

    def text(self) -> str:
        """Give what was collected."""
        self._end_link()
        return "".join(self._out).replace("\u00a0", " ").strip("\n ")

    def _separate(self, name: str) -> None:
        if name in _PARAGRAPHS:
            self._break(2)
        elif name in _BLOCKS:
            self._break(1)

    def _put(self, text: str) -> None:
        if self._breaks:
            self._out.append("\n" * self._breaks)
        elif self._space and self._out:
            self._out.append(" ")
        self._breaks = 0
        self._space = self._marked = False
        self._out.append(text)

    def _break(self, lines: int) -> None:
        # What an item begins with stands on the line of its mark.
        if self._marked:
            return
        self._space = False
        if self._out:
            self._breaks = max(self._breaks, lines)

    def _line_end(self) -> None:
        self._space = self._marked = False
        if self._out:
            self._breaks = min(self._breaks + 1, 2)

    def _item(self) -> None:
        number = self._lists[-1] if self._lists else 0
        self._marked = False
        self._break(1)
        if number:
            self._lists[-1] = number + 1
        self._put(f"{number}." if number else "-")
        self._space = self._marked = True

    def _end_link(self) -> None:
        """Write a link's address behind its text, unless the text is the address."""
        href, self._href = self._href, ""
        if not href.lower().startswith(_SCHEMES):
            return
        label = "".join(self._out[self._label :]).strip()
        address = href if "://" in href else href.partition(":")[2]
        bare = address.partition("://")[2].rstrip("/") or address
        if label.rstrip("/") in (href.rstrip("/"), address.rstrip("/"), bare):
            return
        if label:
            self._space = True
        self._put(f"({address})" if label else address)
