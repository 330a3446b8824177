"""The counts and the state of a gateway in the form that Prometheus collects.

Nothing is kept here: the values are made of `Traffic` and of the gateway's state when
they are asked for, so that counting costs a message next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import (
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from cpmgw.admin.families import counter, gauge, histogram
from cpmgw.admin.health import CentreState, GatewayState, RelayState
from cpmgw.traffic import VENDOR, Traffic
from txsmpp.status import status_name

L = TypeVar("L", CentreState, RelayState)

_BY_CENTRE: Final = ("smsc", "command_status")


class TrafficCollector(Collector):
    """Makes the counters of a gateway's traffic."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic

    def collect(self) -> Iterator[Metric]:
        """The counters as they are now."""
        yield from self._requests()
        yield from self._selection()
        yield from self._short_messages()
        yield from self._multimedia()

    def _requests(self) -> Iterator[Metric]:
        """What came from CPM, and how it was answered."""
        traffic = self._traffic
        yield counter(
            "cpmgw_outbound_messages",
            "SIP MESSAGE requests from CPM by the status that answered them",
            ("status",),
            {(str(status),): count for status, count in traffic.answers.items()},
        )
        yield histogram(
            "cpmgw_outbound_answer_seconds",
            "Time from a SIP MESSAGE of CPM to its final answer",
            traffic.answer_time,
        )
        yield counter(
            "cpmgw_outbound_notifications",
            "Disposition notifications among them that nobody is told of",
            (),
            {(): traffic.ended_notifications},
        )
        yield counter(
            "cpmgw_invitations",
            "INVITE requests from CPM by the status that answered them",
            ("status",),
            {(str(status),): count for status, count in traffic.invites.items()},
        )
        yield counter(
            "cpmgw_large_messages",
            "Large messages and files from CPM by the MSRP status of their last chunk",
            ("status",),
            {(str(status),): count for status, count in traffic.large.items()},
        )
        yield GaugeMetricFamily(
            "cpmgw_sessions",
            "Sessions with SMS users that stand",
            value=traffic.sessions,
        )
        yield counter(
            "cpmgw_chat_messages",
            "Messages of sessions by the MSRP status that answered them",
            ("direction", "status"),
            {
                (direction, "none" if status is None else str(status)): count
                for (direction, status), count in traffic.chats.items()
            },
        )
        yield counter(
            "cpmgw_turned_away",
            "SIP requests that were answered before anything looked into them",
            ("method", "status"),
            {
                (method or "other", str(status)): count
                for (method, status), count in traffic.turned_away.items()
            },
        )

    def _selection(self) -> Iterator[Metric]:
        """What the ISF found."""
        traffic = self._traffic
        yield counter(
            "cpmgw_selected",
            "Requests from CPM by the service that the ISF handed them to",
            ("service", "kind"),
            {(service, kind): n for (service, kind), n in traffic.selected.items()},
        )
        yield counter(
            "cpmgw_refusals",
            "Requests from CPM that were refused, by status and cause",
            ("status", "cause"),
            {(str(status), cause): n for (status, cause), n in traffic.refused.items()},
        )
        yield counter(
            "cpmgw_preferences",
            "Look-ups of users' preferences by what was found, and why",
            ("state", "reason"),
            {(state, reason): n for (state, reason), n in traffic.looked_up.items()},
        )

    def _short_messages(self) -> Iterator[Metric]:
        """What crossed to SM-SCs and from them, and what CPM was told of it."""
        traffic = self._traffic
        yield counter(
            "cpmgw_outbound_segments",
            "Short messages submitted by the command_status that answered them",
            _BY_CENTRE,
            _by_centre(traffic.submitted),
        )
        yield counter(
            "cpmgw_inbound_segments",
            "Short messages from an SM-SC by the command_status of our answer",
            _BY_CENTRE,
            _by_centre(traffic.received),
        )
        yield counter(
            "cpmgw_status_reports",
            "Status reports from an SM-SC by the command_status of our answer",
            _BY_CENTRE,
            _by_centre(traffic.reported),
        )
        yield counter(
            "cpmgw_alerts",
            "Alerts of an SM-SC that a user can be reached by what they come to",
            ("smsc", "outcome"),
            {
                (smsc, each.value): count
                for (smsc, each), count in traffic.alerts.items()
            },
        )
        yield counter(
            "cpmgw_notifications",
            "IMDNs and events sent to CPM by the status that answered",
            ("kind", "status"),
            {
                (kind, "none" if status is None else str(status)): count
                for (kind, status), count in traffic.notified.items()
            },
        )

    def _multimedia(self) -> Iterator[Metric]:
        """What crossed to MMS relays and from them."""
        traffic = self._traffic
        yield counter(
            "cpmgw_mms_forwarded",
            "Multimedia messages to a relay by MM4_forward.RES, or what took its place",
            ("mmsc", "status"),
            {
                (relay, status or "none"): count
                for (relay, status), count in traffic.forwarded.items()
            },
        )
        yield counter(
            "cpmgw_mms_received",
            "PDUs of MM4 from a relay by type and what was made of them",
            ("mmsc", "type", "status"),
            traffic.mm4_received,
        )
        yield counter(
            "cpmgw_mms_reports",
            "Reports to a relay by what answered them",
            ("mmsc", "kind", "status"),
            {
                (relay, kind, status or "none"): count
                for (relay, kind, status), count in traffic.reported_back.items()
            },
        )
        yield counter(
            "cpmgw_adaptations",
            "Content to be made fit for MMS by what came of it",
            ("kind", "outcome"),
            traffic.adapted,
        )
        boxes = GaugeMetricFamily(
            "cpmgw_mail_waiting",
            "Mails that are being worked on, or are on their way to a relay",
            labels=["service", "box"],
        )
        for labels, mails in traffic.mail_waiting.items():
            boxes.add_metric(list(labels), mails)
        yield boxes


