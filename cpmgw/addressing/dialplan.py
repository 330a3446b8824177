"""The dial plan: what a URI or an SMPP address stands for, and how it is written.

TS Tables 1 and 9; RFC 3966, RFC 3261 19.1.6; SMPP 3.4 5.2.5 and 5.2.6. A number gets
its E.164 form by the dial plan's rules, or by the national numbering of the country.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

from cpmgw.addressing.emergency import is_emergency
from cpmgw.addressing.names import NameTable, is_name
from cpmgw.addressing.own import OwnNames
from cpmgw.addressing.settings import SHORT_LENGTHS, DialPlanSettings, DialRule
from cpmgw.cpm import identity
from cpmgw.cpm.identity import (
    NPI_ISDN,
    NPI_UNKNOWN,
    TON_ALPHANUMERIC,
    TON_INTERNATIONAL,
    TON_NATIONAL,
)
from cpmgw.sip.uri import SipUri, TelUri, Uri, escape_user, unescape

NPI_NATIONAL: Final = 8
NPI_PRIVATE: Final = 9

_PLANS: Final = frozenset({NPI_UNKNOWN, NPI_ISDN, NPI_NATIONAL, NPI_PRIVATE})
_MOST_DIALLED: Final = 20


class AddressKind(Enum):
    """What an address is."""

    E164 = "e164"
    SHORT = "short"
    NAME = "name"


EVERY_KIND: Final = tuple([each.value for each in AddressKind])


class PhoneAddress(msgspec.Struct, frozen=True):
    """An address that SMS and CPM both have a form for.

    `text` is "+" and digits of an E.164 number, the digits of a short number, or an
    alphanumeric name.
    """

    kind: AddressKind
    text: str

    @property
    def number(self) -> str | None:
        """The E.164 number, None if it is something else."""
        return self.text if self.kind is AddressKind.E164 else None


class DialPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How numbers are read and written in one domain; `plan_of` makes it.

    `own` are the names of the gateway itself, and `originators` the kinds of address
    that policy takes of who sends.

    Readers give None for what has no address here, emergency numbers included. Those
    for an originator or a target also refuse what is not allowed as such.
    """

    domain: str
    country: str
    settings: DialPlanSettings
    rules: tuple[DialRule, ...]
    short_numbers: frozenset[str]
    short_digits: frozenset[int]
    contexts: tuple[str, ...]
    names_domain: str
    names: NameTable
    own: OwnNames
    originators: tuple[str, ...]

    # -- URIs --------------------------------------------------------------------------

    def address_of(self, uri: Uri) -> PhoneAddress | None:
        """Whom a URI names, in whatever part."""
        if isinstance(uri, SipUri) and (listed := self.names.of_user(uri)):
            return PhoneAddress(AddressKind.NAME, listed.name)
        subscriber = identity.subscriber_of(uri)
        if subscriber is None:
            return self._named_by(uri)
        digits = subscriber.number
        if identity.is_e164(digits):
            return PhoneAddress(AddressKind.E164, digits)
        if not _is_dialled(digits):
            return None
        number = identity.e164_of(uri, self.country, self.settings.international_prefix)
        if not subscriber.context or subscriber.context.lower() in self.contexts:
            return self._dialled(digits, self._rewritten(digits) or number)
        # Our rules and short numbers say nothing of another network's local numbers.
        if number is None or is_emergency(digits, self.country):
            return None
        return PhoneAddress(AddressKind.E164, number)

    def originator_of(self, uri: Uri) -> PhoneAddress | None:
        """Whom a message from CPM is from, in SMS (TS Table 1 source_addr).

        A name only where the table of names has the user: no user gives itself one.
        """
        address = self._allowed_originator(self.address_of(uri))
        if address is None or address.kind is not AddressKind.NAME:
            return address
        listed = isinstance(uri, SipUri) and self.names.of_user(uri)
        return address if listed else None

    def target_of(self, uri: Uri) -> PhoneAddress | None:
        """Whom a message from CPM is for, in SMS (TS Table 1 destination_addr)."""
        return self._allowed_target(self.address_of(uri))

    def tel_uri(self, address: PhoneAddress) -> TelUri | None:
        """The tel URI of a number, None for a name (RFC 3966)."""
        if address.kind is AddressKind.NAME:
            return None
        if address.kind is AddressKind.E164:
            return identity.tel_uri(address.text)
        return TelUri(address.text, (("phone-context", self.contexts[0]),))

    def sip_uri(self, address: PhoneAddress) -> SipUri:
        """The SIP URI: a number's with user=phone, a name's own (RFC 3261 19.1.6)."""
        if address.kind is AddressKind.NAME:
            listed = self.names.of_name(address.text)
            return listed.uri if listed else self._name_uri(address.text)
        if address.kind is AddressKind.E164:
            return identity.sip_uri(address.text, self.domain)
        local = f"{address.text};phone-context={self.contexts[0]}"
        return identity.sip_uri(local, self.domain)

    def uri_of(self, address: PhoneAddress) -> SipUri | TelUri:
        """The URI towards CPM where no SIP URI is known: tel of a number (Table 9)."""
        return self.tel_uri(address) or self.sip_uri(address)

    def display_name(self, address: PhoneAddress) -> str:
        """What to show for a name, as the table of names has it, or nothing."""
        if address.kind is not AddressKind.NAME:
            return ""
        listed = self.names.of_name(address.text)
        return listed.display if listed else ""

    # -- SMPP --------------------------------------------------------------------------

    def smpp_originator(self, ton: int, npi: int, text: str) -> PhoneAddress | None:
        """Whom a short message is from (TS Table 9 source_addr)."""
        return self._allowed_originator(self.address_from_smpp(ton, npi, text))

    def smpp_target(self, ton: int, npi: int, text: str) -> PhoneAddress | None:
        """Whom a short message is for (TS Table 9 destination_addr)."""
        return self._allowed_target(self.address_from_smpp(ton, npi, text))

    def address_from_smpp(self, ton: int, npi: int, text: str) -> PhoneAddress | None:
        """Whom an SMPP address names, in whatever part."""
        if ton == TON_ALPHANUMERIC:
            return self._name(text.strip(" "))
        if npi not in _PLANS:
            return None
        prefix = self.settings.international_prefix
        number = identity.from_smpp(
            ton, npi, text, self.country, international_prefix=prefix
        ).number
        digits = identity.without_separators(text)
        if ton == TON_INTERNATIONAL or digits[:1] == "+":
            return PhoneAddress(AddressKind.E164, number) if number else None
        if not _is_dialled(digits):
            return None
        # A national number is whole and says so: there is nothing to rewrite.
        rewritten = None if ton == TON_NATIONAL else self._rewritten(digits)
        return self._dialled(digits, rewritten or number)

    def to_smpp(self, address: PhoneAddress) -> tuple[int, int, str]:
        """The (TON, NPI, address) of an address (TS Table 1; SMPP 3.4 5.2.5)."""
        if address.kind is AddressKind.E164:
            return identity.to_smpp(address.text)
        if address.kind is AddressKind.NAME:
            return TON_ALPHANUMERIC, NPI_UNKNOWN, address.text
        return self.settings.short_ton, self.settings.short_npi, address.text

    # -- digits ------------------------------------------------------------------------

    def _dialled(self, digits: str, number: str | None) -> PhoneAddress | None:
        """What digits that were dialled here mean; `number` if they are E.164's."""
        if is_emergency(digits, self.country):
            return None
        if digits in self.short_numbers:
            return PhoneAddress(AddressKind.SHORT, digits)
        if number is not None:
            return PhoneAddress(AddressKind.E164, number)
        if len(digits) in SHORT_LENGTHS:
            return PhoneAddress(AddressKind.SHORT, digits)
        return None

    def _rewritten(self, digits: str) -> str | None:
        """The E.164 number by the rule with the longest prefix that makes one."""
        for rule in self.rules:
            if rule.digits not in (0, len(digits)):
                continue
            if digits.startswith(rule.prefix):
                number = rule.add + digits[rule.strip :]
                if identity.is_e164(number):
                    return number
        return None

    def _allowed_originator(self, address: PhoneAddress | None) -> PhoneAddress | None:
        if address is None or address.kind is not AddressKind.SHORT:
            return address
        return address if self.settings.short_senders else None

    def _allowed_target(self, address: PhoneAddress | None) -> PhoneAddress | None:
        """Nothing can be sent to a name, nor to short numbers that are not listed."""
        if address is None or address.kind is AddressKind.E164:
            return address
        if address.kind is AddressKind.NAME:
            return None
        listed = address.text in self.short_numbers
        return address if listed or len(address.text) in self.short_digits else None

    # -- names -------------------------------------------------------------------------

    def _name(self, text: str) -> PhoneAddress | None:
        """Whom a name that came from SMS stands for."""
        listed = self.names.of_name(text)
        if listed is not None:
            return PhoneAddress(AddressKind.NAME, listed.name)
        return self._unlisted(text)

    def _unlisted(self, text: str) -> PhoneAddress | None:
        """A name that the table of names does not have, where policy takes it."""
        if self.settings.alphanumeric == "refuse" or not is_name(text):
            return None
        # A name may not pass for a number, nor for somebody in the table of names.
        uri = self._name_uri(text)
        if identity.subscriber_of(uri) is not None or self.names.of_user(uri):
            return None
        return PhoneAddress(AddressKind.NAME, text)

    def _named_by(self, uri: Uri) -> PhoneAddress | None:
        """The name in a URI that was made of one."""
        if not isinstance(uri, SipUri) or not uri.user:
            return None
        name = unescape(uri.user)
        ours = uri.host.lower() == self.names_domain.lower()
        # The user of a name in the table is the one that stands there, and no other.
        if not ours or self.names.of_name(name) is not None:
            return None
        return self._unlisted(name)

    def _name_uri(self, name: str) -> SipUri:
        return SipUri("sip", escape_user(name), self.names_domain)


def plan_of(
    settings: DialPlanSettings,
    domain: str,
    country: str = "",
    *,
    own: OwnNames | None = None,
    originators: tuple[str, ...] = EVERY_KIND,
) -> DialPlan:
    """The dial plan of [dial_plan], with the domain and country of [gateway].

    Without `own` the gateway is known by its domain, and has no user there.
    """
    contexts = settings.phone_contexts or (domain,)
    return DialPlan(
        domain=domain,
        country=country,
        settings=settings,
        rules=tuple(sorted(settings.rules, key=lambda each: -len(each.prefix))),
        short_numbers=frozenset(settings.short_numbers),
        short_digits=frozenset(settings.short_digits),
        contexts=tuple(each.lower() for each in contexts),
        names_domain=settings.names_domain or domain,
        names=NameTable(settings.names),
        own=own or OwnNames(frozenset({domain.lower()})),
        originators=originators,
    )


def _is_dialled(digits: str) -> bool:
    return digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIALLED
