"""SIP URIs of numbers that an operator has written down: [[directory]]."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cpmgw.addressing.names import uri_of_number
from cpmgw.addressing.settings import DirectoryEntry
from cpmgw.cpm.identity import is_e164
from cpmgw.sip.uri import SipUri

NUMBER: Final = "{number}"


def entry_uri(entry: DirectoryEntry, number: str) -> SipUri | None:
    """The SIP URI that an entry gives for a number, None if it is not one of it."""
    return uri_of_number(entry.uri.replace(NUMBER, number), number)


class StaticTable:
    """The entries, looked up by number: the whole of it, then ever shorter beginnings.

    An entry whose URI has no "{number}" is for one number only.
    """

    def __init__(self, entries: Iterable[DirectoryEntry] = ()) -> None:
        exact: dict[str, DirectoryEntry] = {}
        beginnings: dict[str, DirectoryEntry] = {}
        for entry in entries:
            table = beginnings if NUMBER in entry.uri else exact
            table.setdefault(entry.number, entry)
        self._exact = exact
        self._beginnings = beginnings
        lengths = {len(each) for each in beginnings}
        self._lengths = tuple(sorted(lengths, reverse=True))

    def sip_uri(self, number: str) -> SipUri | None:
        """The SIP URI of an E.164 number, None if there is none here."""
        if not is_e164(number):
            return None
        entry = self._exact.get(number)
        if entry is not None:
            return entry_uri(entry, number)
        for length in self._lengths:
            entry = self._beginnings.get(number[:length])
            if entry is not None:
                return entry_uri(entry, number)
        return None
