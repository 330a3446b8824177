"""Whether a connection is to be read on, or its sessions have to catch up first."""

from __future__ import annotations


class Gate:
    """Shut while a session is full; it tells them apart by what they are known as.

    One is full while `most` whole messages of it wait behind those that its user
    has not answered, and until half of them have gone. For that, others wait no longer
    than `patience` seconds: past it the session has to refuse what comes for it, until
    half of them have gone.
    """

    def __init__(self, most: int, patience: float) -> None:
        self._most = most
        self._patience = patience
        self._full: dict[object, float] = {}
        self._given_up: set[object] = set()
        self._shut_since: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether to read on."""
        return not self._full

    @property
    def is_idle(self) -> bool:
        """Whether no session is, or was and has not caught up."""
        return not (self._full or self._given_up)

    @property
    def deadline(self) -> float | None:
        """When a session has been waited for long enough."""
        if not self._full:
            return None
        return min(self._full.values()) + self._patience

    def load(self, session: object, waiting: int, now: float) -> None:
        """So many messages of a session wait now."""
        if 2 * waiting <= self._most and waiting < self._most:
            self.forget(session)
        elif waiting == self._most and session not in self._given_up:
            self._full.setdefault(session, now)

    def forget(self, session: object) -> None:
        """A session is not waited for any more."""
        self._full.pop(session, None)
        self._given_up.discard(session)

    def expire(self, now: float) -> None:
        """Wait no more for those that have been waited for long enough."""
        for session, since in list(self._full.items()):
            if since + self._patience <= now:
                del self._full[session]
                self._given_up.add(session)

    def shut(self, now: float) -> None:
        """Reading has stopped."""
        self._shut_since = now

    def opened(self, now: float) -> float:
        """Reading goes on; tells for how long it had stopped."""
        since, self._shut_since = self._shut_since, None
        return 0.0 if since is None else now - since
