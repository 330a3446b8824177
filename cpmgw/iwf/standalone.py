"""CPM standalone messages as an IWF reads them (TS 6.1.1, 6.1.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from cpmgw.addressing.dialplan import DialPlan, PhoneAddress
from cpmgw.bodies.interfaces import IBody
from cpmgw.cpm.content import PROTECTED_TYPES, text_of
from cpmgw.cpm.cpim import MEDIA_TYPE as CPIM_TYPE
from cpmgw.cpm.cpim import CpimMessage, parse_cpim
from cpmgw.cpm.cpim_text import parse_address
from cpmgw.cpm.errors import CpimError, CpmError
from cpmgw.cpm.features import Feature
from cpmgw.cpm.headers import (
    Identification,
    expires_of,
    identification_of,
    message_expires_of,
)
from cpmgw.cpm.identity import nccsid_of
from cpmgw.cpm.imdn import MEDIA_TYPE as IMDN_TYPE
from cpmgw.cpm.imdn import Disposition, Requested, imdn_of
from cpmgw.cpm.mime import body_of_type, parse_media_type, split_multipart
from cpmgw.cpm.timestamp import format_datetime
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.held import File, Spooled
from cpmgw.iwf.parties import Ends, Parties, parties_of, referred_by
from cpmgw.policy import Policy
from cpmgw.records import ImdnContext
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.message import Request
from cpmgw.sip.uri import SipUri, TelUri, parse_uri

SECTION: Final = "TS 6.1.1"
LARGE_SECTION: Final = "TS 6.1.2"
FILE_SECTION: Final = "TS 6.1.3"
# What a large message has of CPIM stands in its first octets.
_HEAD_SIZE: Final = 65_536
_KEPT: Final = (
    "To",
    "Conversation-ID",
    "Contribution-ID",
    "InReplyTo-Contribution-ID",
    "P-Asserted-Service",
    "P-Preferred-Service",
    "Content-Type",
)


_SECTIONS: Final = {Feature.LARGE: LARGE_SECTION, Feature.FILE: FILE_SECTION}


class StandaloneMessage(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One SIP MESSAGE of pager mode, or large message and its INVITE, read once.

    `feature` is the mode. `content_type` and `content` are those inside the CPIM
    wrapper, `size` is in octets; the content of a large message is `held` by its body
    and read from there. Files are in `files`, and nowhere else. `received` is in
    seconds since 1970, `expires` in seconds from then.
    """

    request: Request
    received: float
    parties: Parties
    nccsid: str
    cpim: CpimMessage | None
    content_type: str
    transfer_encoding: str
    held: bytes | Spooled
    imdn: Requested
    identification: Identification
    priority: str
    expires: int | None
    feature: Feature = Feature.PAGER
    files: tuple[File, ...] = ()

    @property
    def content(self) -> bytes:
        """The octets of the content; a large one is not kept in memory for it."""
        return self.held if isinstance(self.held, bytes) else self.held.read()

    @property
    def size(self) -> int:
        """How many octets the content has, or all files have."""
        if self.files:
            return sum(each.size for each in self.files)
        if isinstance(self.held, bytes):
            return len(self.held)
        return self.held.body.size - self.held.start

    def let_go(self) -> None:
        """Free what came by MSRP: nobody reads it any more."""
        for held in (self.held, *(each.held for each in self.files)):
            if isinstance(held, Spooled):
                held.body.close()

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
            section = _SECTIONS.get(self.feature, SECTION)
            raise CannotInterwork(
                error.status,
                error.reason,
                cause="content",
                section=section,
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
            place = f"{self.parties.originator_text}\0{self.message_id}"
        else:
            place = f"{request.from_.tag}\0{request.call_id}\0{request.cseq}"
        target = self.parties.target_text or request.uri
        whole = f"{target}\0{place}".encode("utf-8", "surrogateescape")
        return hashlib.blake2b(whole, digest_size=16).digest()

    def imdn_context(self, ends: Ends, plan: DialPlan) -> ImdnContext:
        """What later notifications of this message need (step 2 a and b)."""
        cpim = self.cpim
        imdn = self.imdn
        headers = self.request.headers
        return ImdnContext(
            originator=str(plan.uri_of(ends.originator)),
            recipient=self._recipient(ends.target, plan),
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
            feature=self.feature.value,
            service=headers.get("P-Asserted-Service")
            or headers.get("P-Preferred-Service")
            or "",
            referred_by=referred_by(headers),
        )

    def _recipient(self, target: PhoneAddress, plan: DialPlan) -> str:
        """Who a notification comes from: the To (Table 3), if it names the target.

        A To of somebody else's would have us assert an identity that its sender chose.
        """
        to = self.request.to.uri
        return str(to if plan.target_of(to) == target else plan.uri_of(target))


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
    request: Request, received: float, plan: DialPlan
) -> StandaloneMessage:
    """Read a pager mode message; CannotInterwork for what cannot be understood.

    CPIM headers and formatting and recipient lists are set aside (TS 6.1). The parties
    are those that the dial plan knows.
    """

    def read() -> StandaloneMessage:
        _refuse_what_is_no_text(request)
        entity = _entity_of(request)
        expires = expires_of(request.headers)
        return _message(request, received, plan, entity, Feature.PAGER, expires)

    return _refusing(read, SECTION)


