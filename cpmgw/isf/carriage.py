"""What a service cannot carry, and whom it does not reach (TS 5.1 step 5)."""

from __future__ import annotations

from typing import Final

import msgspec

from cpmgw.cpm.warning import FUNCTION_NOT_ALLOWED, NO_DESTINATIONS, SIZE_EXCEEDED
from cpmgw.isf.findings import SECTION, Refusal
from cpmgw.isf.request import CpmRequest
from cpmgw.iwf.capabilities import SESSION_KINDS, Capabilities, Kind, content_only
from cpmgw.policy import SelectionPolicy

# The schemes of URIs that may name what a service reaches its users by.
NUMBER_SCHEMES: Final = frozenset(("tel", "sip", "sips"))
MAIL_SCHEMES: Final = frozenset(("mailto", "tel", "sip", "sips"))
# How far a service came within step 5: it has the kind, and it reaches the target.
_REACH: Final = 1
_HOLD: Final = 2
MESSAGE_KINDS: Final = (Kind.PAGER, Kind.LARGE, Kind.FILE)

NAMES: Final = {
    Kind.PAGER: "a pager mode message",
    Kind.LARGE: "a large message",
    Kind.FILE: "a file transfer",
    Kind.SESSION: "a session",
    Kind.GROUP: "a session with a group",
    Kind.NOTIFICATION: "a disposition notification",
}


def cannot_carry(
    request: CpmRequest, iwf: Capabilities, policy: SelectionPolicy
) -> Refusal | None:
    """Why a service cannot carry the request to its target, or None."""
    if request.kind not in iwf.kinds:
        return refusal(
            "kind-not-carried", "5", f"{iwf.service} has no {NAMES[request.kind][2:]}"
        )
    if request.kind is Kind.NOTIFICATION:
        return None
    reason = _cannot_reach(request, iwf)
    if reason is not None:
        return msgspec.structs.replace(reason, progress=_REACH)
    reason = _cannot_hold(request, iwf, policy)
    if reason is not None:
        return msgspec.structs.replace(reason, progress=_HOLD)
    return None


def _cannot_reach(request: CpmRequest, iwf: Capabilities) -> Refusal | None:
    mailbox = iwf.addresses == "mailbox"
    if request.mailbox if mailbox else request.target:
        return None
    schemes = MAIL_SCHEMES if mailbox else NUMBER_SCHEMES
    if request.target_scheme not in schemes and not request.target_fault:
        return refusal(
            "uri-scheme",
            "5",
            f"{iwf.service} does not reach {request.target_scheme} URIs",
            status=416,
            warning_code=NO_DESTINATIONS,
        )
    warning = "the target has no telephone number"
    if mailbox:
        warning = "the target has no mail address"
    elif request.target_fault:
        warning = request.target_fault
    return refusal(
        "unroutable-target",
        "5",
        warning,
        status=404,
        warning_code=NO_DESTINATIONS,
    )


def _cannot_hold(
    request: CpmRequest, iwf: Capabilities, policy: SelectionPolicy
) -> Refusal | None:
    content = request.characteristics
    is_session = request.kind in SESSION_KINDS
    if content.streams > policy.most_streams:
        return refusal("too-many-streams", "5", f"{content.streams} media streams")
    if is_session and not content.content_types:
        return _content(is_session, "no messages are offered")
    if not iwf.text_only:
        unknown = [e for e in content_only(content.content_types) if not iwf.takes(e)]
        if unknown and len(unknown) == len(content_only(content.content_types)):
            told = f"{iwf.service} takes no {unknown[0]}"
            return _content(is_session, told, iwf.unfit)
        return None
    if not content.has_text:
        return _content(is_session, content.no_text or "no text in it")
    if not content.text_only and policy.mixed_content == "refuse" and not is_session:
        return _content(is_session, "more than text in it")
    limit = policy.text_size_limit
    if limit and request.kind in MESSAGE_KINDS and (content.size or 0) > limit:
        return refusal(
            "too-large",
            "5",
            f"more than {limit} octets of text",
            status=413,
            warning_code=SIZE_EXCEEDED,
        )
    return None


def _content(is_session: bool, warning: str, unfit: int = 415) -> Refusal:
    """415 for a body that is there, 488 for one that is offered (TS 6.1.1, 6.1.2)."""
    return refusal("content", "5", warning, status=488 if is_session else unfit)


def refusal(
    cause: str,
    step: str,
    warning: str,
    *,
    status: int = 488,
    warning_code: int = FUNCTION_NOT_ALLOWED,
    retry_after: int = 0,
) -> Refusal:
    """The refusal that a step of 5.1 asks for; 488 where nothing else fits."""
    return Refusal(
        status=status,
        cause=cause,
        section=f"{SECTION} step {step}",
        warning=warning,
        warning_code=warning_code,
        retry_after=retry_after,
    )
