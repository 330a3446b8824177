"""What is read of /proc, how figures are told, and the gateway in one process."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import loads
from cpmgw.lab.bench import machine, report
from cpmgw.lab.bench.__main__ import (
    mms_plan,
    options,
    plans,
    sections,
    sessions_plan,
    stream_plan,
    work,
)
from cpmgw.lab.bench.inprocess import InProcess
from cpmgw.lab.bench.ledger import Latency
from cpmgw.lab.bench.mms import SETTLED, MmsPlan
from cpmgw.lab.bench.parts import Part, codecs, measure
from cpmgw.lab.bench.run import Figures, Plan, Result
from cpmgw.lab.bench.sessions import SessionsFigures, SessionsPlan, Turn
from cpmgw.lab.bench.stream import StreamFigures, StreamPlan
from cpmgw.lab.bench.subject import Ports, configuration

FIGURES = Figures(
    messages=3000,
    seconds=2.0,
    gateway_cpu=1.5,
    load_cpu=0.5,
    answers=Latency(0.001, 0.02, 0.03),
    notifications=Latency(0.002, 0.04, 0.05),
)
RESULT = Result(
    peak=FIGURES,
    half=FIGURES,
    idle_memory=51_200,
    peak_memory=102_400,
    sent=6000,
    resent=0,
    repeats={},
    missing={},
)


class Machine(SynchronousTestCase):
    def test_cpu_of_a_process_with_any_name(self) -> None:
        """utime and stime are found whatever the process calls itself (proc(5))."""
        fields = " ".join(["0"] * 11 + [str(machine.TICKS * 2), str(machine.TICKS)])
        stat = f"17 (a) b (c) S {' '.join(fields.split()[1:])} 0 0 20"
        self.assertEqual(machine.cpu_seconds(stat), 3.0)

    def test_memory(self) -> None:
        """A size of /proc/PID/status, by its whole name."""
        status = "Name:\tx\nVmHWM:\t  300 kB\nVmRSS:\t  200 kB\n"
        self.assertEqual(machine.kilobytes(status, "VmRSS"), 200)
        self.assertEqual(machine.kilobytes(status, "VmHWM"), 300)
        self.assertRaises(KeyError, machine.kilobytes, status, "VmR")

    def test_model(self) -> None:
        """The processor's name."""
        self.assertEqual(machine.cpu_model("a\t: b\nmodel name\t: X 1\n"), "X 1")


class Report(SynchronousTestCase):
    def text(self, result: Result, plan: Plan | None = None) -> str:
        return "\n".join(report.end_to_end(plan or Plan(), result))

    def test_figures(self) -> None:
        """Rates are messages by time and by the gateway's CPU."""
        text = self.text(RESULT)
        self.assertRegex(text, r"messages/s +1500 +1500")
        self.assertRegex(text, r"messages/CPU second of the gateway +2000 +2000")
        self.assertIn("1.0 / 20.0 / 30.0 ms", text)
        self.assertIn("idle 50.0 MB, at most 100.0 MB", text)
        self.assertIn("all 6000 messages were answered 202", text)

    def test_what_is_missing_is_said(self) -> None:
        """A run that lost messages does not look like one that did not."""
        lost = {"without an IMDN": 2}
        text = self.text(
            Result(**{name: getattr(RESULT, name) for name in FIELDS}, missing=lost)
        )
        self.assertIn("NOT ACCOUNTED FOR of 6000 messages: 2 without an IMDN", text)
        self.assertNotIn("all 6000", text)

    def test_chat_is_answered_by_msrp(self) -> None:
        """What takes a chat message is a 200, and the report says so."""
        text = self.text(RESULT, Plan(transport="msrp", sessions=7, connections=2))
        self.assertIn("Chat to SMS in 7 sessions over MSRP, 2 connections", text)
        self.assertIn("all 6000 messages were answered 200", text)
        self.assertRegex(text, r"200 \(p50 / p99 / worst\) +1\.0 / 20\.0")

    def test_streams(self) -> None:
        """Rates are in millions of octets, memory is that above what is idle."""
        figures = StreamFigures(
            chunk=65_536,
            slowest=90e6,
            fastest=110e6,
            per_cpu_second=120e6,
            idle=51_200,
            most=53_248,
        )
        text = "\n".join(report.stream(StreamPlan(), [figures]))
        self.assertIn("One message of 100 MB by MSRP into a file, 5 times", text)
        self.assertRegex(text, r"64 KiB +90 to 110 +120 +50\.0 MB +2\.0 MB")

    def sessions(self, lost: dict[str, int]) -> str:
        figures = SessionsFigures(
            opened=Turn(1000, 2.0, 1.0),
            closed=Turn(1000, 0.5, 0.25),
            before=51_200,
            standing=71_200,
            after=61_440,
            again=71_680,
            idle=0.02,
            lost=lost,
        )
        return "\n".join(report.sessions(SessionsPlan(), figures))

    def test_sessions(self) -> None:
        """A session costs its share of what the memory has grown by."""
        text = self.sessions({})
        self.assertRegex(text, r"opened +500 +1000")
        self.assertRegex(text, r"closed +2000 +4000")
        self.assertIn("20.0 KB for each session; 50.0 MB before", text)
        self.assertIn("60.0 MB after\nwith as many again: 70.0 MB", text)
        self.assertIn("2.0%", text)
        self.assertIn("all were bound, stood and ended", text)

    def test_sessions_that_are_missing_are_said(self) -> None:
        """A run that lost sessions does not look like one that did not."""
        text = self.sessions({"not opened": 3})
        self.assertIn("NOT AS IT MUST: 3 not opened", text)
        self.assertNotIn("all were bound", text)

    def test_columns_are_aligned(self) -> None:
        """Every line of a table has its last column end at the same place."""
        lines = report.table([("a", "1", "22"), ("bbb", "333", "4")])
        self.assertEqual(lines, ["a      1  22", "bbb  333   4"])

    def test_parts(self) -> None:
        """A part is told in microseconds and a second."""
        text = "\n".join(report.parts([Part("thing", 2e-6)]))
        self.assertRegex(text, r"thing +2\.0 us +500,000")


