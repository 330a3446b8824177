"""The Interworking Selection Function in the path of every request (TS 5.1).

Steps 1 to 9 are the selection; here are steps 10 to 14: the request is handed to the
IWF that was chosen, its answer goes back, and where that is an error another IWF may be
chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
from twisted.internet.defer import CancelledError
from twisted.logger import Logger

from cpmgw.addressing.dialplan import AddressKind, DialPlan
from cpmgw.cpm import product
from cpmgw.cpm.headers import IW_NUMBER, identification_of
from cpmgw.cpm.identity import masked
from cpmgw.cpm.warning import (
    SERVICE_NOT_AUTHORISED,
    SESSION_DOES_NOT_EXIST,
    WARNINGS,
    warning,
)
from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import IPreferences, IProxy
from cpmgw.isf.findings import Selection
from cpmgw.isf.groups import HeldNumber
from cpmgw.isf.hops import Hop, Hops
from cpmgw.isf.iw_numbers import InterworkingNumbers
from cpmgw.isf.reading import Reading, encoding_refused, read_invite, read_message
from cpmgw.isf.request import CpmRequest
from cpmgw.isf.reselection import NONE_LEFT, ends, reselects
from cpmgw.isf.route_tokens import RouteTokens
from cpmgw.isf.selection import Known, select
from cpmgw.isf.wishes import asks_for_preferences, known_of
from cpmgw.iwf.capabilities import Capabilities, Kind
from cpmgw.policy import Policy
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.status import reason_for
from cpmgw.trace import Attempt, Entry, Trace
from cpmgw.traffic import Traffic

if TYPE_CHECKING:
    from cpmgw.sip.legs import Incoming

# The status of what was given up before it had an answer (RFC 3261 21.4.25).
GIVEN_UP: Final = 487

Read = Callable[[Request, Policy], Reading]


class _Work:
    """A request on its way through the ISF, by what was in force when it came.

    `service` is the one that was attempted last, empty before the first.
    """

    def __init__(
        self, incoming: Incoming, policy: Policy, iwfs: Sequence[Capabilities]
    ) -> None:
        self.incoming = incoming
        self.policy = policy
        self.iwfs = iwfs
        self.reading: Reading | None = None
        self.attempts: list[Attempt] = []
        self.refusal: CannotInterwork | None = None
        self.held: HeldNumber | None = None
        self.service = ""


class SelectionFunction:
    """Chooses the IWF of each CPM request, and is the proxy in front of it.

    `hops` are the IWFs in the order in which equals are taken; `proxy` reaches those on
    other hosts, and `tokens` say whose a dialog is. `domain` names this host in
    Warnings, `now` gives seconds since 1970, `plan` the dial plan and `policy` the
    policy in force: a request is handled by those in force when it came.
    """

    log = Logger()

    def __init__(
        self,
        hops: Iterable[Hop],
        proxy: IProxy,
        tokens: RouteTokens,
        *,
        policy: Callable[[], Policy],
        plan: Callable[[], DialPlan],
        domain: str,
        now: Callable[[], float],
        traffic: Traffic,
        trace: Trace,
        numbers: InterworkingNumbers,
        preferences: IPreferences | None = None,
    ) -> None:
        self._hops = Hops(hops)
        self._proxy = proxy
        self._tokens = tokens
        self._policy = policy
        self._plan = plan
        self._domain = domain
        self._now = now
        self._traffic = traffic
        self._trace = trace
        self._numbers = numbers
        self._preferences = preferences

    def change(self, hops: Iterable[Hop], preferences: IPreferences | None) -> None:
        """Choose among these IWFs, by these preferences, for requests to come."""
        self._hops.replace(hops)
        self._preferences = preferences

    # -- outside of dialogs ------------------------------------------------------------

    async def message(self, incoming: Incoming, senders: Sequence[str]) -> Response:
        """Answer a SIP MESSAGE: a pager mode message or a disposition notification.

        `senders` are what the numbers begin with that the peer may speak for: "" is
        any sender, for a trusted peer. Who speaks for another is refused (conversation
        TS 6.1).
        """

        def read(request: Request, policy: Policy) -> Reading:
            return read_message(request, self._now(), self._plan(), policy)

        return await self._serve(incoming, senders, read)

    async def invite(self, incoming: Incoming, senders: Sequence[str]) -> Response:
        """Answer an INVITE outside of a dialog: large message, file or session."""

        def read(request: Request, policy: Policy) -> Reading:
            return read_invite(request, self._plan(), policy)

        return await self._serve(incoming, senders, read)

    async def _serve(
        self, incoming: Incoming, senders: Sequence[str], read: Read
    ) -> Response:
        incoming = _without_number(incoming)
        work = _Work(incoming, self._policy(), self._hops.capabilities)
        try:
            readable = self._readable(incoming.request)
            reading = work.reading = read(readable, work.policy)
            if not may_speak(reading.request, senders):
                raise CannotInterwork(
                    403,
                    "Forbidden",
                    cause="sender",
                    section="conversation TS 6.1",
                    warning="Service not authorised",
                    warning_code=SERVICE_NOT_AUTHORISED,
                )
            response = await self._interwork(work, reading)
        except CannotInterwork as refusal:
            response = self._refused(work, refusal)
        except CancelledError:  # given up by its sender, or overdue
            self._note(work, GIVEN_UP)
            raise
        self._note(work, response.status)
        return response

    def _readable(self, request: Request) -> Request:
        """The request as its content can be looked at; CannotInterwork 413 or 415."""
        try:
            return self._proxy.readable(request)
        except SipSyntaxError as error:
            raise encoding_refused(error) from error

    async def _interwork(self, work: _Work, reading: Reading) -> Response:
        """Select and hand over, again as long as step 11 allows."""
        attempted: set[str] = set()
        known = Known(numbered=self._numbers.services)
        selection, known = await self._select(work, reading, known)
        again = reselects(reading.request.kind, selection, work.policy.selection)
        while selection.chosen:
            hop = self._hops[selection.chosen]
            response = await self._attempt(work, reading, hop, selection)
            if (
                not again
                or ends(response.status, work.policy.selection)
                or work.incoming.leg.cancelled
            ):
                return response
            attempted.add(selection.chosen)  # 11 b
            known = msgspec.structs.replace(known, attempted=frozenset(attempted))
            selection = self._selected(work, reading, known)  # 11 c
            if not selection.chosen:
                work.attempts.append(Attempt(selection))
                raise NONE_LEFT.error()  # 11 d
        work.attempts.append(Attempt(selection))
        raise selection.refusal.error()

    def _selected(self, work: _Work, reading: Reading, known: Known) -> Selection:
        policy = work.policy
        return select(
            reading.request,
            work.iwfs,
            policy.selection,
            known,
            policy.retry_after,
            policy.file_transfer.accept,
        )

    async def _select(
        self, work: _Work, reading: Reading, known: Known
    ) -> tuple[Selection, Known]:
        """Steps 1 to 9; the XDMS is asked only where that can make a difference."""
        selection = self._selected(work, reading, known)
        if self._preferences is None or not asks_for_preferences(
            reading.request, selection, work.policy.selection
        ):
            return selection, known
        preference = await self._preferences.look_up(
            reading.target_uri, reading.originator_uri
        )
        self._traffic.look_up(preference.state.value, preference.reason)
        known = known_of(known, preference)
        return self._selected(work, reading, known), known

    async def _attempt(
        self, work: _Work, reading: Reading, hop: Hop, selection: Selection
    ) -> Response:
        """Hand the request over (step 10); the IWF's answer, or ours if it has none."""
        kind, service = reading.request.kind, hop.capabilities.service
        self._traffic.select(service, kind.value)
        work.refusal, work.service = None, service
        try:
            if kind is Kind.GROUP and hop.capabilities.addresses == "number":
                response = await self._with_number(work, reading, hop)
            else:
                response = await self._hand_over(work, reading, hop)
        except CannotInterwork as refusal:
            response = self._refused(work, refusal)
        cause = work.refusal.cause if work.refusal else ""
        work.attempts.append(Attempt(selection, response.status, cause))
        return response

    async def _hand_over(self, work: _Work, reading: Reading, hop: Hop) -> Response:
        incoming = work.incoming
        if reading.message is not None:
            return await hop.message(incoming, reading.message)
        return await hop.invite(incoming, incoming.request)

    async def _with_number(self, work: _Work, reading: Reading, hop: Hop) -> Response:
        """Hand a group session over under its interworking number (7a, 8, 12, 13)."""
        held = work.held = work.held or HeldNumber(self._numbers, work.policy.selection)
        request = await held.request(
            work.incoming.request, reading.request.target, hop.capabilities.service
        )
        try:
            response = await hop.invite(work.incoming, request, held.response)
        except CannotInterwork as refusal:
            await held.answered(refusal.status)
            raise
        except CancelledError:
            await held.answered(GIVEN_UP)
            raise
        await held.answered(response.status)
        return response

    # -- within dialogs ----------------------------------------------------------------

    async def within(self, incoming: Incoming) -> Response:
        """Answer a request within a dialog that has us in its route (step 14 b, c)."""
        request = incoming.request
        hop = self._hop_of(request) if request.to.tag is not None else None
        try:
            if hop is None:
                raise _no_dialog()
            return await hop.within(incoming)
        except CannotInterwork as refusal:
            service = hop.capabilities.service if hop is not None else ""
            return self.refuse(request, refusal, service)

    def acknowledge(self, incoming: Incoming) -> None:
        """Pass the ACK of a 2xx on (step 14 a)."""
        hop = self._hop_of(incoming.request)
        if hop is not None:
            hop.acknowledge(incoming)

    def _hop_of(self, request: Request) -> Hop | None:
        """The IWF that our Route names, None where none of our making does."""
        try:
            routes = self._proxy.routes(request)
        except SipSyntaxError:
            return None
        name = self._tokens.iwf_of(routes, request.call_id)
        return self._hops.named(name) if name else None

    # -- refusals and what is told -----------------------------------------------------

    def _refused(self, work: _Work, refusal: CannotInterwork) -> Response:
        """The answer of a refusal, which is the newest of this request."""
        work.refusal = refusal
        return self.refuse(work.incoming.request, refusal, work.service)

    def refuse(
        self, request: Request, refusal: CannotInterwork, service: str = ""
    ) -> Response:
        """The answer of a refusal, by a service if any; it is counted by its cause."""
        self._traffic.refuse(refusal.status, refusal.cause)
        self.log.debug(
            "{method} {call_id} refused: {refusal}: {why}",
            method=request.method,
            call_id=request.call_id,
            refusal=str(refusal),
            why=refusal.warning,
        )
        return self._refusal_of(request, refusal, service)

    def _refusal_of(
        self, request: Request, refusal: CannotInterwork, service: str
    ) -> Response:
        headers = [
            *identification_of(request.headers).pairs(),  # TS 6.1.1
            ("Server", self._server(service)),
            *refusal.headers,
        ]
        if refusal.warning:
            value = warning(self._domain, refusal.warning_code, refusal.warning)
            headers.append(("Warning", value))
        return respond(request, refusal.status, refusal.reason, headers=headers)

    def _server(self, service: str) -> str:
        """Who refuses: the IWF of a service, else of the first, if there is one."""
        if service:
            return product.server(service)
        iwfs = self._hops.capabilities
        return product.server(iwfs[0].service) if iwfs else product.OWN_PRODUCT

    def _note(self, work: _Work, status: int) -> None:
        """Tell the trace, and the log where it wants to know."""
        request, reading, refusal = work.incoming.request, work.reading, work.refusal
        entry = Entry(
            at=self._now(),
            call_id=request.call_id,
            method=request.method,
            kind=reading.request.kind.value if reading else "",
            originator=masked(reading.request.originator) if reading else "",
            target=masked(reading.request.target) if reading else "",
            attempts=tuple(work.attempts),
            status=status,
            cause=refusal.cause if refusal else "",
            section=refusal.section if refusal else "",
            warning=refusal.warning if refusal else "",
        )
        self._trace.add(entry)
        self.log.debug(
            "{method} {call_id} to {target}: {status}; {findings}",
            method=entry.method,
            call_id=entry.call_id,
            target=entry.target,
            status=entry.status,
            findings=entry,
        )


def _no_dialog() -> CannotInterwork:
    return CannotInterwork(
        481,
        reason_for(481),
        cause="no-dialog",
        section="RFC 3261 12.2.2",
        warning=WARNINGS[SESSION_DOES_NOT_EXIST],
        warning_code=SESSION_DOES_NOT_EXIST,
    )


def _without_number(incoming: Incoming) -> Incoming:
    """The request without an IW-Number: that is ours to give (steps 7a and 8)."""
    request = incoming.request
    if IW_NUMBER not in request.headers:
        return incoming
    bare = request.replace(headers=request.headers.without(IW_NUMBER))
    return msgspec.structs.replace(incoming, request=bare)


def may_speak(request: CpmRequest, senders: Sequence[str]) -> bool:
    """Whether a peer may speak for an originator; prefixes are those of numbers."""
    is_number = request.originator_kind is AddressKind.E164
    number = request.originator if is_number else ""
    return number.startswith(tuple(senders))
