"""What can go wrong with the text of a short message."""

from __future__ import annotations

from txsmpp.errors import SmppError


class TextError(SmppError):
    """A short message whose header, coding or segments make no sense."""


class CannotEncode(TextError):
    """No alphabet that the policy allows has all the characters of the text."""


class TextTooLong(TextError):
    """The text needs more segments, or octets, than the policy allows."""


class IncompleteMessage(TextError):
    """Segments are missing; `missing` has their numbers."""

    def __init__(self, missing: tuple[int, ...]) -> None:
        super().__init__(f"segments missing: {missing}")
        self.missing = missing
