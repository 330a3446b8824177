"""Who a user is: URIs, E.164 numbers and SMPP addresses, one into the other.

TS Table 1 and 9, Appendix D and F; RFC 3966, RFC 3261 19.1.6.
"""

from __future__ import annotations

from typing import Final

import msgspec
import phonenumbers

from cpmgw.sip.uri import AbsoluteUri, SipUri, TelUri, Uri, unescape

# SMPP 3.4 5.2.5 and 5.2.6.
TON_UNKNOWN: Final = 0
TON_INTERNATIONAL: Final = 1
TON_NATIONAL: Final = 2
TON_ALPHANUMERIC: Final = 5
NPI_UNKNOWN: Final = 0
NPI_ISDN: Final = 1

NCCSID: Final = "nccsid"

_VISUAL: Final = str.maketrans("", "", " -.()/\u00a0")


class Address(msgspec.Struct, frozen=True):
    """An SMPP address as CPM sees it.

    `number` is its E.164 number, None when it has none (short code, name); `text` is
    the form of Appendix F: "+" before an international number, else as it came.
    """

    number: str | None
    text: str


class Subscriber(msgspec.Struct, frozen=True, gc=False):
    """What a URI says of a telephone (RFC 3966 3, RFC 3261 19.1.6).

    `number` is without visual separators, and may be no number at all; `context` is
    the phone-context as it came, empty without one.
    """

    number: str
    context: str = ""


def is_e164(text: str) -> bool:
    """Whether this is a plus sign and 7 to 15 digits of an E.164 number."""
    return (
        8 <= len(text) <= 16
        and text[0] == "+"
        and text[1] != "0"
        and text.isascii()
        and text[1:].isdecimal()
    )


def e164_of(uri: Uri, country: str = "", international_prefix: str = "") -> str | None:
    """Give the E.164 number of a tel URI or a SIP URI that holds one (TS Table 1).

    A SIP URI counts with user=phone or a user part of "+" and digits. A local number
    counts through its phone-context, or as a national number of `country` (ISO 3166
    code); one that begins with `international_prefix` ("00") is international.
    """
    subscriber = subscriber_of(uri)
    if subscriber is None:
        return None
    number, context = subscriber.number, subscriber.context
    if is_e164(number):
        return number
    return _from_local(number, context, country, international_prefix)


def subscriber_of(uri: Uri) -> Subscriber | None:
    """Give what a URI says of a telephone, None if it speaks of none (TS Table 1).

    A SIP URI does with user=phone, or with a user part of "+" and digits.
    """
    if isinstance(uri, TelUri):
        return Subscriber(uri.number, uri.parameter("phone-context") or "")
    if isinstance(uri, AbsoluteUri) or not uri.user:
        return None
    number, _, parameters = unescape(uri.user).partition(";")
    number = without_separators(number)
    if not is_e164(number) and (uri.parameter("user") or "").lower() != "phone":
        return None
    return Subscriber(number, _phone_context(parameters))


def without_separators(number: str) -> str:
    """Give a number without what is only there for the eye (RFC 3966 5.1.1)."""
    return number.translate(_VISUAL)


def _phone_context(parameters: str) -> str:
    for piece in parameters.split(";"):
        name, _, value = piece.partition("=")
        if name.lower() == "phone-context":
            return value
    return ""


def _from_local(
    number: str, context: str, country: str, international_prefix: str
) -> str | None:
    """Make a local number global (RFC 3966 5.1.4 and 5.1.5).

    A phone-context of digits is either the part that is missing before the number, or
    the country in which to read it; one that is a domain name leaves it to `country`.
    """
    if not (number.isascii() and number.isdecimal() and len(number) <= 20):
        return None
    context = without_separators(context)
    if context[:1] == "+" and context[1:].isdecimal() and len(context) <= 16:
        joined = context + number
        if is_e164(joined) and (whole := _valid(joined, None)):
            return whole
        return _national(number, _country_of(context))
    if international_prefix and number.startswith(international_prefix):
        international = "+" + number[len(international_prefix) :]
        return international if is_e164(international) else None
    return _national(number, country)


def _country_of(prefix: str) -> str:
    """Give the country that the leading digits of "+digits" belong to."""
    for length in (1, 2, 3):
        digits = prefix[1 : 1 + length]
        region = phonenumbers.region_code_for_country_code(int(digits or "0"))
        if region not in ("ZZ", "001"):
            return region
    return ""


def _national(number: str, country: str) -> str | None:
    """Read a national number of a country; a short code is none."""
    if not country:
        return None
    return _valid(number, country.upper())


def _valid(number: str, country: str | None) -> str | None:
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    text = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return text if is_e164(text) else None


def tel_uri(number: str) -> TelUri:
    """Give the tel URI of an E.164 number."""
    return TelUri(number)


def sip_uri(number: str, domain: str) -> SipUri:
    """Give the SIP URI with user=phone of an E.164 number (RFC 3261 19.1.6)."""
    return SipUri("sip", number, domain, parameters=(("user", "phone"),))


# -- SMPP ---------------------------------------------------------------------------


def to_smpp(number: str) -> tuple[int, int, str]:
    """Give the (TON, NPI, digits) of an E.164 number (SMPP 3.4 5.2.5, TS Table 1)."""
    return TON_INTERNATIONAL, NPI_ISDN, number.removeprefix("+")


def from_smpp(
    ton: int,
    npi: int,
    address: str,
    country: str = "",
    *,
    international_prefix: str = "",
) -> Address:
    """Read an SMPP address (TS Table 9; Appendix F for its text).

    TON international needs no plus sign; TON national is read in `country`; TON unknown
    is international behind "+" or `international_prefix`, else national. Names, short
    codes and other numbering plans have no E.164 number.
    """
    if ton == TON_ALPHANUMERIC or npi not in (NPI_UNKNOWN, NPI_ISDN):
        return Address(None, address)
    digits = without_separators(address)
    if ton == TON_INTERNATIONAL:
        number = "+" + digits.removeprefix("+")
        if is_e164(number):
            return Address(number, number)
        return Address(None, number)
    if digits[:1] == "+":
        return Address(digits if is_e164(digits) else None, digits)
    if ton not in (TON_UNKNOWN, TON_NATIONAL):
        return Address(None, address)
    prefix = international_prefix if ton == TON_UNKNOWN else ""
    return Address(_from_local(digits, "", country, prefix), address)


# -- Appendix D -----------------------------------------------------------------------


def with_nccsid(uri: SipUri | TelUri, service: str) -> SipUri | TelUri:
    """Mark a URI with the service that its user has: SMS, MMS, email (App. D)."""
    return uri.without_parameter(NCCSID).with_parameter(NCCSID, service)


def without_nccsid(uri: SipUri | TelUri) -> SipUri | TelUri:
    """Give the URI without that mark, as it identifies the user."""
    return uri.without_parameter(NCCSID) if uri.has(NCCSID) else uri


def nccsid_of(uri: Uri) -> str | None:
    """Give the Non-CPM Communication Service Identifier of a URI (App. D)."""
    if isinstance(uri, AbsoluteUri):
        return None
    return uri.parameter(NCCSID) or None


# -- logs -----------------------------------------------------------------------------


def masked(number: str) -> str:
    """Give a number or URI for a log: no more than its last three digits."""
    user = number.partition(";")[0].partition("@")[0].rstrip(">")
    tail = user[-3:]
    if len(user) > 5 and tail.isdecimal() and tail.isascii():
        return f"***{tail}"
    return "***"
