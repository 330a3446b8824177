"""Which octets of a message are here (RFC 4975 5.1)."""

from __future__ import annotations

from bisect import bisect_left


class Spans:
    """Octets in as few pieces as they make, in their order."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self._spans)

    @property
    def end(self) -> int:
        """Where the last piece ends, 0 without any."""
        return self._spans[-1][1] if self._spans else 0

    def are(self, size: int) -> bool:
        """Whether they are all octets of something of this size, and no others."""
        return self._spans == ([(0, size)] if size else [])

    def add(self, begin: int, end: int) -> int:
        """These are here; tells how many of them were not before."""
        spans = self._spans
        if begin >= end:
            return 0
        if spans and spans[-1][1] == begin:
            spans[-1] = (spans[-1][0], end)
            return end - begin
        first = last = bisect_left(spans, begin, key=lambda span: span[1])
        known = 0
        while last < len(spans) and spans[last][0] <= end:
            known += spans[last][1] - spans[last][0]
            begin, end = min(begin, spans[last][0]), max(end, spans[last][1])
            last += 1
        spans[first:last] = [(begin, end)]
        return end - begin - known