def read_large(
    invite: Request,
    received: float,
    plan: DialPlan,
    *,
    content_type: str,
    body: IBody,
) -> StandaloneMessage:
    """Read a large message (TS 6.1.2): its INVITE, and what has come by MSRP.

    CannotInterwork as `read_standalone`. The body stays its owner's, and is needed as
    long as the message is.
    """

    def read() -> StandaloneMessage:
        _refuse_what_is_no_text(invite)
        entity = _unwrapped_body(content_type, body)
        expires = message_expires_of(invite.headers)
        return _message(invite, received, plan, entity, Feature.LARGE, expires)

    return _refusing(read, LARGE_SECTION)


def read_files(
    invite: Request, received: float, plan: DialPlan, files: tuple[File, ...]
) -> StandaloneMessage:
    """Read a file transfer (TS 6.1.3): its INVITE, and what has come by MSRP.

    Files are not wrapped: what CPIM says of them is in the body of the INVITE, without
    content (conversation TS 7.4.1). CannotInterwork as `read_standalone`.
    """

    def read() -> StandaloneMessage:
        _refuse_what_is_no_text(invite)
        entity = _Entity(_cpim_beside(invite), "", "", b"")
        expires = message_expires_of(invite.headers)
        message = _message(invite, received, plan, entity, Feature.FILE, expires)
        return msgspec.structs.replace(message, files=files)

    return _refusing(read, FILE_SECTION)


def _cpim_beside(invite: Request) -> CpimMessage | None:
    """The CPIM wrapper beside a session description, None if there is none."""
    content_type = invite.headers.get("Content-Type") or ""
    wrapped = body_of_type(content_type, invite.body, CPIM_TYPE)
    if wrapped is None:
        return None
    return _understood(parse_cpim(wrapped))


def _refusing(read: Callable[[], StandaloneMessage], section: str) -> StandaloneMessage:
    try:
        return read()
    except CpmError as error:
        raise CannotInterwork(
            error.status,
            error.reason,
            cause="unreadable",
            section=section,
            warning=str(error),
        ) from error
    except SipSyntaxError as error:
        raise unreadable(error) from error


def unreadable(error: SipSyntaxError) -> CannotInterwork:
    """The answer to header fields that nobody can read."""
    return CannotInterwork(
        error.status,
        error.reason,
        cause="unreadable",
        section="RFC 3261 21.4.1",
        warning=error.reason,
    )


def _message(
    request: Request,
    received: float,
    plan: DialPlan,
    entity: _Entity,
    feature: Feature,
    expires: int | None,
) -> StandaloneMessage:
    headers = request.headers
    cpim = entity.cpim
    return StandaloneMessage(
        request=request,
        received=received,
        parties=parties_of(request, plan),
        nccsid=nccsid_of(request.uri) or nccsid_of(request.to.uri) or "",
        cpim=cpim,
        content_type=entity.content_type,
        transfer_encoding=entity.transfer_encoding,
        held=entity.content,
        imdn=imdn_of(cpim) if cpim else Requested(),
        identification=identification_of(headers),
        priority=headers.get("Priority") or "",
        expires=expires,
        feature=feature,
    )


class _Entity(NamedTuple):
    """The CPIM wrapper, and type, transfer encoding and octets of what is in it."""

    cpim: CpimMessage | None
    content_type: str
    transfer_encoding: str
    content: bytes | Spooled


def _entity_of(request: Request) -> _Entity:
    """What a SIP MESSAGE carries."""
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
    if media_type == CPIM_TYPE:
        content_type = media_type
    encoding = headers.get("Content-Transfer-Encoding") or ""
    return _unwrapped(content_type, encoding, body)


def _unwrapped(content_type: str, encoding: str, body: bytes) -> _Entity:
    """An entity, taken out of its CPIM wrapper where it has one."""
    if parse_media_type(content_type).name != CPIM_TYPE:
        return _Entity(None, content_type, encoding, body)
    cpim = _understood(parse_cpim(body))
    encoding = cpim.content_header("Content-Transfer-Encoding")
    return _Entity(cpim, cpim.content_type, encoding, cpim.content)


def _unwrapped_body(content_type: str, body: IBody) -> _Entity:
    """The same of what came by MSRP: of its content nothing is held but the body."""
    if parse_media_type(content_type).name != CPIM_TYPE:
        return _Entity(None, content_type, "", Spooled(body))
    known = next(body.pieces(_HEAD_SIZE), b"")
    entity = _unwrapped(content_type, "", known)
    head = entity.content
    if not (entity.cpim and isinstance(head, bytes)):
        raise CpimError("no CPIM")
    if len(known) < body.size and not head:
        raise CpimError(f"CPIM headers of more than {_HEAD_SIZE} octets")
    cpim = msgspec.structs.replace(entity.cpim, content=b"")
    return entity._replace(cpim=cpim, content=Spooled(body, len(known) - len(head)))


def _understood(cpim: CpimMessage) -> CpimMessage:
    """The wrapper; CpimError where it requires what is not known here."""
    unknown = cpim.not_understood()
    if unknown:
        raise CpimError(f"CPIM Require: {', '.join(unknown)}")
    return cpim


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
