"""How many large contents are in memory at once."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, DeferredSemaphore, succeed


class Held:
    """A place in memory, until it is let go."""

    __slots__ = ("_free",)

    def __init__(self, free: Callable[[], object] | None = None) -> None:
        self._free = free

    def let_go(self) -> None:
        """Give it back; may be called again."""
        free, self._free = self._free, None
        if free is not None:
            free()


class Memory:
    """Room for `most` contents at a time; what is `small`, in octets, needs none."""

    def __init__(self, most: int, small: Callable[[], int]) -> None:
        self._places = DeferredSemaphore(most)
        self._small = small

    def take(self, size: int) -> Deferred[Held]:
        """Fires once a content of so many octets may be in memory.

        Who cancels it waits no longer.
        """
        if size <= self._small():
            return succeed(Held())
        return self._places.acquire().addCallback(lambda it: Held(it.release))
