"""Requests of the trace as JSON, with what the ISF found of each, step by step."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from cpmgw.isf.documents import StepDocument, step_documents
from cpmgw.isf.explanation import plain
from cpmgw.trace import Attempt, Entry


class ToldAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One selection: the IWF chosen, and the status of its answer, 0 for none."""

    iwf: str
    status: int
    cause: str
    steps: tuple[StepDocument, ...]


class ToldRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request and its answer; numbers show their last digits."""

    at: float
    call_id: str
    method: str
    kind: str
    originator: str
    target: str
    status: int
    cause: str
    section: str
    warning: str
    attempts: tuple[ToldAttempt, ...]


class ToldTrace(msgspec.Struct, frozen=True):
    """The newest requests first."""

    requests: tuple[ToldRequest, ...]


def trace_document(entries: Iterable[Entry]) -> bytes:
    """The JSON of these requests."""
    return msgspec.json.encode(ToldTrace(tuple([_request(each) for each in entries])))


def _request(entry: Entry) -> ToldRequest:
    return ToldRequest(
        at=entry.at,
        call_id=plain(entry.call_id),
        method=entry.method,
        kind=entry.kind,
        originator=plain(entry.originator),
        target=plain(entry.target),
        status=entry.status,
        cause=entry.cause,
        section=entry.section,
        warning=plain(entry.warning),
        attempts=tuple([_attempt(each) for each in entry.attempts]),
    )


def _attempt(attempt: Attempt) -> ToldAttempt:
    return ToldAttempt(
        iwf=attempt.selection.chosen,
        status=attempt.status,
        cause=attempt.cause,
        steps=step_documents(attempt.selection),
    )
