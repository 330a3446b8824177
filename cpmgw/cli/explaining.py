"""What the ISF would do with a request: how it chooses, and what follows (TS 5.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

import msgspec

from cpmgw.cli.asking import Asked
from cpmgw.cli.services import Iwf
from cpmgw.config import Config
from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import Preference, PreferenceState
from cpmgw.isf.findings import Selection
from cpmgw.isf.reselection import NONE_LEFT, reselects
from cpmgw.isf.selection import Known, select
from cpmgw.isf.wishes import asks_for_preferences, known_of
from cpmgw.iwf.capabilities import Kind


class Asking(Enum):
    """Whether the target user's preferences are asked for (step 7)."""

    ASKED = "asked"
    SUPPOSED = "supposed"
    NO_XDMS = "no xdms"
    NO_DIFFERENCE = "no difference"


class Supposed(msgspec.Struct, frozen=True, kw_only=True):
    """What is supposed beside the request.

    `preference` is what the XDMS answers, None where nothing is supposed of that;
    `tried` are the IWFs that have answered with errors; `network` is the side that
    interworks, empty for what request and policy say.
    """

    preference: Preference | None = None
    tried: tuple[str, ...] = ()
    network: str = ""


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What comes of a choice: steps 7, 7a and 8, 10 and 11.

    `pools` are those that may give an interworking number, None where none is needed.
    `others` are tried in turn after an error, where `reselects`, unless that is one of
    `final_errors`.
    """

    iwf: Iwf
    preferences: Asking
    pools: tuple[str, ...] | None
    reselects: bool
    others: tuple[str, ...]
    final_errors: tuple[int, ...]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything there is to say of a request.

    `asked` and `selection` are None where it could not be read. There is an `outlook`
    where a service is chosen, and a `refusal` where none is. `unreached` tells that the
    gateway would not have come as far: after the IWFs that are supposed to have been
    tried no other one is.
    """

    iwfs: tuple[Iwf, ...]
    asked: Asked | None = None
    selection: Selection | None = None
    outlook: Outlook | None = None
    refusal: CannotInterwork | None = None
    unreached: bool = False


def explain(
    ask: Callable[[], Asked], iwfs: Sequence[Iwf], config: Config, supposed: Supposed
) -> Explanation:
    """Explain the request that `ask` gives, or the CannotInterwork that it raises."""
    iwfs = tuple(iwfs)
    try:
        asked = _on_side(ask(), supposed.network)
    except CannotInterwork as refusal:
        return Explanation(iwfs=iwfs, refusal=refusal)
    return _Explaining(asked, iwfs, config, supposed).explanation()


def _on_side(asked: Asked, network: str) -> Asked:
    if not network:
        return asked
    request = msgspec.structs.replace(
        asked.request, terminating=network == "terminating"
    )
    return msgspec.structs.replace(asked, request=request)


class _Explaining:
    """One request, followed as the ISF would."""

    def __init__(
        self, asked: Asked, iwfs: tuple[Iwf, ...], config: Config, supposed: Supposed
    ) -> None:
        self._asked = asked
        self._iwfs = iwfs
        self._config = config
        self._policy = config.policy.selection
        self._supposed = supposed

    def explanation(self) -> Explanation:
        """The selection before the XDMS is asked, that after it, and that of now."""
        supposed = self._supposed
        known = Known(
            numbered=frozenset(
                name.lower()
                for pool in self._config.number_pool
                for name in pool.services
            )
        )
        first = self._select(known)
        asks = asks_for_preferences(self._asked.request, first, self._policy)
        if asks and supposed.preference is not None:
            known = known_of(known, supposed.preference)
            first = self._select(known)
        again = reselects(self._asked.request.kind, first, self._policy)
        selection = first
        if supposed.tried:
            known = msgspec.structs.replace(known, attempted=frozenset(supposed.tried))
            selection = self._select(known)
        outlook, refusal = None, self._refusal(selection)
        if refusal is None:
            outlook = self._outlook(selection, asks, again)
        return Explanation(
            iwfs=self._iwfs,
            asked=self._asked,
            selection=selection,
            outlook=outlook,
            refusal=refusal,
            unreached=bool(supposed.tried) and not again,
        )

    def _refusal(self, selection: Selection) -> CannotInterwork | None:
        """The answer where no service is chosen, or the chosen one gets no number."""
        if not selection.chosen:
            left = NONE_LEFT if self._supposed.tried else selection.refusal
            return left.error()
        if self._pools(self._chosen(selection)) is None:
            return None
        return self._asked.session_fault

    def _chosen(self, selection: Selection) -> Iwf:
        (iwf,) = [each for each in self._iwfs if each.name == selection.chosen]
        return iwf

    def _select(self, known: Known) -> Selection:
        return select(
            self._asked.request,
            [each.capabilities for each in self._iwfs],
            self._policy,
            known,
            self._config.policy.retry_after,
            self._config.policy.file_transfer.accept,
        )

    def _outlook(self, selection: Selection, asks: bool, again: bool) -> Outlook:
        iwf = self._chosen(selection)
        return Outlook(
            iwf=iwf,
            preferences=self._preferences(asks),
            pools=self._pools(iwf),
            reselects=again,
            others=selection.candidates[1:],
            final_errors=self._policy.no_reselection,
        )

    def _preferences(self, asks: bool) -> Asking:
        if not asks:
            return Asking.NO_DIFFERENCE
        if self._supposed.preference is not None:
            return Asking.SUPPOSED
        return Asking.ASKED if self._config.xdms.root else Asking.NO_XDMS

    def _pools(self, iwf: Iwf) -> tuple[str, ...] | None:
        """The pools of a service whose users see a group as a number (7a, 8)."""
        capabilities = iwf.capabilities
        if (
            self._asked.request.kind is not Kind.GROUP
            or capabilities.addresses != "number"
        ):
            return None
        return tuple(
            [
                pool.name
                for pool in self._config.number_pool
                if capabilities.service.lower() in map(str.lower, pool.services)
            ]
        )


def supposed_preference(services: Sequence[str], fault: str) -> Preference | None:
    """The answer of the XDMS: these services, or that it could not be asked."""
    if fault:
        return Preference(state=PreferenceState.UNAVAILABLE, reason=fault)
    if services:
        return Preference(tuple(services), PreferenceState.FOUND)
    return None
