"""An explanation as one JSON document; docs/guide.md tells of its keys."""

from __future__ import annotations

import msgspec

from cpmgw.cli.asking import Asked
from cpmgw.cli.explaining import Explanation, Outlook
from cpmgw.cli.services import Iwf
from cpmgw.errors import CannotInterwork
from cpmgw.isf.documents import StepDocument, step_documents
from cpmgw.isf.explanation import plain


class RequestDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The request: numbers are empty, the size is null where there is none."""

    kind: str
    network: str
    originator: str
    originator_uri: str
    target: str
    target_uri: str
    mailbox: str
    nccsid: str
    content_types: tuple[str, ...]
    size: int | None
    streams: int


class IwfDocument(msgspec.Struct, frozen=True, kw_only=True):
    """An IWF; the URI of one in this process is empty."""

    name: str
    service: str
    uri: str


class OutlookDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What comes of a choice; `number_pools` is null where no number is needed."""

    iwf: str
    uri: str
    preferences: str
    number_pools: tuple[str, ...] | None
    reselects: bool
    others: tuple[str, ...]
    final_errors: tuple[int, ...]


class RefusalDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The answer where no service is chosen."""

    status: int
    reason: str
    warning_code: int
    warning: str
    headers: dict[str, str]
    section: str
    cause: str


class ExplanationDocument(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; either `next` or `refusal` is null, what was not read too."""

    chosen: str
    request: RequestDocument | None
    iwfs: tuple[IwfDocument, ...]
    steps: tuple[StepDocument, ...]
    next: OutlookDocument | None
    refusal: RefusalDocument | None
    unreached: bool


def document_of(explanation: Explanation) -> ExplanationDocument:
    """The same as values that JSON has."""
    selection, asked = explanation.selection, explanation.asked
    outlook, refusal = explanation.outlook, explanation.refusal
    return ExplanationDocument(
        chosen=outlook.iwf.name if outlook else "",
        request=_request(asked) if asked else None,
        iwfs=tuple([_iwf(each) for each in explanation.iwfs]),
        steps=step_documents(selection) if selection else (),
        next=_outlook(outlook) if outlook else None,
        refusal=_refusal(refusal) if refusal else None,
        unreached=explanation.unreached,
    )


def json_of(explanation: Explanation) -> str:
    """The document, for people too."""
    return msgspec.json.format(
        msgspec.json.encode(document_of(explanation)), indent=2
    ).decode()


def _request(asked: Asked) -> RequestDocument:
    request = asked.request
    content = request.characteristics
    return RequestDocument(
        kind=request.kind.value,
        network="terminating" if request.terminating else "originating",
        originator=plain(request.originator),
        originator_uri=plain(asked.originator_uri),
        target=plain(request.target),
        target_uri=plain(asked.target_uri),
        mailbox=plain(request.mailbox),
        nccsid=plain(request.nccsid),
        content_types=tuple([plain(each) for each in content.content_types]),
        size=content.size,
        streams=content.streams,
    )


def _iwf(iwf: Iwf) -> IwfDocument:
    return IwfDocument(name=iwf.name, service=iwf.capabilities.service, uri=iwf.uri)


def _outlook(outlook: Outlook) -> OutlookDocument:
    return OutlookDocument(
        iwf=outlook.iwf.name,
        uri=outlook.iwf.uri,
        preferences=outlook.preferences.value,
        number_pools=outlook.pools,
        reselects=outlook.reselects,
        others=outlook.others,
        final_errors=outlook.final_errors,
    )


def _refusal(refusal: CannotInterwork) -> RefusalDocument:
    return RefusalDocument(
        status=refusal.status,
        reason=plain(refusal.reason),
        warning_code=refusal.warning_code if refusal.warning else 0,
        warning=plain(refusal.warning),
        headers={name: plain(value) for name, value in refusal.headers},
        section=refusal.section,
        cause=refusal.cause,
    )
