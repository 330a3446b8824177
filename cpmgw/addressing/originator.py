"""What a request says of its originator, and how we say it (RFC 3325, RFC 3323).

P-Asserted-Identity, From and Privacy in both directions: conversation TS 6.1 and 6.3,
TS Tables 1 and 9, Appendix D.
"""

from __future__ import annotations

import unicodedata
from typing import Final

import msgspec

from cpmgw.addressing.dialplan import AddressKind, DialPlan, PhoneAddress
from cpmgw.addressing.settings import MOST_DISPLAY
from cpmgw.cpm.headers import PRIVACY, hides_identity
from cpmgw.cpm.identity import with_nccsid
from cpmgw.sip.headers import Headers, NameAddr, parse_name_addr
from cpmgw.sip.uri import AbsoluteUri, SipUri, TelUri, Uri

ASSERTED: Final = "P-Asserted-Identity"
# One of each kind (RFC 3325 9.1).
_MOST_ASSERTED: Final = 2
ID: Final = "id"
ANONYMOUS_HOST: Final = "anonymous.invalid"
ANONYMOUS_NAME: Final = "Anonymous"
ANONYMOUS: Final = SipUri("sip", "anonymous", ANONYMOUS_HOST)

# Controls, octets that were no UTF-8, ends of lines, and what has no width: it turns
# the direction of the text around a name, or makes two names look alike.
_UNSHOWN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# What joins letters or pictures into one is hidden too, but writing needs it.
_JOINING: Final = "\u200c\u200d"
_NOTHING: Final = _JOINING + " "
# Where an address is known in more than one form, the one that SMS is told; of those
# that policy does not take, the one that a refusal tells.
_RANK: Final = (AddressKind.NAME, AddressKind.E164, AddressKind.SHORT)
_REFUSED_RANK: Final = (AddressKind.E164, AddressKind.NAME, AddressKind.SHORT)


