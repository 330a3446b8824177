"""Emergency numbers, which no message is ever routed to."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import phonenumbers

from cpmgw.cpm.identity import subscriber_of, without_separators
from cpmgw.sip.uri import AbsoluteUri, SipUri, Uri, unescape

# What every mobile network takes for an emergency call (3GPP TS 22.101 10.1.1).
EVERYWHERE: Final = frozenset({"112", "911"})
# The services that help, as the core knows them: urn:service:sos.police (RFC 5031 4.2).
SOS: Final = "urn:service:sos"

_MOST_DIGITS: Final = 8


@lru_cache(maxsize=4096)
def is_emergency(digits: str, country: str = "") -> bool:
    """Whether these digits, as they are dialled, call for help in a country.

    Without a country (ISO 3166 code), whether they do in any.
    """
    if digits in EVERYWHERE:
        return True
    if len(digits) > _MOST_DIGITS:
        return False
    regions = (country.upper(),) if country else phonenumbers.SUPPORTED_SHORT_REGIONS
    return any(
        phonenumbers.shortnumberinfo.is_emergency_number(digits, region)
        for region in regions
    )


def calls_for_help(uri: Uri, country: str = "") -> bool:
    """Whether a URI names an emergency service, or a number of one.

    A user of a SIP URI that is such a number is one, with user=phone or without.
    """
    if isinstance(uri, AbsoluteUri):
        text = str(uri).lower()
        return text == SOS or text.startswith(f"{SOS}.")
    subscriber = subscriber_of(uri)
    if subscriber is not None:
        return is_emergency(subscriber.number, country)
    if not isinstance(uri, SipUri) or not uri.user:
        return False
    digits = without_separators(unescape(uri.user).partition(";")[0])
    return digits.isascii() and digits.isdecimal() and is_emergency(digits, country)
