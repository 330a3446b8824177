"""What a test can prove: the items of a specification."""

from __future__ import annotations

from typing import Final

import msgspec

STANDS: Final = "no differences"
NOT_USED: Final = "not applicable"


class Item(msgspec.Struct, frozen=True):
    """A step, a conformance item or a line, by the name that references use.

    An item from which no behaviour follows, such as "no differences", needs no test,
    though it may have some.
    """

    name: str
    what: str
    needs_test: bool = True


class Chapter(msgspec.Struct, frozen=True):
    """The items of a specification that make one table of the page."""

    title: str
    source: str
    items: tuple[Item, ...]