class DirectoryCollector(Collector):
    """Makes the counter of the directory's look-ups."""

    def __init__(self, counts: Callable[[], Mapping[str, int]]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """The counter as it is now."""
        yield counter(
            "cpmgw_directory",
            "Look-ups of numbers' SIP URIs by what came of them",
            ("outcome",),
            {(outcome,): count for outcome, count in self._counts().items()},
        )


class StateCollector(Collector):
    """Makes the gauges of a gateway's state."""

    def __init__(self, state: Callable[[], GatewayState]) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """The gauges as they are now."""
        state = self._state()
        bound = {each.name: float(each.bound) for each in state.centres}
        yield gauge("cpmgw_smsc_bound", "Whether a bind is up", "smsc", bound)
        yield gauge(
            "cpmgw_smsc_waiting",
            "Requests that have not left for the SM-SC",
            "smsc",
            _each(state.centres, lambda centre: centre.waiting),
        )
        yield gauge(
            "cpmgw_smsc_in_flight",
            "Requests that the SM-SC has not answered",
            "smsc",
            _each(state.centres, lambda centre: centre.in_flight),
        )
        yield from _of_mail(state)
        yield GaugeMetricFamily(
            "cpmgw_sip_transactions",
            "SIP transactions, those included that absorb retransmissions",
            value=state.transactions,
        )
        yield GaugeMetricFamily(
            "cpmgw_store_waiting",
            "Operations that wait for the store",
            value=state.store_waiting,
        )
        yield gauge(
            "cpmgw_interworking_numbers_free",
            "Interworking numbers that stand for no group session",
            "pool",
            {each.pool: each.numbers - each.taken for each in state.pools},
        )
        yield gauge(
            "cpmgw_interworking_numbers_taken",
            "Interworking numbers that stand for group sessions",
            "pool",
            {each.pool: each.taken for each in state.pools},
        )


class Metrics:
    """All metrics of one gateway, in a registry of their own."""

    def __init__(
        self,
        traffic: Traffic,
        state: Callable[[], GatewayState],
        looked_up: Callable[[], Mapping[str, int]],
    ) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(TrafficCollector(traffic))
        self._registry.register(StateCollector(state))
        self._registry.register(DirectoryCollector(looked_up))
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """The text of all metrics and its media type, as an Accept header asks."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type


def _by_centre(counts: Mapping[tuple[str, Any], int]) -> dict[tuple[str, ...], int]:
    return {
        (centre, _status_label(status)): count
        for (centre, status), count in counts.items()
    }


def _status_label(command_status: int | None) -> str:
    if command_status is None:
        return "none"
    return "vendor" if command_status == VENDOR else status_name(command_status)


def _each(links: Iterable[L], value: Callable[[L], float]) -> dict[str, float]:
    return {link.name: value(link) for link in links}


def _of_mail(state: GatewayState) -> Iterator[Metric]:
    """The links to MMS relays, and the room that mail takes."""
    yield gauge(
        "cpmgw_mmsc_up",
        "Whether a relay took the last mail, or nothing was tried yet",
        "mmsc",
        _each(state.relays, lambda relay: relay.up),
    )
    yield gauge(
        "cpmgw_mmsc_waiting",
        "Mails that wait for a relay or are on their way to it",
        "mmsc",
        _each(state.relays, lambda relay: relay.waiting),
    )
    yield gauge(
        "cpmgw_mail_octets",
        "Octets of mail: on its way, and kept until it is done",
        "place",
        {"under-way": state.mail_under_way, "kept": state.mail_kept},
    )
    yield GaugeMetricFamily(
        "cpmgw_adaptations_waiting",
        "Content that waits to be made fit for MMS, or is being made so",
        value=state.work_waiting,
    )
