"""Which services users prefer, from an XDMS over XCAP (TS 5.1 step 7, RFC 4825).

Documents are remembered for a while, those who ask for the same one at the same time
share the answer, and an XDMS that is slow, down or lying costs no more than a time-out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from cpmgw.config import XdmsConfig
from cpmgw.cpm.identity import masked
from cpmgw.interfaces import IPreferences, Preference, PreferenceState
from cpmgw.isf.xdms.cache import DocumentCache, Remembered
from cpmgw.isf.xdms.document import read_preferences
from cpmgw.isf.xdms.rules import PreferenceDocument, PreferenceError, preferred
from cpmgw.isf.xdms.xcap import Reply, XcapClient, XcapError
from cpmgw.isf.xdms.xui import xui_of

# Seconds between two notes to an operator: an XDMS may fail every other time.
QUIET: Final = 60.0

# Statuses that say no more than that the XDMS cannot answer now (RFC 9110 15.5.9, 15.6;
# RFC 6585 4); what was known before is still true then.
_BUSY: Final = frozenset({408, 429, *range(500, 600)})
_ABSENT: Final = frozenset({404, 410})
_UNAUTHORIZED: Final = frozenset({401, 403, 407})


def _is_xml(media_type: str) -> bool:
    """Whether a body may be the document; who says nothing of it is believed."""
    return media_type in ("", "text/xml", "application/xml") or media_type.endswith(
        "+xml"
    )


class _Asking:
    """A document that is being asked for, and all who wait for it."""

    def __init__(self) -> None:
        self.work: Deferred[None] | None = None
        self.is_over = False
        self._waiting: list[Deferred[Remembered]] = []

    def wait(self) -> Deferred[Remembered]:
        """What was found, once it is; whoever cancels leaves, the last one ends it."""
        waiting: Deferred[Remembered] = Deferred(self._leave)
        self._waiting.append(waiting)
        return waiting

    def end(self, entry: Remembered) -> None:
        """Tell all who wait."""
        self.is_over = True
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(entry)

    def give_up(self) -> None:
        """Ask no longer."""
        self.is_over = True
        if self.work is not None:
            self.work.cancel()

    def _leave(self, waiting: Deferred[Remembered]) -> None:
        if waiting in self._waiting:
            self._waiting.remove(waiting)
        if not self._waiting and not self.is_over:
            self.give_up()


@implementer(IPreferences)
class XcapPreferences:
    """The preferences of users whose documents one XDMS has ([xdms]).

    `reactor` is time and network; `now` gives the time of day in seconds since 1970,
    which the validity of rules is held to.
    """

    log = Logger()

    def __init__(
        self, reactor: Any, config: XdmsConfig, now: Callable[[], float]
    ) -> None:
        self._reactor = reactor
        self._config = config
        self._now = now
        self._client = XcapClient(reactor, config)
        self._cache = DocumentCache(config.cache)
        self._asking: dict[str, _Asking] = {}
        self._is_down = False
        self._noted = -QUIET
        self._is_stopped = False

    def look_up(self, user: str, originator: str) -> Deferred[Preference]:
        """What the user prefers for messages from the originator (IPreferences)."""
        if not self._config.root:
            return succeed(Preference(reason="off"))
        if self._is_stopped:
            return succeed(self._judge(_unavailable("stopped"), originator))
        xui = xui_of(user)
        if not xui:
            return succeed(Preference(reason="no-address"))
        known = self._cache.get(xui)
        if known is not None and self._reactor.seconds() < known.fresh:
            return succeed(self._judge(known, originator))
        asking = self._asking.get(xui)
        if asking is None and len(self._asking) >= self._config.concurrency:
            entry = self._in_need("busy", known)
            return succeed(self._judge(entry, originator))
        if asking is None:
            asking = self._asking[xui] = _Asking()
        answered = asking.wait().addCallback(self._judge, originator)
        if asking.work is None:
            self._ask(xui, known, asking)
        return answered

    @property
    def busy(self) -> bool:
        """Whether anything is being asked for."""
        return bool(self._asking)

    def stop(self) -> Deferred[None]:
        """Ask nothing any more, and close the connections (IPreferences)."""
        self._is_stopped = True
        asking, self._asking = list(self._asking.values()), {}
        for each in asking:
            each.give_up()
            each.end(_unavailable("stopped"))
        return self._client.close()

    def _judge(self, entry: Remembered, originator: str) -> Preference:
        """What a document means for this originator now."""
        if entry.document is None:
            return Preference((), entry.state, entry.reason)
        try:
            services = preferred(entry.document, originator, self._now())
        except PreferenceError as fault:
            return Preference((), PreferenceState.UNAVAILABLE, fault.reason)
        if not services:
            return Preference(reason="no-rule")
        return Preference(services, PreferenceState.FOUND, entry.reason)

    # -- asking ------------------------------------------------------------------------

    def _ask(self, xui: str, known: Remembered | None, asking: _Asking) -> None:
        def over(result: Failure | None) -> None:
            if self._asking.get(xui) is asking:
                del self._asking[xui]
            if isinstance(result, Failure) and not asking.is_over:
                self.log.failure("preferences of {user} not read", result, user=user)
                asking.end(_unavailable("failure"))

        user = masked(xui)
        asking.work = Deferred.fromCoroutine(self._fetch(xui, known, asking))
        asking.work.addBoth(over)

    async def _fetch(self, xui: str, known: Remembered | None, asking: _Asking) -> None:
        """Ask the XDMS, remember what it says, and tell those who wait."""
        answer: Reply | XcapError
        try:
            answer = await self._client.get(xui, known.etag if known else "")
        except XcapError as fault:
            answer = fault
        if asking.is_over:
            return
        fault_of_all = _fault_of_all(answer)
        self._note(fault_of_all)
        if isinstance(answer, XcapError):
            entry = self._in_need(answer.reason, known if fault_of_all else None)
        else:
            entry = self._read(answer, known)
        self._cache.put(xui, entry)
        self.log.debug(
            "preferences of {user}: {state} {reason}",
            user=masked(xui),
            state=entry.state.value,
            reason=entry.reason,
        )
        del self._asking[xui]
        asking.end(entry)

    def _read(self, reply: Reply, known: Remembered | None) -> Remembered:
        """What an answer of the XDMS says (RFC 4825 7.4, RFC 9110 15)."""
        if reply.status == 200:
            return self._document(reply)
        if reply.status == 304 and known is not None and known.document is not None:
            return self._found(known.document, known.etag)
        if reply.status in _ABSENT:
            return self._remembered(PreferenceState.NONE, f"http-{reply.status}")
        if reply.status in _UNAUTHORIZED:
            return self._in_need("unauthorized", None)
        reason = f"http-{reply.status}"
        return self._in_need(reason, known if reply.status in _BUSY else None)

    def _document(self, reply: Reply) -> Remembered:
        config = self._config
        if not _is_xml(reply.media_type):
            return self._in_need("wrong-type", None)
        try:
            document = read_preferences(reply.body, config.max_size, config.actions)
        except PreferenceError as fault:
            return self._in_need(fault.reason, None)
        return self._found(document, reply.etag)

    # -- what is remembered ------------------------------------------------------------

    def _found(self, document: PreferenceDocument, etag: str) -> Remembered:
        fresh = self._reactor.seconds() + self._config.cache_ttl
        return Remembered(
            state=PreferenceState.FOUND,
            document=document,
            etag=etag,
            fresh=fresh,
            usable=fresh + self._config.stale,
        )

    def _in_need(self, reason: str, known: Remembered | None) -> Remembered:
        """What to go by when nothing new was had: what is known, or nothing."""
        now = self._reactor.seconds()
        if known is None or known.document is None or now >= known.usable:
            return self._remembered(PreferenceState.UNAVAILABLE, reason)
        return Remembered(
            state=known.state,
            reason="stale",
            document=known.document,
            etag=known.etag,
            fresh=min(now + self._config.negative_ttl, known.usable),
            usable=known.usable,
        )

    def _remembered(self, state: PreferenceState, reason: str) -> Remembered:
        fresh = self._reactor.seconds() + self._config.negative_ttl
        return Remembered(state=state, reason=reason, fresh=fresh)

    def _note(self, fault: str) -> None:
        """Tell an operator when the XDMS begins and ends to be of no use."""
        now = self._reactor.seconds()
        if bool(fault) == self._is_down or now < self._noted + QUIET:
            return
        self._is_down, self._noted = bool(fault), now
        if fault:
            self.log.warn("the XDMS gives no preferences: {fault}", fault=fault)
        else:
            self.log.info("the XDMS gives preferences again")


def _fault_of_all(answer: Reply | XcapError) -> str:
    """The word for what is wrong with the XDMS, "" where it is one document's fault."""
    if isinstance(answer, XcapError):
        return "" if answer.reason == "too-large" else answer.reason
    if answer.status in _BUSY or answer.status in _UNAUTHORIZED:
        return f"http-{answer.status}"
    return ""


def _unavailable(reason: str) -> Remembered:
    return Remembered(state=PreferenceState.UNAVAILABLE, reason=reason)
