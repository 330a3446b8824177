"""A message of a session on its way to the Non-CPM user (TS 6.1.5.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cpmgw.cpm.chat_content import ChatContent
    from cpmgw.cpm.conference_info import ConferenceState
    from cpmgw.iwf.memory import Held


class Spoken:
    """It is the `place`th of its session, from 1.

    `state` is who takes part, as far as that is known. Its content is in memory until
    it is let go.
    """

    __slots__ = ("_content", "_held", "_is_over", "place", "state")

    def __init__(
        self,
        content: ChatContent,
        held: Held,
        is_over: Callable[[], bool],
        *,
        place: int,
        state: ConferenceState | None,
    ) -> None:
        self._content: ChatContent | None = content
        self._held = held
        self._is_over = is_over
        self.place = place
        self.state = state

    @property
    def content(self) -> ChatContent:
        """What it says, which is to be asked for no more once it was let go."""
        assert self._content is not None
        return self._content

    @property
    def is_dropped(self) -> bool:
        """Whether it is to be sent no more: its session has ended."""
        return self._is_over()

    def let_go(self) -> None:
        """Its content is needed no more, and others may have its place in memory."""
        self._content = None
        self._held.let_go()
