"""The steps that choose an IWF, in the order of the TS (5.1 steps 1 to 9, 11 b)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from cpmgw.isf.carriage import MESSAGE_KINDS, NAMES, cannot_carry, refusal
from cpmgw.isf.findings import Finding, Refusal, Verdict
from cpmgw.isf.request import CpmRequest
from cpmgw.iwf.capabilities import Capabilities, Kind
from cpmgw.policy import SelectionPolicy
from cpmgw.policy.file_transfer import Files

# What is sent in large message mode has more octets than pager mode takes.
LARGE_MODE: Final = 1301


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known beside request and policy.

    `attempted` are the IWFs that have been tried (step 11 b). `preference` are the
    services that the target user prefers, the best first, None where nobody asked;
    `preference_fault` is why the XDMS could not be asked (step 7). `numbered` are the
    services for which interworking numbers can be had, in lower case (steps 3, 7a, 8).
    """

    attempted: frozenset[str] = frozenset()
    preference: tuple[str, ...] | None = None
    preference_fault: str = ""
    numbered: frozenset[str] = frozenset()


NOTHING: Final = Known()

# What an originator has, by the kind of its address.
_A_KIND: Final = {
    "e164": "a number",
    "short": "a short number and no E.164 number",
    "name": "a name and no E.164 number",
}


class Selecting:
    """One selection under way: the IWFs that remain, and what was found."""

    def __init__(
        self,
        request: CpmRequest,
        iwfs: Sequence[Capabilities],
        policy: SelectionPolicy,
        known: Known,
        retry_after: int,
        files: Files,
    ) -> None:
        self.files = files
        self.request = request
        self.policy = policy
        self.known = known
        self.retry_after = retry_after
        self.remaining = list(iwfs)
        self.last_resort: set[str] = set()
        self.findings: list[Finding] = []
        self.settled = False

    def note(
        self,
        step: str,
        iwf: str,
        verdict: Verdict,
        text: str,
        refusal: Refusal | None = None,
    ) -> None:
        """Add a finding."""
        self.findings.append(Finding(step, iwf, verdict, text, refusal))

    def exclude(self, step: str, iwf: Capabilities, refusal: Refusal) -> None:
        """Rule an IWF out."""
        self.remaining.remove(iwf)
        self.note(step, iwf.name, Verdict.EXCLUDED, refusal.warning, refusal)

    def exclude_others(
        self, step: str, services: Iterable[str], refusal: Callable[[str], Refusal]
    ) -> None:
        """Rule out the IWFs of all services but these."""
        kept = [each.lower() for each in services]
        for iwf in tuple(self.remaining):
            if iwf.service.lower() not in kept:
                self.exclude(step, iwf, refusal(iwf.service))


# -- the steps -------------------------------------------------------------------------


def _attempted(selecting: Selecting) -> None:
    """11 b: an IWF is tried once."""
    for iwf in list(selecting.remaining):
        if iwf.name in selecting.known.attempted:
            selecting.exclude(
                "11b", iwf, refusal("tried", "11 b", f"{iwf.name} has been tried")
            )


def _allowed(selecting: Selecting) -> None:
    """1: what service provider policy does not interwork, or not by this service."""
    request, policy = selecting.request, selecting.policy
    kind = request.kind.value
    if not request.terminating and kind not in policy.originating:
        selecting.exclude_others(
            "1",
            (),
            lambda _: refusal(
                "originating-network",
                "1",
                f"{NAMES[request.kind]} is not interworked in the originating network",
            ),
        )
        return
    if request.kind is Kind.FILE and policy.services_for(kind):
        _files(selecting)
    selecting.exclude_others(
        "1",
        policy.services_for(kind),
        lambda service: refusal(
            "service-not-allowed",
            "1",
            f"{NAMES[request.kind]} is not interworked with {service}",
        ),
    )


def _files(selecting: Selecting) -> None:
    """1: file transfers that policy has rejected (6.1.3 steps 4 and 6).

    Not for what they offer: without any message stream that is 488 (6.1.3 step 1).
    """
    if (
        selecting.files == "accept"
        or not selecting.request.characteristics.content_types
    ):
        return
    rejected = refusal(
        "file-transfer-policy",
        "1",
        "file transfers are rejected",
        status=480,
        retry_after=selecting.retry_after,
    )
    rejected = msgspec.structs.replace(rejected, section="TS 6.1.3 step 6")
    selecting.exclude_others("1", (), lambda _: rejected)


def _allowed_for_target(selecting: Selecting) -> None:
    """2: in the terminating network, what this target user may be reached by."""
    request = selecting.request
    if not request.terminating or not request.target:
        return
    rule = selecting.policy.rule_for(request.target)
    if rule is None:
        return
    selecting.exclude_others(
        "2",
        rule.services,
        lambda service: refusal(
            "target-not-allowed",
            "2",
            f"this user is not reached by {service}",
        ),
    )


def _originator(selecting: Selecting) -> None:
    """3: the originator has, or can be given, an address of the Non-CPM service.

    It has none that counts where policy does not take its kind of address (RCC.10 4).
    """
    request, numbered = selecting.request, selecting.known.numbered
    kind = request.originator_kind.value
    for iwf in list(selecting.remaining):
        if iwf.assigns_originator:
            continue
        if request.kind is Kind.GROUP and iwf.service.lower() in numbered:
            continue  # the interworking number is its address (7a vii, 8)
        if not request.originator:
            selecting.exclude(
                "3",
                iwf,
                refusal(
                    "no-originator-address",
                    "3",
                    "the originator has no routable address",
                ),
            )
        elif kind not in selecting.policy.originators:
            selecting.exclude(
                "3",
                iwf,
                refusal(
                    "originator-not-allowed", "3", f"the originator has {_A_KIND[kind]}"
                ),
            )


