"""The load's sessions against a whole gateway in memory."""

from __future__ import annotations

import contextlib
import gc
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import loads
from cpmgw.gateway import Gateway
from cpmgw.iwf.sms.service import SmsInterworkingFactory
from cpmgw.lab.bench.calls import Calls
from cpmgw.lab.bench.centre import BenchCentre
from cpmgw.lab.bench.chat import ChatLoad
from cpmgw.lab.bench.frames import Frame
from cpmgw.lab.bench.ledger import Ledger
from cpmgw.lab.bench.pacing import Once
from cpmgw.lab.bench.subject import CannotMeasure, Ports, configuration
from tests.support.network import MemoryNetwork, NeverQuiet

PORTS = Ports(gateway=5060, cpm=5070, smpp=2775, msrp=2855)


class Sessions(SynchronousTestCase):
    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        self.network = MemoryNetwork()
        self.ledger = Ledger(200)
        self.centre = BenchCentre(self.network, self.ledger, 0.2, 100)
        self.network.listenTCP(PORTS.smpp, self.centre, interface="127.0.0.1")
        text = configuration(folder, "tcp", PORTS)
        self.gateway = Gateway(
            self.network, loads(text), factories=[SmsInterworkingFactory()]
        )
        self.gateway.startService()
        self.addCleanup(self.stop_gateway)
        self.network.wait_until(lambda: self.centre.bound)
        self.frames: list[Frame] = []

    def stop_gateway(self) -> None:
        stopped: list[object] = []
        self.gateway.stopService().addBoth(stopped.append)
        for _ in range(100):
            self.network.advance(0.5)
            with contextlib.suppress(
                NeverQuiet
            ):  # the store closes in a thread of its own
                self.network.wait_until(lambda: stopped, 0.05)
                return
        self.fail("the gateway does not stop")

    def result(self, work: Any, patience: int = 2_000) -> Any:
        """What comes of some work, while time passes."""
        deferred: Deferred[Any] = (
            work if isinstance(work, Deferred) else Deferred.fromCoroutine(work)
        )
        results: list[Any] = []
        deferred.addBoth(results.append)
        for _ in range(patience):
            if results:
                break
            self.network.advance(0.02)
            self.network.wait_until(lambda: not self.gateway.store_waiting)
        return self.successResultOf(deferred) if not results else _raised(results[0])

    def test_open_and_close(self) -> None:
        """Sessions stand and are bound over few connections, and all end well."""
        calls = Calls(self.network, self.frames.append, connections=2, window=2)
        self.result(calls.connect(PORTS))
        self.assertEqual(self.result(calls.open(5)), 5)
        assert self.gateway.msrp is not None
        self.assertEqual(len(self.gateway.msrp), 5)  # type: ignore[arg-type]
        self.assertEqual(self.result(calls.close_all()), 5)
        self.assertEqual(len(self.gateway.msrp), 0)  # type: ignore[arg-type]
        self.assertEqual(self.result(calls.open(3)), 3)  # with new connections
        self.assertEqual(self.result(calls.close_all()), 3)
        self.assertEqual((dict(calls.faults), self.frames), ({}, []))
        self.result(calls.stop())

    def test_sessions_that_are_refused_are_told(self) -> None:
        """A session that does not come about counts as none and is a fault."""
        calls = Calls(self.network, self.frames.append, connections=1)
        self.result(calls.connect(PORTS))
        invite = "To: <tel:+15145550000>"
        calls._write = _Changing(calls, invite.encode(), b"To: <tel:+1514555\x00>")
        opened = self.result(calls.open(2))
        self.assertEqual(opened, 1)
        self.assertEqual(sum(calls.faults.values()), 1)
        self.assertEqual(self.result(calls.close_all()), 1)
        self.result(calls.stop())

    def test_silence_is_no_figure(self) -> None:
        """A gateway that does not answer cannot be measured."""
        calls = Calls(self.network, self.frames.append, connections=1)
        self.result(calls.connect(PORTS))
        calls._write = lambda data: None
        work = Deferred.fromCoroutine(calls.open(1))
        self.network.advance(29.0)
        self.assertNoResult(work)
        self.network.advance(2.0)
        self.failureResultOf(work, CannotMeasure)
        self.result(calls.stop())

    def test_messages_cross_with_receipt_and_imdn(self) -> None:
        """Each chat message has its 200, its short message and its IMDN."""
        load = ChatLoad(self.network, self.ledger, sessions=3, connections=2)
        self.result(load.connect(PORTS))
        load.pacing.pace = Once(30)  # more than there are sessions: most wait
        load.pacing.send()
        for _ in range(200):
            if not self.ledger.open:
                break
            self.network.advance(0.02)
            self.network.wait_until(lambda: not self.gateway.store_waiting)
        self.assertEqual(self.ledger.missing(), {})
        self.assertEqual(self.ledger.notifications, self.ledger.sent)
        self.result(load.close())

    def test_sessions_that_are_over_leave_nothing(self) -> None:
        """All of a session is freed by its reference counts (decision 0007).

        Cycles are looked for once in many thousand sessions: one that makes a cycle is
        there until then.
        """
        calls = Calls(self.network, self.frames.append, connections=1)
        self.result(calls.connect(PORTS))
        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)
        self.addCleanup(gc.set_debug, gc.get_debug())
        self.result(calls.open(2))
        self.result(calls.close_all())
        self.network.advance(40.0)  # the transaction of an INVITE stays for 32 s
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        left = {type(each).__qualname__ for each in gc.garbage if _is_ours(each)}
        gc.garbage.clear()
        self.assertEqual(left, set())
        self.result(calls.stop())


class _Changing:
    """Writes with one text in place of another."""

    def __init__(self, calls: Calls, old: bytes, new: bytes) -> None:
        self._write = calls._write
        self._old = old
        self._new = new

    def __call__(self, data: bytes) -> None:
        self._write(data.replace(self._old, self._new))


def _is_ours(each: object) -> bool:
    return type(each).__module__.startswith("cpmgw.")


def _raised(result: Any) -> Any:
    if hasattr(result, "raiseException"):
        result.raiseException()
    return result
