"""A house whose gateway gets another configuration while it runs."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from cpmgw.config import Config, loads
from cpmgw.config.changes import Changes
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.message import Response, respond
from tests.flows.dialog import RemoteIwf
from tests.flows.house import House, config_text

TRUSTED = 'trusted = ["127.0.0.0/8"]'
IWF = '[[iwf]]\nname = "{0}"\nservice = "MMS"\nuri = "sip:127.0.0.1:{1}"\n'
SECOND = """
[[smsc]]
name = "second"
host = "127.0.0.1"
port = 2776
system_id = "cpmgw"
password = "secret"
"""
POOL = '[[number_pool]]\nname = "{0}"\nnumbers = ["{1}"]\n'


class Reloading(House):
    """A house whose gateway gets other lines in its configuration."""

    sip = TRUSTED

    def config(self) -> Config:
        """The configuration with this test's own lines."""
        text = config_text(
            self.state, smsc=self.smsc, policy=self.policy, more=self.more
        )
        return loads(text.replace(TRUSTED, self.sip))

    def reload(self, **lines: str) -> Changes:
        """What comes of other lines in these places."""
        found = self.outcome(**lines)
        assert isinstance(found, Changes), found
        return found

    def outcome(self, **lines: str) -> Changes | Failure:
        """The same, or why there is none."""
        for name, text in lines.items():
            setattr(self, name, text)
        done: list[Changes | Failure] = []
        Deferred.fromCoroutine(self.gateway.reload(self.config())).addBoth(done.append)
        self.wait_until(lambda: done)
        return done[0]

    def assert_not_touched(self) -> None:
        """The bind is the one from before."""
        self.assertEqual(len(self.centre.binds), 1)
        self.assertTrue(all(each.bound for each in self.gateway.centres))


class WithIwfs(Reloading):
    """A house with two IWFs on other hosts, one of them configured."""

    more = IWF.format("mms", 5080)

    def setUp(self) -> None:
        super().setUp()
        self.iwf = self.start_iwf(5080)
        self.other = self.start_iwf(5081)
        self.from_iwf: list[Incoming] = []
        self.lab.endpoint.serve("BYE", self._from_iwf, in_dialog=True)

    def start_iwf(self, port: int) -> RemoteIwf:
        """Start another IWF."""
        iwf = RemoteIwf(self.network, port)
        iwf.endpoint.startService()
        self.addCleanup(self._stop, iwf.endpoint)
        return iwf

    async def _from_iwf(self, incoming: Incoming) -> Response:
        self.from_iwf.append(incoming)
        return respond(incoming.request, 200)

    def answer(self, request: Any) -> Response:
        """Send a request from the Participating Function; the final response."""
        pending = self.lab.endpoint.request(request)
        self.settle()
        response: Response = self.successResultOf(pending)
        return response
