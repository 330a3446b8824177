"""What goes wrong with adaptation."""

from __future__ import annotations

from cpmgw.errors import CpmgwError


class CannotConvert(CpmgwError):
    """Nothing here makes what is wanted of it.

    A `bomb` is huge once it is decoded, or takes very long. `smallest` is what was made
    that was still too large, if anything was.
    """

    def __init__(self, why: str, *, bomb: bool = False, smallest: bytes = b"") -> None:
        super().__init__(why)
        self.bomb = bomb
        self.smallest = smallest
