"""The whole gateway between the lab's two peers, in memory: octets in, octets out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from twisted.trial import unittest

from cpmgw.config import Config, loads
from cpmgw.gateway import Gateway
from cpmgw.iwf.sms.service import SmsInterworkingFactory
from cpmgw.lab.conversation import SentMessage
from cpmgw.lab.cpm_side import CpmSide
from cpmgw.lab.laboratory import Laboratory, LabSettings
from cpmgw.lab.pager import PagerMessage
from cpmgw.lab.sms_centre import SmsCentre
from tests.support.network import MemoryNetwork, NeverQuiet

ALICE = "tel:+15145550001"
BOB = "tel:+15145550002"

CONFIG = """
[gateway]
domain = "ims.example.net"
state = "sqlite:{state}"
profile = "{profile}"

[sip]
listen = ["udp:5060:interface=127.0.0.1", "tcp:5060:interface=127.0.0.1"]
next_hop = "sip:127.0.0.1:5070;lr"
trusted = ["127.0.0.0/8"]

{smsc}

{more}

[policy]
{policy}
"""


SMSC = """
[[smsc]]
name = "home"
host = "127.0.0.1"
port = 2775
system_id = "cpmgw"
password = "secret"
{smsc}
"""


def config_text(
    state: str,
    *,
    smsc: str = "",
    policy: str = "",
    more: str = "",
    profile: str = "oma",
    with_sms: bool = True,
) -> str:
    """The configuration of a gateway; `smsc` are further keys of its [[smsc]]."""
    return CONFIG.format(
        state=state,
        profile=profile,
        smsc=SMSC.format(smsc=smsc) if with_sms else "",
        more=more,
        policy=policy,
    )


class House(unittest.SynchronousTestCase):
    """A running gateway, its SM-SC and its CPM side.

    `smsc`, `policy` and `more` are lines of TOML that a test adds to the configuration,
    `settings` those of the lab. Without `with_sms` there is no SM-SC.
    """

    smsc = ""
    policy = ""
    more = ""
    profile = "oma"
    with_sms = True
    settings: LabSettings | None = None

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.state = self.mktemp()
        self.lab = Laboratory(self.network, self.settings)
        self.lab.startService()
        self.addCleanup(self._stop, self.lab)
        self.gateway = self.start_gateway()

    @property
    def centre(self) -> SmsCentre:
        """The SM-SC."""
        return self.lab.centre

    @property
    def cpm(self) -> CpmSide:
        """The CPM side."""
        return self.lab.cpm

    def config(self) -> Config:
        """The gateway's configuration."""
        text = config_text(
            self.state,
            smsc=self.smsc,
            policy=self.policy,
            more=self.more,
            profile=self.profile,
            with_sms=self.with_sms,
        )
        return loads(text)

    def factories(self) -> Sequence[Any]:
        """The services of this process."""
        return (SmsInterworkingFactory(),)

    def reactor(self) -> Any:
        """What the next gateway runs on."""
        return self.network

    def start_gateway(self) -> Gateway:
        """Start a gateway on this test's state, and wait until it serves."""
        gateway = Gateway(self.reactor(), self.config(), factories=self.factories())
        gateway.startService()
        self.addCleanup(self._stop, gateway)
        self.wait_until(
            lambda: (
                gateway.endpoint.addresses
                and all(centre.bound for centre in gateway.centres)
            )
        )
        return gateway

    def _stop(self, service: Any) -> None:
        if not service.running:
            return
        if service is self.lab:
            self._let_go_of_the_unanswered()
        stopped: list[object] = []
        service.stopService().addBoth(stopped.append)
        for _ in range(100):
            if stopped:
                return
            self.network.advance(0.5)
            with suppress(NeverQuiet):
                self.network.wait_until(lambda: stopped, 0.05)
        self.fail(f"{service} does not stop")

    def _let_go_of_the_unanswered(self) -> None:
        """What was never answered fails when the lab stops; that is no error."""
        for user in self.cpm._users.values():
            for sent in user.sent:
                sent.answered.addErrback(lambda _: None)

    def wait_until(self, done: Callable[[], object]) -> None:
        """Let the network and the store's thread work until something is so."""
        self.network.wait_until(done)

    def settle(self) -> None:
        """Let all come to rest, what the store's thread has in hand included."""
        self.network.wait_until(lambda: not self.gateway.store_waiting)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and what is due by then be done, sweep by sweep at last."""
        self.network.advance(max(0.0, seconds - 15.0))
        self.settle()
        for _ in range(3):
            self.network.advance(min(seconds / 3.0, 5.0))
            self.settle()

    def send(self, **details: Any) -> SentMessage:
        """Send a pager mode message from Alice to Bob; comes back when all rests."""
        details.setdefault("sender", ALICE)
        details.setdefault("recipient", BOB)
        sent = self.cpm.send(PagerMessage(**details))
        self.settle()
        return sent
