"""The counts and the state of a gateway in the form that Prometheus collects.

Nothing is kept here: the values are made of `Traffic` and of the gateway's state when
they are asked for, so that counting costs a message next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any, Final

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from cpmgw.admin.health import CentreState, GatewayState
from cpmgw.traffic import BOUNDS, VENDOR, Durations, Traffic
from txsmpp.status import status_name

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

    def _requests(self) -> Iterator[Metric]:
        """What came from CPM, and how it was answered."""
        traffic = self._traffic
        yield _counter(
            "cpmgw_outbound_messages",
            "SIP MESSAGE requests from CPM by the status that answered them",
            ("status",),
            {(str(status),): count for status, count in traffic.answers.items()},
        )
        yield _durations(
            "cpmgw_outbound_answer_seconds",
            "Time from a SIP MESSAGE of CPM to its final answer",
            traffic.answer_time,
        )
        yield _counter(
            "cpmgw_outbound_notifications",
            "Disposition notifications among them, which end here",
            (),
            {(): traffic.ended_notifications},
        )
        yield _counter(
            "cpmgw_invitations",
            "INVITE requests from CPM by the status that answered them",
            ("status",),
            {(str(status),): count for status, count in traffic.invites.items()},
        )
        yield _counter(
            "cpmgw_large_messages",
            "Large messages from CPM by the MSRP status of their last chunk",
            ("status",),
            {(str(status),): count for status, count in traffic.large.items()},
        )
        yield GaugeMetricFamily(
            "cpmgw_sessions",
            "Sessions with SMS users that stand",
            value=traffic.sessions,
        )
        yield _counter(
            "cpmgw_chat_messages",
            "Messages of sessions by the MSRP status that answered them",
            ("direction", "status"),
            {
                (direction, "none" if status is None else str(status)): count
                for (direction, status), count in traffic.chats.items()
            },
        )
        yield _counter(
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
        yield _counter(
            "cpmgw_selected",
            "Requests from CPM by the service that the ISF handed them to",
            ("service", "kind"),
            {(service, kind): n for (service, kind), n in traffic.selected.items()},
        )
        yield _counter(
            "cpmgw_refusals",
            "Requests from CPM that were refused, by status and cause",
            ("status", "cause"),
            {(str(status), cause): n for (status, cause), n in traffic.refused.items()},
        )
        yield _counter(
            "cpmgw_preferences",
            "Look-ups of users' preferences by what was found, and why",
            ("state", "reason"),
            {(state, reason): n for (state, reason), n in traffic.looked_up.items()},
        )

    def _short_messages(self) -> Iterator[Metric]:
        """What crossed to SM-SCs and from them, and what CPM was told of it."""
        traffic = self._traffic
        yield _counter(
            "cpmgw_outbound_segments",
            "Short messages submitted by the command_status that answered them",
            _BY_CENTRE,
            _by_centre(traffic.submitted),
        )
        yield _counter(
            "cpmgw_inbound_segments",
            "Short messages from an SM-SC by the command_status of our answer",
            _BY_CENTRE,
            _by_centre(traffic.received),
        )
        yield _counter(
            "cpmgw_status_reports",
            "Status reports from an SM-SC by the command_status of our answer",
            _BY_CENTRE,
            _by_centre(traffic.reported),
        )
        yield _counter(
            "cpmgw_alerts",
            "Alerts of an SM-SC that a user can be reached by what they come to",
            ("smsc", "outcome"),
            {
                (smsc, each.value): count
                for (smsc, each), count in traffic.alerts.items()
            },
        )
        yield _counter(
            "cpmgw_notifications",
            "IMDNs and events sent to CPM by the status that answered",
            ("kind", "status"),
            {
                (kind, "none" if status is None else str(status)): count
                for (kind, status), count in traffic.notified.items()
            },
        )


class DirectoryCollector(Collector):
    """Makes the counter of the directory's look-ups."""

    def __init__(self, counts: Callable[[], Mapping[str, int]]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """The counter as it is now."""
        yield _counter(
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
        yield _of_centres("cpmgw_smsc_bound", "Whether a bind is up", bound)
        yield _of_centres(
            "cpmgw_smsc_waiting",
            "Requests that have not left for the SM-SC",
            _each(state.centres, lambda centre: centre.waiting),
        )
        yield _of_centres(
            "cpmgw_smsc_in_flight",
            "Requests that the SM-SC has not answered",
            _each(state.centres, lambda centre: centre.in_flight),
        )
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
        yield _of_pools(
            "cpmgw_interworking_numbers_free",
            "Interworking numbers that stand for no group session",
            {each.pool: each.numbers - each.taken for each in state.pools},
        )
        yield _of_pools(
            "cpmgw_interworking_numbers_taken",
            "Interworking numbers that stand for group sessions",
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


def _counter(
    name: str,
    documentation: str,
    labels: Iterable[str],
    counts: Mapping[tuple[str, ...], int],
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, documentation, labels=list(labels))
    for values, count in counts.items():
        family.add_metric(list(values), count)
    return family


def _by_centre(counts: Mapping[tuple[str, Any], int]) -> dict[tuple[str, ...], int]:
    return {
        (centre, _status_label(status)): count
        for (centre, status), count in counts.items()
    }


def _status_label(command_status: int | None) -> str:
    if command_status is None:
        return "none"
    return "vendor" if command_status == VENDOR else status_name(command_status)


def _durations(
    name: str, documentation: str, durations: Durations
) -> HistogramMetricFamily:
    bounds = [*map(str, BOUNDS), "+Inf"]
    buckets = list(zip(bounds, accumulate(durations.counts), strict=True))
    family = HistogramMetricFamily(name, documentation)
    family.add_metric([], buckets, durations.total)
    return family


def _each(
    centres: Iterable[CentreState], value: Callable[[CentreState], float]
) -> dict[str, float]:
    return {centre.name: value(centre) for centre in centres}


def _of_centres(
    name: str, documentation: str, values: Mapping[str, float]
) -> GaugeMetricFamily:
    return _gauge(name, documentation, "smsc", values)


def _of_pools(
    name: str, documentation: str, values: Mapping[str, float]
) -> GaugeMetricFamily:
    return _gauge(name, documentation, "pool", values)


def _gauge(
    name: str, documentation: str, label: str, values: Mapping[str, float]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, documentation, labels=[label])
    for labelled, value in values.items():
        family.add_metric([labelled], value)
    return family
