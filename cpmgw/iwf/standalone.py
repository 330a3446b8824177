"""Pager mode CPM standalone messages as an IWF reads them (TS 6.1.1)."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from cpmgw.cpm.content import PROTECTED_TYPES, text_of
from cpmgw.cpm.cpim import MEDIA_TYPE as CPIM_TYPE
from cpmgw.cpm.cpim import CpimMessage, parse_cpim
from cpmgw.cpm.cpim_text import parse_address
from cpmgw.cpm.errors import CpimError, CpmError
from cpmgw.cpm.headers import (
    Identification,
    expires_of,
    hides_identity,
    identification_of,
)
from cpmgw.cpm.identity import e164_of, nccsid_of, tel_uri
from cpmgw.cpm.imdn import MEDIA_TYPE as IMDN_TYPE
from cpmgw.cpm.imdn import Disposition, Requested, imdn_of
from cpmgw.cpm.mime import parse_media_type, split_multipart
from cpmgw.cpm.timestamp import format_datetime
from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import ImdnContext
from cpmgw.policy import Policy
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.message import Request
from cpmgw.sip.uri import SipUri, TelUri, Uri, parse_uri

SECTION: Final = "TS 6.1.1"
ANONYMOUS_HOST: Final = "anonymous.invalid"
_KEPT: Final = (
    "To",
    "Conversation-ID",
    "Contribution-ID",
    "InReplyTo-Contribution-ID",
    "P-Asserted-Service",
    "P-Preferred-Service",
    "Content-Type",
)


class StandaloneMessage(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One SIP MESSAGE with the CPM pager mode feature tag, read once.

    `originator` is the E.164 number in P-Asserted-Identity, otherwise in From, empty
    if neither holds one; `target` likewise of the Request-URI, otherwise of To.
    `content_type` and `content` are those inside the CPIM wrapper. `received` is in
    seconds since 1970, `expires` in seconds from then.
    """

    request: Request
    received: float
    originator: str
    target: str
    nccsid: str
    anonymous: bool
    cpim: CpimMessage | None
    content_type: str
    transfer_encoding: str
    content: bytes
    imdn: Requested
    identification: Identification
    priority: str
    expires: int | None

    @property
    def message_id(self) -> str:
        """The imdn.Message-ID, empty without one (RFC 5438 6.3)."""
        return self.imdn.message_id

    @property
    def requested(self) -> frozenset[Disposition]:
        """The notifications that are asked for (RFC 5438 6.2)."""
        return self.imdn.dispositions

    @property
    def is_notification(self) -> bool:
        """Whether it is a disposition notification and no message."""
        return self.content_type.partition(";")[0].strip().lower() == IMDN_TYPE

    def text(self, policy: Policy) -> str:
        """The text in the content; CannotInterwork where there is none (step 1).

        It is made once: the ISF asks as well as the IWF.
        """
        known: str | None = self.__dict__.get("text of it")
        if known is None:
            known = self.__dict__["text of it"] = self._text(policy)
        return known

    def _text(self, policy: Policy) -> str:
        try:
            return text_of(
                self.content_type,
                self.content,
                policy.text_limits,
                transfer_encoding=self.transfer_encoding,
            )
        except CpmError as error:
            raise CannotInterwork(
                error.status,
                error.reason,
                section=SECTION,
                warning=str(error),
            ) from error

    def lifetime(self, policy: Policy) -> int:
        """Seconds that the message is worth delivering: Expires, or by policy."""
        if self.expires is None:
            return policy.validity_default
        return min(self.expires, policy.validity_max)

    def repeat_key(self) -> bytes:
        """What a repeat of this request has in common with it (docs/decisions/0003).

        The target, which a message to several does not share, and the sender's own
        message identifier, or without one the request's place in its sender's sequence
        (RFC 3261 8.2.2.2).
        """
        request = self.request
        if self.message_id:
            place = f"{self.originator}\0{self.message_id}"
        else:
            place = f"{request.from_.tag}\0{request.call_id}\0{request.cseq}"
        whole = f"{self.target or request.uri}\0{place}".encode(
            "utf-8", "surrogateescape"
        )
        return hashlib.blake2b(whole, digest_size=16).digest()

    def imdn_context(self) -> ImdnContext:
        """What later notifications of this message need (step 2 a and b)."""
        cpim = self.cpim
        imdn = self.imdn
        headers = self.request.headers
        return ImdnContext(
            originator=str(tel_uri(self.originator)),
            recipient=self._recipient(),
            cpim_from=_uri_of(cpim, "From"),
            cpim_to=_uri_of(cpim, "To"),
            message_id=imdn.message_id,
            datetime=(cpim and cpim.get("DateTime")) or format_datetime(self.received),
            requested=tuple(sorted([each.value for each in imdn.dispositions])),
            record_route=tuple([uri for uri in imdn.record_route if _routable(uri)]),
            original_to=imdn.original_to,
            conversation_id=self.identification.conversation_id,
            contribution_id=self.identification.contribution_id,
            in_reply_to=self.identification.in_reply_to,
            service=headers.get("P-Asserted-Service")
            or headers.get("P-Preferred-Service")
            or "",
        )

    def _recipient(self) -> str:
        """Who a notification comes from: the To (Table 3), if it names the target.

        A To of somebody else's would have us assert an identity that its sender chose.
        """
        to = self.request.to.uri
        return str(to if e164_of(to) == self.target else tel_uri(self.target))


