"""What a session invitation says of its Long-lived CPM Group Session (TS 5.1, 5.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv6Address
from typing import Final

from cpmgw.cpm.features import Feature, features_of, service_of
from cpmgw.cpm.headers import CONTRIBUTION_ID, CONVERSATION_ID, identification_of
from cpmgw.cpm.identity import without_nccsid
from cpmgw.errors import CannotInterwork
from cpmgw.records import GroupSession
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.message import Request
from cpmgw.sip.status import reason_for
from cpmgw.sip.uri import AbsoluteUri, SipUri, TelUri, Uri

IDENTITY: Final = "CPM Group Session Identity"
MAX_IDENTITY: Final = 512
MAX_ADDRESS: Final = 256

# The parameter that names one instance of what a URI is of (RFC 5627 3.1).
_INSTANCE: Final = "gr"
# A parameter that stands in one of two URIs only is ignored, but for these (RFC 3261
# 19.1.4, as in `sip.uri.equivalent`) and for `gr`, without which it is another thing.
_IDENTIFYING: Final = frozenset(
    {"user", "ttl", "method", "maddr", "transport", _INSTANCE}
)
_ESCAPED_UNRESERVED: Final = re.compile(
    r"%(?:2[1789AaDdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])"
)
_ESCAPED: Final = re.compile("%[0-9A-Fa-f]{2}")
_VISUAL: Final = str.maketrans("", "", "-.()")
_ANONYMOUS: Final = "anonymous.invalid"

_Parameters = tuple[tuple[str, str | None], ...]


def group_session_of(request: Request, target: str) -> GroupSession | None:
    """Read steps 7a.i to 7a.iii and 8 a to 8 c; None if it invites to no group session.

    `target` is the recipient as read from the Request-URI, an E.164 number where it
    holds one; where it is empty the URI itself names the user.

    A group session is told by the `isfocus` of its Contact (conversation TS App.
    C.1.7), which is then its identity. Where that was lost on the way the `.group` of
    its service tells it, and From is its identity, or what was asserted if From hides
    it. Raises a CannotInterwork, 400, if the identity or an identifier is missing,
    malformed or too long: every session invitation carries them (conversation TS 5.3),
    and an association without them could be that of another session.
    """
    if request.method != "INVITE" or Feature.SESSION not in features_of(
        request.headers
    ):
        return None
    try:
        identity = _identity(request)
    except SipSyntaxError as error:
        raise _refusal(
            "RFC 3261 21.4.1", error.reason, error.status, error.reason
        ) from error
    if identity is None:
        return None
    named = identification_of(request.headers)
    return GroupSession(
        user=_kept(
            target or canonical(_of_user(request.uri)),
            MAX_ADDRESS,
            "recipient",
            "TS 5.1 step 7a.iii",
        ),
        conversation_id=_kept(
            named.conversation_id, MAX_ADDRESS, CONVERSATION_ID, "conversation TS 5.3"
        ),
        contribution_id=_kept(
            named.contribution_id, MAX_ADDRESS, CONTRIBUTION_ID, "conversation TS 5.3"
        ),
        session=_kept(canonical(identity), MAX_IDENTITY, IDENTITY, "TS 5.1 step 7a.i"),
        address=_kept(str(identity), MAX_IDENTITY, IDENTITY, "TS 5.1 step 7a.i"),
    )


def _identity(request: Request) -> Uri | None:
    """The CPM Group Session Identity, None if the session is not one with a group."""
    for contact in request.headers.addresses("Contact"):
        if contact.has("isfocus"):
            return contact.uri
    service = service_of(request.headers)
    if service is None or not service[1]:
        return None
    sender = request.from_.uri
    if isinstance(sender, SipUri) and sender.host.lower() == _ANONYMOUS:
        asserted = request.headers.addresses("P-Asserted-Identity")
        sender = asserted[0].uri if asserted else AbsoluteUri("", "")
    return sender


def _of_user(uri: Uri) -> Uri:
    """The URI of a user, whatever device (RFC 5627) or service (App. D) it names."""
    if isinstance(uri, AbsoluteUri):
        return uri
    return without_nccsid(uri.without_parameter(_INSTANCE))


def _kept(text: str, limit: int, what: str, section: str) -> str:
    """Text that may be kept and compared; a refusal for any other."""
    if not text or len(text) > limit or not text.isprintable():
        raise _refusal(section, f"no usable {what}")
    return text


def _refusal(
    section: str, warning: str, status: int = 400, reason: str = ""
) -> CannotInterwork:
    return CannotInterwork(
        status,
        reason or reason_for(status),
        cause="unreadable",
        section=section,
        warning=warning,
    )


# -- comparison ------------------------------------------------------------------------


def canonical(uri: Uri) -> str:
    """A text that is the same for URIs that are equivalent (RFC 3261 19.1.4).

    A database compares texts, and the RFC's equivalence is none of texts: parameters
    that may be absent match their absence. They are left out, because a proxy may add
    them on one way and not on another, and a session taken for a new one would lose
    its number. Of another scheme than sip, sips and tel it is empty.
    """
    if isinstance(uri, AbsoluteUri):
        return ""
    if isinstance(uri, TelUri):
        return str(TelUri(uri.number.lower(), _folded(uri.parameters)))
    identifying = _folded(uri.parameters)
    return str(
        SipUri(
            uri.scheme,
            None if uri.user is None else _comparable(uri.user),
            _host(uri.host),
            uri.port,
            None if uri.password is None else _comparable(uri.password),
            tuple([each for each in identifying if each[0] in _IDENTIFYING]),
            tuple([(name, value or "") for name, value in _folded(uri.headers)]),
        )
    )


def _host(host: str) -> str:
    if host.startswith("["):
        return f"[{IPv6Address(host[1:-1])}]"
    return host.lower()


def _folded(parts: Iterable[tuple[str, str | None]]) -> _Parameters:
    """Names and values without case, in order; numbers without visual separators."""
    folded = set()
    for name, value in parts:
        text = None if value is None else _comparable(value).lower()
        if text is not None and text.startswith("+"):
            text = text.translate(_VISUAL)
        folded.add((_comparable(name).lower(), text))
    return tuple(sorted(folded, key=lambda each: (each[0], each[1] or "")))


def _comparable(text: str) -> str:
    """The text with the escapes undone that change nothing, the others in capitals."""
    if "%" not in text:
        return text
    plain = _ESCAPED_UNRESERVED.sub(lambda found: chr(int(found[0][1:], 16)), text)
    return _ESCAPED.sub(lambda found: found[0].upper(), plain)
