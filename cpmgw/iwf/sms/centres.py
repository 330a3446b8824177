"""Which SM-SC an address goes to, and where concatenation references come from."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cpmgw.addressing.dialplan import PhoneAddress
from cpmgw.config import SmscConfig
from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import ISmsCentre
from cpmgw.iwf.outcomes import retry_after
from cpmgw.policy import PolicySource
from txsmpp.text.encoding import prepare
from txsmpp.text.errors import CannotEncode, TextTooLong
from txsmpp.text.message_id import IdPolicy, receipt_keys, response_key
from txsmpp.text.segment import Segment


class Centre(msgspec.Struct, frozen=True):
    """One SM-SC: the way to it, and its configuration."""

    link: ISmsCentre
    config: SmscConfig

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
                cause="too-large",
                section="TS 6.2.2.1.1",
                warning=f"too long for SMS: {error}",
                warning_code=133,
            ) from error
        except CannotEncode as error:
            raise CannotInterwork(
                415,
                "Unsupported Media Type",
                cause="alphabet",
                section="TS 6.1.1 step 1",
                warning=str(error),
            ) from error


class Centres:
    """The SM-SCs of this gateway, chosen among by the longest matching prefix."""

    def __init__(self, centres: Sequence[Centre], policy: PolicySource) -> None:
        self._current: dict[str, Centre] = {}
        self._gone: dict[str, Centre] = {}
        self._policy = policy
        self.replace(centres)

    def replace(self, centres: Sequence[Centre]) -> None:
        """Send through these from now on.

        Those that are gone are still known by name: they may have something to say
        until they are unbound, and what is stored of them is read as theirs.
        """
        self._gone |= self._current
        self._current = {each.name: each for each in centres}
        self._routes = sorted(
            (
                (prefix, each)
                for each in centres
                for prefix in (each.config.prefixes or ("",))
                if each.config.bind != "receiver"
            ),
            key=lambda route: -len(route[0]),
        )
        senders = [each for each in centres if each.config.bind != "receiver"]
        self._of_short_numbers = sorted(senders, key=lambda e: bool(e.config.prefixes))

    def link_to(self, name: str) -> ISmsCentre | None:
        """The way to the SM-SC of this name, None where none is configured."""
        centre = self._current.get(name)
        return centre.link if centre is not None else None

    def named(self, name: str) -> Centre:
        """The SM-SC of this name.

        What is stored of one that is configured no longer is read as the first one's.
        """
        known = self._current.get(name) or self._gone.get(name)
        return known or next(iter(self._current.values()))

    def towards(self, target: PhoneAddress) -> Centre:
        """The SM-SC for an address: the first of those that serve it that is bound.

        CannotInterwork: 404 where none serves it, 503 with Retry-After where those that
        do are not bound at present.
        """
        serving = self._serving(target)
        for centre in serving:
            if centre.link.bound:
                return centre
        if serving:
            raise CannotInterwork(
                503,
                "Service Unavailable",
                cause="smsc-not-bound",
                section="TS 6.2.2 note 2",
                warning="no SM-SC is bound",
                headers=retry_after(503, self._policy()),
            )
        raise CannotInterwork(
            404,
            "Not Found",
            cause="no-smsc-for-number",
            section="TS 6.2.2.1.1",
            warning="no SM-SC serves the number",
            warning_code=129,
        )

    def _serving(self, target: PhoneAddress) -> Sequence[Centre]:
        """Those that serve an address, the best first.

        Prefixes are those of E.164 numbers. Other addresses go first to those that
        serve all numbers, in the order of the configuration.
        """
        number = target.number
        if number is None:
            return self._of_short_numbers
        return [each for prefix, each in self._routes if number.startswith(prefix)]


class References:
    """Reference numbers for concatenated short messages, 16 bits, in turn."""

    def __init__(self, first: int) -> None:
        self._next = first & 0xFFFF

    def take(self) -> int:
        """The next reference."""
        reference = self._next
        self._next = (reference + 1) & 0xFFFF
        return reference
