"""Families of metrics, made of plain counts (the data model of Prometheus)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import TypeVar

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)

from cpmgw.traffic import BOUNDS, Durations

K = TypeVar("K", bound=tuple[str, ...])


def counter(
    name: str,
    documentation: str,
    labels: Iterable[str],
    counts: Mapping[K, int],
) -> CounterMetricFamily:
    """Counts by the values of their labels."""
    family = CounterMetricFamily(name, documentation, labels=list(labels))
    for values, count in counts.items():
        family.add_metric(list(values), count)
    return family


def histogram(
    name: str, documentation: str, durations: Durations
) -> HistogramMetricFamily:
    """How many took how long."""
    bounds = [*map(str, BOUNDS), "+Inf"]
    buckets = list(zip(bounds, accumulate(durations.counts), strict=True))
    family = HistogramMetricFamily(name, documentation)
    family.add_metric([], buckets, durations.total)
    return family


def gauge(
    name: str, documentation: str, label: str, values: Mapping[str, float]
) -> GaugeMetricFamily:
    """Values of one label, as they are now."""
    family = GaugeMetricFamily(name, documentation, labels=[label])
    for labelled, value in values.items():
        family.add_metric([labelled], value)
    return family