FIELDS = tuple(name for name in Result.__struct_fields__ if name != "missing")


class CommandLine(SynchronousTestCase):
    def test_full_form_measures_all(self) -> None:
        """Without options everything is measured, messages by all three ways."""
        chosen = options([])
        transports = [each.transport for each in plans(chosen)]
        self.assertEqual(transports, ["udp", "tcp", "msrp"])
        self.assertEqual(
            sections(chosen),
            ["pager", "chat", "mms", "stream", "sessions", "parts"],
        )
        self.assertEqual(sessions_plan(chosen), SessionsPlan())
        self.assertEqual(stream_plan(chosen), StreamPlan())
        self.assertEqual(mms_plan(chosen), MmsPlan())

    def test_sections_that_are_named(self) -> None:
        """Only what is named is measured."""
        for name in ("chat", "mms", "stream", "sessions", "parts", "pager"):
            self.assertEqual(sections(options([f"--{name}"])), [name])
        others = ["--stream", "--sessions", "--parts", "--mms"]
        self.assertEqual(plans(options(others)), [])
        self.assertEqual(len([*work(options(["--mms"]))]), 2)
        (plan,) = plans(options(["--chat", "--connections", "3"]))
        self.assertEqual((plan.transport, plan.connections), ("msrp", 3))

    def test_short_form(self) -> None:
        """--short is one transport and short intervals; a length given counts."""
        plan, chat = plans(options(["--short"]))
        self.assertEqual((plan.transport, plan.seconds), ("udp", 4.0))
        self.assertEqual((chat.transport, chat.seconds), ("msrp", 4.0))
        (plan,) = plans(options(["--pager", "--short", "--seconds", "2", "--tcp"]))
        self.assertEqual((plan.transport, plan.seconds), ("tcp", 2.0))
        short = sessions_plan(options(["--short"]))
        self.assertEqual((short.sessions, short.seconds), (1_000, 2.0))
        self.assertEqual(short.pause, 0.0)
        short = sessions_plan(options(["--short", "--count", "50"]))
        self.assertEqual(short.sessions, 50)
        self.assertEqual(stream_plan(options(["--short"])).rounds, 2)
        pictures = mms_plan(options(["--short", "--window", "5"]))
        self.assertEqual((pictures.seconds, pictures.window), (4.0, 5))
        self.assertLess(pictures.stalled_settle, SETTLED)

    def test_configuration_is_valid(self) -> None:
        """The gateway takes the configuration that it is given, for each transport."""
        for transport in ("udp", "tcp"):
            for msrp in (0, 2855):
                ports = Ports(gateway=5060, cpm=5070, smpp=2775, msrp=msrp)
                config = loads(configuration(Path("/x"), transport, ports))
                self.assertIn(f"transport={transport}", config.sip.next_hop)
                self.assertEqual(config.msrp.is_used, bool(msrp))


class Parts(SynchronousTestCase):
    def test_every_codec_runs(self) -> None:
        """Each operation that is measured works on what it is given."""
        for name, run in codecs():
            self.assertIsNotNone(run(), name)

    def test_measure_is_of_one_call(self) -> None:
        """The cost is that of a single call, and positive."""
        cost = measure(lambda: sum(range(2_000)), 0.05)
        self.assertTrue(1e-7 < cost < 1e-2, cost)

    def test_whole_path_in_process(self) -> None:
        """Messages cross from octets to octets, with answer, receipt and IMDN."""
        folder = Path(self.mktemp())
        folder.mkdir()
        house = InProcess(folder)
        self.addCleanup(house.stop)
        self.assertGreater(house.carry(5), 0.0)
        house.carry(3)
        self.assertEqual(house.ledger.missing(), {})
        self.assertEqual(house.ledger.notifications, 8)
