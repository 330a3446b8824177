"""The sessions of one IWF, by who is in them and by their numbers (TS 6.2.2.2.2)."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred

from cpmgw.iwf.sessions.machine import ESTABLISHED, State

if TYPE_CHECKING:
    from cpmgw.iwf.sessions.bearer import Membership, Place
    from cpmgw.iwf.sessions.session import Session

# Invitations that nobody answered in time and that may still be answered.
MOST_LATE: Final = 10_000


class Register:
    """All sessions that there are, from their invitation to their end."""

    def __init__(self) -> None:
        self._by_key: dict[str, Session] = {}
        self._by_place: dict[Place, list[Session]] = {}
        self._by_pair: dict[Place, list[Session]] = {}
        self._of_two: Counter[str] = Counter()
        self._emptied: list[Deferred[None]] = []

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._by_key.values()))

    def add(self, session: Session) -> None:
        """A session begins."""
        self._by_key[session.key] = session
        self._by_place.setdefault(session.place, []).append(session)
        self._by_pair.setdefault(_pair(session), []).append(session)
        if not session.invitation.is_group:
            self._of_two[session.invitation.initiator] += 1

    def remove(self, session: Session) -> None:
        """A session is over; it may be gone already."""
        if self._by_key.pop(session.key, None) is not None:
            _take_out(self._by_place, session.place, session)
            _take_out(self._by_pair, _pair(session), session)
            if not session.invitation.is_group:
                self._one_less(session.invitation.initiator)
        self._look_if_empty()

    def empty(self) -> Deferred[None]:
        """Fires once there is no session."""
        emptied: Deferred[None] = Deferred()
        self._emptied.append(emptied)
        self._look_if_empty()
        return emptied

    def by_key(self, key: str) -> Session | None:
        """The session of this key, None where it is over."""
        return self._by_key.get(key)

    def at(self, place: Place) -> list[Session]:
        """The sessions that an address stands for towards a user, the oldest first."""
        return list(self._by_place.get(place, ()))

    def between(self, initiator: str, user: str) -> list[Session]:
        """Those that somebody, or a group, has with a user, the oldest first."""
        return list(self._by_pair.get((initiator, user), ()))

    def of_two(self, initiator: str) -> int:
        """How many sessions of two somebody has, with whatever users."""
        return self._of_two[initiator]

    def live(self, place: Place) -> Session | None:
        """The one that messages of the user go to.

        One that stands before one whose ACK has not come, the newest of equals: a
        session is replaced when the new one is fully established (RCC.10 6.1.4).
        """
        found = [each for each in self.at(place) if each.state in ESTABLISHED]
        found.reverse()
        return max(found, key=lambda each: each.state is State.STANDING, default=None)

    def asking(self, place: Place) -> Session | None:
        """The one, if any, of which the user was asked something."""
        for session in self.at(place):
            if session.is_asking:
                return session
        return None

    def _one_less(self, initiator: str) -> None:
        self._of_two[initiator] -= 1
        if not self._of_two[initiator]:
            del self._of_two[initiator]

    def _look_if_empty(self) -> None:
        if not self._by_key:
            waiting, self._emptied = self._emptied, []
            for each in waiting:
                each.callback(None)


class LateAnswers:
    """Invitations whose answer did not come in time (TS 6.1.4 step 8e).

    Each is known until a time in seconds since 1970; the oldest gives way to the newest
    where there are too many.
    """

    def __init__(self, most: int = MOST_LATE) -> None:
        self._most = most
        self._known: OrderedDict[Place, tuple[float, Membership]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def add(self, place: Place, membership: Membership, until: float) -> None:
        """The time for an answer is over."""
        self._known.pop(place, None)
        self._known[place] = (until, membership)
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def known(self, place: Place, now: float) -> Membership | None:
        """What an answer is too late for, None where nothing is."""
        found = self._known.get(place)
        return found[1] if found is not None and found[0] > now else None

    def forget(self, place: Place) -> None:
        """Nothing more is to be said of it."""
        self._known.pop(place, None)


def _pair(session: Session) -> Place:
    return session.invitation.initiator, session.place[1]


def _take_out(index: dict[Place, list[Session]], key: Place, session: Session) -> None:
    index[key].remove(session)
    if not index[key]:
        del index[key]
