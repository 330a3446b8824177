"""The metrics, as Prometheus reads them."""

from __future__ import annotations

from collections import Counter

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.admin.health import CentreState, GatewayState, RelayState
from cpmgw.admin.metrics import Metrics
from cpmgw.records import PoolUse
from cpmgw.traffic import Alert, Traffic
from txsmpp.status import CommandStatus

STATE = GatewayState(
    store_open=True,
    store_healthy=True,
    store_waiting=7,
    listeners=2,
    transactions=11,
    centres=(
        CentreState(name="home", bound=True, waiting=2, in_flight=5),
        CentreState(name="away", bound=False, waiting=0, in_flight=0),
    ),
    relays=(
        RelayState(name="near", up=True, waiting=4),
        RelayState(name="far", up=False, waiting=0),
    ),
    mail_under_way=13,
    mail_kept=17,
    work_waiting=3,
    pools=(PoolUse("groups", 100, 7, 9), PoolUse("", 1, 1, 1)),
)


class MetricsTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.traffic = Traffic()
        self.looked_up: Counter[str] = Counter()
        self.metrics = Metrics(self.traffic, lambda: STATE, lambda: self.looked_up)

    def value(self, name: str, **labels: str) -> float | None:
        """A sample, read back; None if it is not there."""
        octets, _ = self.metrics.exposition("")
        for family in text_string_to_metric_families(octets.decode()):
            for sample in family.samples:
                if (sample.name, sample.labels) == (name, labels):
                    return sample.value
        return None

    def test_answers(self) -> None:
        """CPM's messages are counted by SIP status, their time in buckets."""
        self.traffic.answer(202, 0.004)
        self.traffic.answer(202, 0.3)
        self.traffic.answer(404, 99.0)
        name = "cpmgw_outbound_messages_total"
        self.assertEqual(self.value(name, status="202"), 2)
        self.assertEqual(self.value(name, status="404"), 1)
        name = "cpmgw_outbound_answer_seconds"
        self.assertEqual(self.value(f"{name}_bucket", le="0.005"), 1)
        self.assertEqual(self.value(f"{name}_bucket", le="0.5"), 2)
        self.assertEqual(self.value(f"{name}_bucket", le="30.0"), 2)
        self.assertEqual(self.value(f"{name}_bucket", le="+Inf"), 3)
        self.assertEqual(self.value(f"{name}_count"), 3)
        self.assertAlmostEqual(self.value(f"{name}_sum") or 0, 99.304)

    def test_segments(self) -> None:
        """Short messages are counted by SM-SC and command_status, by its name."""
        self.traffic.submit("home", 0)
        self.traffic.submit("home", CommandStatus.ESME_RINVDSTADR)
        self.traffic.submit("home", 0x12345)
        self.traffic.submit("away", None)
        name = "cpmgw_outbound_segments_total"
        for centre, status in (
            ("home", "ESME_ROK"),
            ("home", "ESME_RINVDSTADR"),
            ("home", "vendor"),
            ("away", "none"),
        ):
            self.assertEqual(self.value(name, smsc=centre, command_status=status), 1)

    def test_multimedia(self) -> None:
        """Multimedia messages are counted by relay and what answered them."""
        self.traffic.forward("near", "Ok")
        self.traffic.forward("near", "Ok")
        self.traffic.forward("near", None)
        self.traffic.forward("far", "not-sent")
        name = "cpmgw_mms_forwarded_total"
        for relay, status, count in (
            ("near", "Ok", 2),
            ("near", "none", 1),
            ("far", "not-sent", 1),
        ):
            self.assertEqual(self.value(name, mmsc=relay, status=status), count)

    def test_from_a_relay(self) -> None:
        """What came from a relay is counted by type, reports to it by kind."""
        self.traffic.mm4("near", "MM4_forward.REQ", "kept")
        self.traffic.mm4("", "other", "refused")
        self.traffic.report_back("near", "delivery", "Ok")
        self.traffic.report_back("near", "read", None)
        name = "cpmgw_mms_received_total"
        kept = {"mmsc": "near", "type": "MM4_forward.REQ", "status": "kept"}
        self.assertEqual(self.value(name, **kept), 1)
        strange = {"mmsc": "", "type": "other", "status": "refused"}
        self.assertEqual(self.value(name, **strange), 1)
        name = "cpmgw_mms_reports_total"
        for kind, status in (("delivery", "Ok"), ("read", "none")):
            labels = {"mmsc": "near", "kind": kind, "status": status}
            self.assertEqual(self.value(name, **labels), 1)

    def test_adaptations(self) -> None:
        """What was to be made fit for MMS is counted by kind and outcome."""
        self.traffic.adapt("image", "converted")
        self.traffic.adapt("video", "left-out")
        name = "cpmgw_adaptations_total"
        self.assertEqual(self.value(name, kind="image", outcome="converted"), 1)
        self.assertEqual(self.value(name, kind="video", outcome="left-out"), 1)

    def test_mail(self) -> None:
        """Relays, boxes and the room for mail are as they are now."""
        self.traffic.hold("MMS", "inbox", 5)
        self.traffic.hold("MMS", "inbox", 2)
        self.traffic.hold("MMS", "outbox", 1)
        name = "cpmgw_mail_waiting"
        self.assertEqual(self.value(name, service="MMS", box="inbox"), 2)
        self.assertEqual(self.value(name, service="MMS", box="outbox"), 1)
        self.assertEqual(self.value("cpmgw_mmsc_up", mmsc="near"), 1)
        self.assertEqual(self.value("cpmgw_mmsc_up", mmsc="far"), 0)
        self.assertEqual(self.value("cpmgw_mmsc_waiting", mmsc="near"), 4)
        self.assertEqual(self.value("cpmgw_mail_octets", place="under-way"), 13)
        self.assertEqual(self.value("cpmgw_mail_octets", place="kept"), 17)
        self.assertEqual(self.value("cpmgw_adaptations_waiting"), 3)

    def test_from_the_sm_sc(self) -> None:
        """Messages and reports are counted apart, by our answer."""
        self.traffic.receive("home", 0)
        self.traffic.report("home", CommandStatus.ESME_RINVMSGID)
        labels = {"smsc": "home", "command_status": "ESME_ROK"}
        self.assertEqual(self.value("cpmgw_inbound_segments_total", **labels), 1)
        self.assertIsNone(self.value("cpmgw_status_reports_total", **labels))
        labels["command_status"] = "ESME_RINVMSGID"
        self.assertEqual(self.value("cpmgw_status_reports_total", **labels), 1)

    def test_notifications(self) -> None:
        """What is sent to CPM is counted by kind and status; "none" is no answer."""
        self.traffic.notify("imdn", 200)
        self.traffic.notify("failed-iw", None)
        self.traffic.end_notification()
        name = "cpmgw_notifications_total"
        self.assertEqual(self.value(name, kind="imdn", status="200"), 1)
        self.assertEqual(self.value(name, kind="failed-iw", status="none"), 1)
        self.assertEqual(self.value("cpmgw_outbound_notifications_total"), 1)

    def test_large_messages(self) -> None:
        """Large messages are counted by the status of MSRP."""
        self.traffic.large[413] += 1
        name = "cpmgw_large_messages_total"
        self.assertEqual(self.value(name, status="413"), 1)

    def test_sessions(self) -> None:
        """Sessions that stand have a gauge, their messages a count each way."""
        self.traffic.sessions += 3
        self.traffic.chats["outbound", 413] += 1
        self.traffic.chats["inbound", None] += 2
        name = "cpmgw_chat_messages_total"
        self.assertEqual(self.value("cpmgw_sessions"), 3)
        self.assertEqual(self.value(name, direction="outbound", status="413"), 1)
        self.assertEqual(self.value(name, direction="inbound", status="none"), 2)

    def test_alerts(self) -> None:
        """Alerts are counted by SM-SC and by what they come to."""
        for found in (Alert.AWAITED, Alert.UNEXPECTED, Alert.UNEXPECTED):
            self.traffic.alert("home", found)
        name = "cpmgw_alerts_total"
        self.assertEqual(self.value(name, smsc="home", outcome="awaited"), 1)
        self.assertEqual(self.value(name, smsc="home", outcome="unexpected"), 2)

    def test_state(self) -> None:
        """Each SM-SC, the transactions and the store have gauges."""
        self.assertEqual(self.value("cpmgw_smsc_bound", smsc="home"), 1)
        self.assertEqual(self.value("cpmgw_smsc_bound", smsc="away"), 0)
        self.assertEqual(self.value("cpmgw_smsc_waiting", smsc="home"), 2)
        self.assertEqual(self.value("cpmgw_smsc_in_flight", smsc="home"), 5)
        self.assertEqual(self.value("cpmgw_sip_transactions"), 11)
        self.assertEqual(self.value("cpmgw_store_waiting"), 7)

    def test_pools(self) -> None:
        """How many interworking numbers are free and taken, pool by pool."""
        for pool, free, taken in (("groups", 93, 7), ("", 0, 1)):
            name = "cpmgw_interworking_numbers"
            self.assertEqual(self.value(f"{name}_free", pool=pool), free)
            self.assertEqual(self.value(f"{name}_taken", pool=pool), taken)

    def test_process(self) -> None:
        """Memory and processor time of the process are there."""
        self.assertGreater(self.value("process_resident_memory_bytes") or 0, 0)
        self.assertGreater(self.value("process_cpu_seconds_total") or 0, 0)

    def test_directory(self) -> None:
        """Look-ups of SIP URIs are told by what came of them."""
        self.looked_up.update({"static": 2, "enum-timeout": 1})
        name = "cpmgw_directory_total"
        self.assertEqual(self.value(name, outcome="static"), 2.0)
        self.assertEqual(self.value(name, outcome="enum-timeout"), 1.0)

    def test_registries_are_apart(self) -> None:
        """Two gateways in one process have metrics of their own."""
        other = Metrics(Traffic(), lambda: STATE, dict)
        self.traffic.answer(202, 0.1)
        self.assertNotIn(b'status="202"', other.exposition("")[0])

    def test_openmetrics(self) -> None:
        """Who asks for OpenMetrics gets it, by its rules."""
        self.traffic.answer(202, 0.1)
        octets, media_type = self.metrics.exposition(
            "application/openmetrics-text; version=1.0.0"
        )
        self.assertTrue(media_type.startswith("application/openmetrics-text"))
        families = list(openmetrics.text_string_to_metric_families(octets.decode()))
        names = {family.name for family in families}
        self.assertIn("cpmgw_outbound_messages", names)
