"""Message streams that one call has side by side: files, one m-line each (RFC 5547)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cpmgw.iwf.streams import Answered
from cpmgw.sdp.parser import parse_sdp


class Several:
    """The streams of an offer that were taken, at least one; `body` is the answer."""

    def __init__(self, streams: Sequence[Answered]) -> None:
        self.streams = tuple(streams)

    def __len__(self) -> int:
        return len(self.streams)

    @property
    def body(self) -> bytes:
        """What is said of all of them in one description."""
        first, *others = self.streams
        if not others:
            return first.body
        whole = parse_sdp(first.body)
        media = list(whole.media)
        for each in others:
            media[each.place] = parse_sdp(each.body).media[each.place]
        return msgspec.structs.replace(whole, media=tuple(media)).encode()

    def begin(self) -> None:
        """Let the other side in: at the ACK of the 2xx."""
        for each in self.streams:
            each.begin()

    def close(self) -> None:
        """End all sessions."""
        for each in self.streams:
            each.close()

    def modify(self, offer: bytes) -> bytes:
        """The answer to another offer of the same streams, all of them or none.

        CannotInterwork 488 as `Answered.modify`.
        """
        for each in self.streams:
            each.changes(offer)
        for each in self.streams:
            each.modify(offer)
        return self.body

    def described(self, answer: bytes) -> None:
        """Take the answer to what was offered again; 488 as `Answered.described`."""
        for each in self.streams:
            each.described(answer)
