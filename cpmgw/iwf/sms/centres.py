"""Which SM-SC a number goes to, and where concatenation references come from."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cpmgw.config import SmscConfig
from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import ISmsCentre
from txsmpp.text.encoding import prepare
from txsmpp.text.errors import CannotEncode, TextTooLong
from txsmpp.text.message_id import IdPolicy, receipt_keys, response_key
from txsmpp.text.segment import Segment


class Centre(msgspec.Struct, frozen=True):
    """One SM-SC: the way to it, its configuration, the country of its numbers."""

    link: ISmsCentre
    config: SmscConfig
    country: str = ""

    @property
    def name(self) -> str:
        """The name of the [[smsc]] in the configuration."""
        return self.config.name

    def response_id(self, message_id: str) -> str:
        """What to remember a message_id of a submit_sm_resp by."""
        return response_key(message_id, self._ids)

    def receipt_ids(self, message_id: str) -> tuple[str, ...]:
        """What to look a receipted_message_id up by, the likeliest first."""
        return receipt_keys(message_id, self._ids)

    @property
    def _ids(self) -> IdPolicy:
        return IdPolicy(self.config.response_id, self.config.receipt_id)

    def segments(self, text: str, references: References) -> tuple[Segment, ...]:
        """The short messages of a text; CannotInterwork 413 or 415 if it has none."""
        try:
            return prepare(text, self.config.text, references.take())
        except TextTooLong as error:
            raise CannotInterwork(
                413,
                "Request Entity Too Large",
                section="TS 6.2.2.1.1",
                warning=f"too long for SMS: {error}",
                warning_code=133,
            ) from error
        except CannotEncode as error:
            raise CannotInterwork(
                415,
                "Unsupported Media Type",
                section="TS 6.1.1 step 1",
                warning=str(error),
            ) from error


class Centres:
    """The SM-SCs of this gateway, chosen among by the longest matching prefix."""

    def __init__(self, centres: Sequence[Centre], retry_after: int) -> None:
        self._by_name = {each.name: each for each in centres}
        self._routes = sorted(
            (
                (prefix, each)
                for each in centres
                for prefix in (each.config.prefixes or ("",))
                if each.config.bind != "receiver"
            ),
            key=lambda route: -len(route[0]),
        )
        self._retry_after = retry_after

    def named(self, name: str) -> Centre:
        """The SM-SC of this name.

        What is stored of one that is configured no longer is read as the first one's.
        """
        return self._by_name.get(name) or next(iter(self._by_name.values()))

    def towards(self, number: str) -> Centre:
        """The SM-SC for an E.164 number: the longest prefix whose SM-SC is bound.

        CannotInterwork: 404 where none serves the number, 503 with Retry-After where
        those that do are not bound at present.
        """
        served = False
        for prefix, centre in self._routes:
            if number.startswith(prefix):
                served = True
                if centre.link.bound:
                    return centre
        if served:
            raise CannotInterwork(
                503,
                "Service Unavailable",
                section="TS 6.2.2 note 2",
                warning="no SM-SC is bound",
                headers=(("Retry-After", str(self._retry_after)),),
            )
        raise CannotInterwork(
            404,
            "Not Found",
            section="TS 6.2.2.1.1",
            warning="no SM-SC serves the number",
            warning_code=129,
        )


class References:
    """Reference numbers for concatenated short messages, 16 bits, in turn."""

    def __init__(self, first: int) -> None:
        self._next = first & 0xFFFF

    def take(self) -> int:
        """The next reference."""
        reference = self._next
        self._next = (reference + 1) & 0xFFFF
        return reference
