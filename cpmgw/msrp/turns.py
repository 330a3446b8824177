"""Whose turn it is to send: sessions one after the other, and of each its messages."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, Protocol, TypeVar


class Owned(Protocol):
    """What waits for its turn; it is its session's."""

    @property
    def owner(self) -> object:
        """The session."""


T = TypeVar("T", bound=Owned)


class Turns(Generic[T]):
    """A queue of sessions, each with a queue of its own.

    However much one session has to send, another waits for one of its turns alone.
    """

    def __init__(self) -> None:
        self._queues: OrderedDict[object, deque[T]] = OrderedDict()

    def __len__(self) -> int:
        return sum(len(each) for each in self._queues.values())

    def __bool__(self) -> bool:
        return bool(self._queues)

    def __contains__(self, item: T) -> bool:
        return item in self._queues.get(item.owner, ())

    def append(self, item: T) -> None:
        """Its turn comes after those that its owner has given before."""
        self._queues.setdefault(item.owner, deque()).append(item)

    def popleft(self) -> T:
        """Who is next; its owner goes to the end."""
        owner, queue = next(iter(self._queues.items()))
        item = queue.popleft()
        if queue:
            self._queues.move_to_end(owner)
        else:
            del self._queues[owner]
        return item

    def remove(self, item: T) -> None:
        """One does not want its turn any more."""
        queue = self._queues[item.owner]
        queue.remove(item)
        if not queue:
            del self._queues[item.owner]

    def drop(self, owner: object) -> None:
        """Nor does any of an owner."""
        self._queues.pop(owner, None)
