"""`python -m cpmgw.lab.demo --once`, with the gateway as a process of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import SynchronousTestCase, TestCase

import cpmgw
from cpmgw.config import loads
from cpmgw.lab.gateway_process import GatewayProcess, Ports, configuration, free_port

PORTS = Ports(gateway=5060, cpm=5070, smpp=2775, msrp=2855, mmsc=2526, mm4=2525)
CHECKOUT = Path(cpmgw.__file__).parent.parent


class ConfigurationTests(SynchronousTestCase):
    def test_it_has_no_faults(self) -> None:
        """The configuration of the demo is one that the gateway takes."""
        config = loads(configuration(PORTS, Path("/tmp/x")))
        self.assertEqual(config.smsc[0].port, 2775)
        self.assertEqual(config.sip.next_hop, "sip:127.0.0.1:5070;lr")
        self.assertEqual(config.msrp.listen, "tcp:2855:interface=127.0.0.1")
        self.assertEqual(config.mm4.listen, "tcp:2525:interface=127.0.0.1")
        self.assertEqual(
            [(each.host, each.port, each.domain) for each in config.mmsc],
            [("127.0.0.1", 2526, "mms.example.net")],
        )
        self.assertEqual([pool.name for pool in config.number_pool], ["groups"])


class DemoTests(TestCase):
    timeout = 90

    def run_demo(self, *arguments: str, **environ: str) -> Deferred[Any]:
        running: Deferred[Any] = getProcessOutputAndValue(
            sys.executable,
            ["-m", "cpmgw.lab.demo", *arguments],
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **environ},
            path=str(CHECKOUT),
        )
        return running

    async def test_once(self) -> None:
        """Every expectation is met, the ladder is drawn, the exit status is 0."""
        out, err, status = await self.run_demo("--once", COLUMNS="120")
        text = out.decode()
        self.assertEqual((err.decode(), status), ("", 0), text)
        for part in (
            "MESSAGE IMDN",
            "submit_sm_resp",
            "segment 1/",
            "202 Accepted",
            "488 Not Accepta",
            "MM4 forward.REQ",
            "MM4 delivery.RES",
            "MM4 read.REQ",
            "▣ image/jpeg 640x480",
            "interworking-notification: legacy-mms",
            "Error-content-not-accepted",
            "interworking-notification: legacy-sms",
            "delivery-notification: failed",
            "INVITE",
            "SEND IMDN",
            "+cpm.largemsg",
            "full: Alice, Carol, …0002, Dave",
            "are as they must be",
        ):
            self.assertIn(part, text)
        self.assertNotIn("✗", text)
        self.assertLessEqual(max(len(line) for line in text.splitlines()), 120)

    async def test_unknown_option(self) -> None:
        """An option that there is not is refused with a usage line."""
        _, err, status = await self.run_demo("--twice")
        self.assertIn(b"usage:", err)
        self.assertEqual(status, 2)

    async def test_gateway_that_cannot_start(self) -> None:
        """A gateway that ends at once is noticed, and its last words are kept."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        config = folder / "cpmgw.toml"
        config.write_text("[gateway]\n")
        gateway = GatewayProcess(folder / "gateway.log")
        gateway.start(reactor, config)
        self.assertEqual(await gateway.ended, 1)
        self.assertFalse(gateway.running)
        self.assertIn("gateway.domain", gateway.last_words)
        self.assertIn("gateway.domain", (folder / "gateway.log").read_text())
        await gateway.stop(reactor)

    async def test_gateway_is_stopped(self) -> None:
        """stop() ends the child that start() made, and waits for it."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        config = folder / "cpmgw.toml"
        ports = Ports(**{name: free_port() for name in Ports.__struct_fields__})
        config.write_text(configuration(ports, folder))
        gateway = GatewayProcess(folder / "gateway.log")
        gateway.start(reactor, config)
        self.assertTrue(gateway.running)
        await gateway.stop(reactor)
        self.assertFalse(gateway.running)
