"""SIGHUP and POST /reload to a real process: it follows its file, and drops nothing."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any, Final

import treq
from twisted.internet.defer import gatherResults
from twisted.internet.task import deferLater

from cpmgw.lab.cpm_side import CpmSide
from cpmgw.lab.sms_centre import SmsCentre
from cpmgw.sip.endpoint import Endpoint
from cpmgw.sip.message import Response
from cpmgw.sip.settings import EndpointSettings
from tests.live.case import PROJECT, LiveTestCase, free_port, until
from tests.live.clock import StoppableClock
from tests.live.gateway import Network, start_gateway
from tests.live.reactor import reactor
from txsmpp.server import ServerOptions, SmscFactory

ALICE: Final = "tel:+15550001001"
BOB: Final = "tel:+15550001002"
IN_FORCE: Final = "in force: "
AS_IT_WAS: Final = "the configuration stays as it was"


class Reload(LiveTestCase):
    centre: SmsCentre
    cpm: CpmSide

    def between(self) -> Network:
        """Start both peers; the network for a gateway between them."""
        clock = StoppableClock()
        self.centre = SmsCentre(clock)
        factory = SmscFactory(reactor, ServerOptions(), self.centre)
        listening = reactor.listenTCP(0, factory, interface="127.0.0.1")
        cpm_port, port = free_port(), free_port()
        endpoint = Endpoint(
            reactor,
            EndpointSettings(
                listen=(f"udp:{cpm_port}:interface=127.0.0.1",),
                next_hop=f"sip:127.0.0.1:{port};transport=udp;lr",
                trusted=("127.0.0.0/8",),
            ),
        )
        self.cpm = CpmSide(endpoint, reactor)
        endpoint.startService()

        async def stop() -> None:
            clock.stop()
            await listening.stopListening()
            await endpoint.stopService()

        self.at_the_end(stop)
        return Network(
            next_hop=f"sip:127.0.0.1:{cpm_port};transport=udp;lr",
            smsc_port=listening.getHost().port,
            port=port,
            web_port=free_port(),
            debug=False,
        )

    async def answer(self) -> int:
        """The status of a message from Alice to Bob."""
        response: Response = await self.cpm.send_text(ALICE, BOB, "Hi").answered
        return response.status

    def write(self, network: Network, old: str = "", new: str = "") -> Path:
        """Have something else in the file."""
        path = self.folder / "cpmgw.toml"
        path.write_text(network.config(self.folder).replace(old, new))
        return path

    async def test_sighup(self) -> None:
        """A bad file changes nothing and says why; a good one is followed."""
        network = self.between()
        gateway = await start_gateway(self, network)
        await until(lambda: len(self.centre.sessions) == 1, what="the bind")
        (session,) = self.centre.sessions
        self.assertEqual(await self.answer(), 202)
        self.write(network, "[policy]", "[policy]\npager_success_status = 201")
        gateway.signal(signal.SIGHUP)
        await gateway.line(AS_IT_WAS)
        await gateway.line("policy.pager_success_status: ")
        self.assertEqual(await self.answer(), 202)
        self.write(network, "[policy]", "[policy]\npager_success_status = 200")
        gateway.signal(signal.SIGHUP)
        await gateway.line(f"{IN_FORCE}policy.pager_success_status")
        self.assertEqual(await self.answer(), 200)
        self.assertEqual(self.centre.sessions, [session])

    async def test_sighups_under_load(self) -> None:
        """Messages that come while it reads again and again are all answered."""
        network = self.between()
        gateway = await start_gateway(self, network)
        await until(lambda: bool(self.centre.sessions), what="the bind")
        sent = []
        for number in range(60):
            status = 200 if number % 20 < 10 else 202
            if number % 10 == 0:
                line = f"[policy]\npager_success_status = {status}"
                self.write(network, "[policy]", line)
                gateway.signal(signal.SIGHUP)
            sent.append(self.cpm.send_text(ALICE, BOB, f"Hi {number}").answered)
            await deferLater(reactor, 0.01)
        answers = await gatherResults(sent)
        self.assertLessEqual({each.status for each in answers}, {200, 202})
        self.assertEqual(len(self.centre.binds), 1)

    async def test_elsewhere(self) -> None:
        """The file is found again where twistd has gone to another folder."""
        network = self.between()
        path = self.write(network)
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        gateway = self.process(
            "gateway",
            [
                *(sys.executable, Path(sys.executable).with_name("twistd")),
                *("-n", "--pidfile=", f"--rundir={elsewhere}"),
                *("cpmgw", "--config", path.name),
            ],
            cwd=self.folder,
            environment={"PYTHONPATH": str(PROJECT)},
        )
        await gateway.line("SIP over")
        self.write(network, "[policy]", "[policy]\nretry_after = 7")
        gateway.signal(signal.SIGHUP)
        await gateway.line(f"{IN_FORCE}policy.retry_after")

    async def test_log_level(self) -> None:
        """The log tells more from then on."""
        network = self.between()
        gateway = await start_gateway(self, network)
        self.write(network, 'level = "info"', 'level = "debug"')
        gateway.signal(signal.SIGHUP)
        await gateway.line(f"{IN_FORCE}log.level")
        await until(lambda: bool(self.centre.sessions), what="the bind")
        self.assertEqual(await self.answer(), 202)
        await gateway.line("MESSAGE ")

    async def test_post(self) -> None:
        """POST /reload says what has changed, what has to wait, and what is wrong."""
        network = self.between()
        gateway = await start_gateway(self, network)
        await gateway.line("web pages on")
        self.write(network, "[policy]", "drain = 1.0\n[policy]\nretry_after = 7")
        status, told = await self.posted(network)
        self.assertEqual(status, 422)
        (fault,) = told["faults"]
        self.assertIn("smsc[0].drain: unknown key", fault)
        self.write(network, "[policy]", "window = 7\n[policy]\nretry_after = 7")
        status, told = await self.posted(network)
        self.assertEqual(status, 200)
        self.assertEqual(
            told,
            {
                "changed": ["policy.retry_after"],
                "needs_restart": ["smsc[home].window"],
                "remarks": [],
            },
        )
        await gateway.line("needs a restart: smsc[home].window")

    async def posted(self, network: Network) -> tuple[int, Any]:
        """The status and the JSON of a reload."""
        url = f"http://127.0.0.1:{network.web_port}/reload"
        response = await treq.post(url, persistent=False, timeout=10)
        return response.code, await response.json()