class Originator(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a request is from.

    `address` is what SMS has a form for, None if there is nothing; `sip` and `tel` are
    the identities as they came. `display_name` can be shown: of an originator who is
    `hidden` it is a pseudonym. `asserted` tells that the network vouches for it.
    """

    address: PhoneAddress | None
    sip: SipUri | None
    tel: TelUri | None
    display_name: str
    hidden: bool
    asserted: bool


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a request that is made here is from.

    `sip` is its SIP URI where one is known. At least one of it and `address` is there.
    """

    address: PhoneAddress | None = None
    sip: SipUri | None = None
    display_name: str = ""
    hidden: bool = False

    def __post_init__(self) -> None:
        if self.address is None and self.sip is None:
            raise ValueError("an identity without an address")


class IdentityFields(msgspec.Struct, frozen=True, kw_only=True):
    """The header fields that say whom a request is from; From is still without tag.

    `asserted` stays within the trust domain where Privacy asks for it (RFC 3325 7). TS
    Table 40 does not tell a hidden address even there: its sender leaves it out.
    """

    asserted: tuple[NameAddr, ...]
    from_: NameAddr
    privacy: str

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The header fields beside From."""
        fields = [(ASSERTED, str(each)) for each in self.asserted]
        if self.privacy:
            fields.append((PRIVACY, self.privacy))
        return tuple(fields)


# -- reading --------------------------------------------------------------------------


def originator_of(headers: Headers, from_: NameAddr, plan: DialPlan) -> Originator:
    """Whom a request is from; SipSyntaxError for an identity that is malformed.

    P-Asserted-Identity counts where it is there, otherwise From (TS Table 1). One that
    identifies nobody is there too: nobody is who sent it.
    """
    asserted = asserted_identities(headers)
    found = asserted if ASSERTED in headers else [from_]
    sip: SipUri | None = None
    tel: TelUri | None = None
    for each in found:
        if isinstance(each.uri, SipUri):
            sip = each.uri
        elif isinstance(each.uri, TelUri):
            tel = each.uri
    hidden = hides_identity(headers) or is_anonymous(from_.uri)
    return Originator(
        address=_address(found, plan),
        sip=sip,
        tel=tel,
        display_name=_shown(asserted, from_, hidden=hidden),
        hidden=hidden,
        asserted=bool(asserted),
    )


def asserted_identities(headers: Headers) -> list[NameAddr]:
    """P-Asserted-Identity: a SIP or SIPS URI, a tel URI, or one of each (RFC 3325 9.1).

    Of more than one of a kind the first counts; other URIs identify nobody here.
    """
    found: list[NameAddr] = []
    for value in headers.all(ASSERTED):
        address = parse_name_addr(value)
        kind = type(address.uri)
        if kind is AbsoluteUri or any(type(each.uri) is kind for each in found):
            continue
        found.append(address)
        if len(found) == _MOST_ASSERTED:
            break
    return found


def is_anonymous(uri: Uri) -> bool:
    """Whether a From says that its sender wants not to be known (RFC 3323 4.1.1.3)."""
    return isinstance(uri, SipUri) and uri.host.lower() == ANONYMOUS_HOST


def display_text(name: str) -> str:
    """A display name as it may be shown: one line, no controls, of bounded length."""
    kept = [
        " " if each in "\t\r\n" else each
        for each in name[: 4 * MOST_DISPLAY]
        if each in "\t\r\n"
        or each in _JOINING
        or unicodedata.category(each) not in _UNSHOWN
    ]
    words = " ".join("".join(kept).split()).lstrip(_NOTHING)
    return words[:MOST_DISPLAY].rstrip(_NOTHING)


def _address(found: list[NameAddr], plan: DialPlan) -> PhoneAddress | None:
    """The best of the addresses that the identities have, the first of equals.

    One that policy takes is better than one that it does not (RCC.10 4).
    """
    addresses = [address for each in found if (address := plan.originator_of(each.uri))]
    if len(addresses) == 1:
        return addresses[0]
    taken = [each for each in addresses if each.kind.value in plan.originators]
    order = _RANK if taken else _REFUSED_RANK
    return min(
        taken or addresses, key=lambda each: order.index(each.kind), default=None
    )


def _shown(asserted: list[NameAddr], from_: NameAddr, *, hidden: bool) -> str:
    """The display name by the order of conversation TS 6.3.

    Of one who is hidden only what stands beside an anonymous URI: a pseudonym.
    """
    if hidden:
        return display_text(from_.display_name) if is_anonymous(from_.uri) else ""
    for each in [*asserted, from_]:
        if each.display_name and (name := display_text(each.display_name)):
            return name
    return ""


# -- writing --------------------------------------------------------------------------


def identity_fields(
    identity: Identity, plan: DialPlan, service: str = ""
) -> IdentityFields:
    """How a request says whom it is from (TS Table 9 P-Asserted-Identity and/or From).

    The SIP URI, where it is known, stands in From and P-Asserted-Identity, and the tel
    URI in P-Asserted-Identity; otherwise the tel URI in both. From is marked with the
    `service` that the originator has ("SMS", Appendix D), an anonymous one too.
    """
    uris = _uris(identity, plan)
    name = display_text(identity.display_name)
    if not name and identity.address is not None:
        name = display_text(plan.display_name(identity.address))
    from_ = NameAddr(uris[0], name)
    if identity.hidden:
        from_ = NameAddr(ANONYMOUS, ANONYMOUS_NAME)
    if service and isinstance(from_.uri, SipUri | TelUri):
        marked = with_nccsid(from_.uri, service)
        from_ = NameAddr(marked, from_.display_name)
    return IdentityFields(
        asserted=tuple(NameAddr(uri, name) for uri in uris),
        from_=from_,
        privacy=ID if identity.hidden else "",
    )


def _uris(identity: Identity, plan: DialPlan) -> list[SipUri | TelUri]:
    """The URIs of an identity, at most one of a kind, the one for From first."""
    uris: list[SipUri | TelUri] = [] if identity.sip is None else [identity.sip]
    if identity.address is not None:
        other = plan.uri_of(identity.address)
        if not uris or isinstance(other, TelUri):
            uris.append(other)
    return uris