def _indicated(selecting: Selecting) -> None:
    """4: a disposition notification goes by the service it names, and no other."""
    request = selecting.request
    if request.kind is not Kind.NOTIFICATION or not request.nccsid:
        return
    selecting.exclude_others(
        "4",
        (request.nccsid,),
        lambda _: refusal(
            "no-such-service", "4", f"no interworking with {request.nccsid}"
        ),
    )
    selecting.settled = True


def _carried(selecting: Selecting) -> None:
    """5: what the service cannot carry, and the target that it cannot reach."""
    for iwf in list(selecting.remaining):
        reason = cannot_carry(selecting.request, iwf, selecting.policy)
        if reason is not None:
            selecting.exclude("5", iwf, reason)


def _as_last_resort(selecting: Selecting) -> None:
    """5, NOTE 2: what a service can carry, but another does better."""
    request, policy = selecting.request, selecting.policy
    content = request.characteristics
    if request.kind is Kind.NOTIFICATION:
        _without_reports(selecting)
    if request.kind not in MESSAGE_KINDS:
        return
    size = content.size
    if size is None and request.kind is Kind.LARGE:
        size = LARGE_MODE
    large = policy.large_text and (size or 0) >= policy.large_text
    for iwf in selecting.remaining:
        if not iwf.text_only:
            continue
        if not content.text_only:
            text = "takes only the text in it"
        elif large:
            text = f"{size} octets of text make many segments"
        else:
            continue
        selecting.last_resort.add(iwf.name)
        selecting.note("5", iwf.name, Verdict.LAST_RESORT, text)


def _without_reports(selecting: Selecting) -> None:
    """5: where another service has a form for notifications, one without loses them."""
    for iwf in selecting.remaining:
        if not iwf.reports:
            selecting.last_resort.add(iwf.name)
            selecting.note(
                "5", iwf.name, Verdict.LAST_RESORT, "has no form for notifications"
            )


def _identified(selecting: Selecting) -> None:
    """6: the service that the destination address names, if policy allows."""
    request, use = selecting.request, selecting.policy.identifier
    if not request.nccsid:
        return
    if use == "ignore":
        selecting.note(
            "6", "", Verdict.NOTED, f"policy ignores nccsid={request.nccsid}"
        )
        return
    if use == "require":
        selecting.exclude_others(
            "6",
            (request.nccsid,),
            lambda _: refusal(
                "no-such-service", "6", f"the address names {request.nccsid}"
            ),
        )
    _prefer(selecting, "6", (request.nccsid,), "the destination address names it")


def _preferred(selecting: Selecting) -> None:
    """7: what the target user prefers, in the terminating network."""
    known, policy = selecting.known, selecting.policy
    if not selecting.request.terminating or policy.preferences == "ignore":
        return
    if known.preference_fault:
        selecting.note(
            "7", "", Verdict.NOTED, f"no preferences: {known.preference_fault}"
        )
        if policy.preferences_unavailable == "refuse":
            reason = refusal(
                "preferences-unavailable",
                "7",
                f"no preferences of the target user: {known.preference_fault}",
                status=480,
                retry_after=selecting.retry_after,
            )
            selecting.exclude_others("7", (), lambda _: reason)
        return
    if not known.preference:
        return
    if policy.preferences == "require":
        selecting.exclude_others(
            "7",
            known.preference,
            lambda service: refusal(
                "not-preferred", "7", f"the target user does not want {service}"
            ),
        )
    _prefer(selecting, "7", known.preference, "the target user prefers it")


def _numbered(selecting: Selecting) -> None:
    """7a and 8: a session with a group needs an interworking number."""
    if selecting.request.kind is not Kind.GROUP:
        return
    for iwf in list(selecting.remaining):
        if (
            iwf.addresses == "number"
            and iwf.service.lower() not in selecting.known.numbered
        ):
            selecting.exclude(
                "8",
                iwf,
                refusal(
                    "no-number-pool",
                    "8",
                    f"no interworking numbers for {iwf.service}",
                ),
            )


def _most_appropriate(selecting: Selecting) -> None:
    """9: the order of what is left; the address, the user, the content, the policy.

    A notification that names no service is of a message that came by one which has a
    form for it: that counts for more than what the user prefers for messages.
    """
    request, policy, known = selecting.request, selecting.policy, selecting.known
    named = request.nccsid if policy.identifier != "ignore" else ""
    wanted: Sequence[str] = ()
    if request.terminating and policy.preferences != "ignore":
        wanted = known.preference or ()
    allowed = policy.services_for(request.kind.value)

    is_report = request.kind is Kind.NOTIFICATION

    def rank(iwf: Capabilities) -> tuple[bool, bool, int, bool, int]:
        return (
            iwf.service.lower() != named.lower(),
            is_report and iwf.name in selecting.last_resort,
            _place(iwf.service, wanted),
            iwf.name in selecting.last_resort,
            _place(iwf.service, allowed),
        )

    if len(selecting.remaining) > 1:
        selecting.remaining.sort(key=rank)


def _prefer(
    selecting: Selecting, step: str, services: Sequence[str], text: str
) -> None:
    for service in services:
        for iwf in selecting.remaining:
            if iwf.service.lower() == service.lower():
                selecting.note(step, iwf.name, Verdict.PREFERRED, text)


def _place(service: str, order: Sequence[str]) -> int:
    """Where a service stands in an order, behind it where it does not."""
    for place, name in enumerate(order):
        if name.lower() == service.lower():
            return place
    return len(order)


STEPS: Final = (
    _attempted,
    _allowed,
    _allowed_for_target,
    _originator,
    _indicated,
    _carried,
    _as_last_resort,
    _identified,
    _preferred,
    _numbered,
    _most_appropriate,
)