def _routable(text: str) -> bool:
    """Whether a request can be sent to this URI; a route that cannot is passed over."""
    try:
        return isinstance(parse_uri(text), SipUri | TelUri)
    except SipSyntaxError:
        return False


def _uri_of(cpim: CpimMessage | None, name: str) -> str:
    """The URI in a CPIM address header, empty if it is not there."""
    value = cpim.get(name) if cpim is not None else None
    return parse_address(value).uri if value else ""


def read_standalone(
    request: Request, received: float, country: str = ""
) -> StandaloneMessage:
    """Read a pager mode message; CannotInterwork for what cannot be understood.

    CPIM headers and formatting and recipient lists are set aside (TS 6.1). `country`
    is the one whose national numbers are understood.
    """
    try:
        return _read(request, received, country)
    except CpmError as error:
        raise CannotInterwork(
            error.status, error.reason, section=SECTION, warning=str(error)
        ) from error
    except SipSyntaxError as error:
        raise CannotInterwork(
            error.status, error.reason, section="RFC 3261 21.4.1"
        ) from error


def _read(request: Request, received: float, country: str) -> StandaloneMessage:
    headers = request.headers
    _refuse_what_is_no_text(request)
    cpim, content_type, encoding, content = _unwrap(request)
    return StandaloneMessage(
        request=request,
        received=received,
        originator=_originator(request, country),
        target=e164_of(request.uri, country) or e164_of(request.to.uri, country) or "",
        nccsid=nccsid_of(request.uri) or nccsid_of(request.to.uri) or "",
        anonymous=hides_identity(headers) or _is_anonymous(request.from_.uri),
        cpim=cpim,
        content_type=content_type,
        transfer_encoding=encoding,
        content=content,
        imdn=imdn_of(cpim) if cpim else Requested(),
        identification=identification_of(headers),
        priority=headers.get("Priority") or "",
        expires=expires_of(headers),
    )


def _unwrap(request: Request) -> tuple[CpimMessage | None, str, str, bytes]:
    """The CPIM wrapper, and type, transfer encoding and octets of what is in it."""
    headers = request.headers
    content_type = headers.get("Content-Type") or ""
    body = request.body
    media_type = request.content_type or ""
    if media_type.startswith("multipart/") and media_type not in PROTECTED_TYPES:
        # Message and recipient list stand side by side (RFC 5365 4, conversation
        # TS 7.2.1.1); only the message is ours.
        wrapped = _cpim_part(content_type, body)
        if wrapped is not None:
            media_type, body = CPIM_TYPE, wrapped
    if media_type != CPIM_TYPE:
        encoding = headers.get("Content-Transfer-Encoding") or ""
        return None, content_type, encoding, body
    cpim = parse_cpim(body)
    unknown = cpim.not_understood()
    if unknown:
        raise CpimError(f"CPIM Require: {', '.join(unknown)}")
    encoding = cpim.content_header("Content-Transfer-Encoding")
    return cpim, cpim.content_type, encoding, cpim.content


def _cpim_part(content_type: str, body: bytes) -> bytes | None:
    """The octets of the message/cpim part of a multipart, None if there is none.

    None also where a part beside it protects it: then it is no text (TS 6.6).
    """
    boundary = parse_media_type(content_type).parameter("boundary")
    parts = split_multipart(body, boundary)
    if any(part.media_type.name in PROTECTED_TYPES for part in parts):
        return None
    for part in parts:
        if part.media_type.name == CPIM_TYPE:
            return part.decoded()
    return None


def _refuse_what_is_no_text(request: Request) -> None:
    """SipSyntaxError for values that are kept or sent back and are not UTF-8."""
    kept = [value for name in _KEPT for value in request.headers.raw(name)]
    try:
        "".join(kept).encode()
    except UnicodeEncodeError as error:
        raise SipSyntaxError("Header Field That Is Not UTF-8") from error


def _is_anonymous(uri: Uri) -> bool:
    """Whether a From says that its sender wants not to be known (RFC 3323 4.1.1.3)."""
    return isinstance(uri, SipUri) and uri.host.lower() == ANONYMOUS_HOST


def _originator(request: Request, country: str) -> str:
    """The E.164 number of P-Asserted-Identity, otherwise From (Table 1)."""
    candidates: list[Uri] = [
        each.uri for each in request.headers.addresses("P-Asserted-Identity")
    ]
    for uri in candidates or [request.from_.uri]:
        number = e164_of(uri, country)
        if number:
            return number
    return ""
