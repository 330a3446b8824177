"""An endpoint that is told something else while it runs."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.digest import Account, authorized
from cpmgw.sip.endpoint import Endpoint
from cpmgw.sip.message import Request
from cpmgw.sip.settings import CHANGEABLE, EndpointSettings, Login
from tests.sip.endpoints import THERE, EndpointTestCase, pager

ALICE = Account("alice", "word")
BOB = Account("bob", "other")


def updated(endpoint: Endpoint, **changed: Any) -> None:
    """Tell an endpoint of some changes."""
    endpoint.update(msgspec.structs.replace(endpoint.settings, **changed))


class Updates(EndpointTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.count = 0

    def asked(self, client: Endpoint, **details: Any) -> int:
        """The status of the answer to a request in a dialog of its own."""
        self.count += 1
        return self.status(client, pager(call_id=f"call-{self.count}", **details))

    def status(self, client: Endpoint, request: Request) -> int:
        """The status of the answer to this request."""
        answer = client.request(request, destination="sip:127.0.0.1:5060")
        self.reactor.settle()
        return self.successResultOf(answer).status

    def pair(self, **options: Any) -> tuple[Endpoint, Endpoint]:
        """One that serves MESSAGE, and one that sends."""
        server = self.endpoint(**options)
        server.serve("MESSAGE", self.accept)
        return server, self.endpoint(THERE)

    def test_trusted(self) -> None:
        """Who is trusted no longer may assert nothing, from the next request on."""
        server, client = self.pair()
        asserting = [("P-Asserted-Identity", "<tel:+15145550001>")]
        self.assertEqual(self.asked(client, headers=asserting), 202)
        updated(server, trusted=("192.0.2.0/24",))
        self.assertEqual(self.asked(client, headers=asserting), 403)
        updated(server, trusted=("127.0.0.1/32",))
        self.assertEqual(self.asked(client, headers=asserting), 202)

    def test_users_come(self) -> None:
        """Where there are users, who is not trusted is challenged."""
        server, client = self.pair(trusted=(), realm="gw")
        self.assertEqual(self.asked(client), 202)
        self.assertEqual(self.handled[-1].user, "")
        updated(server, users=(ALICE,))
        self.assertEqual(self.asked(client), 401)
        updated(client, logins=(Login("alice", "word"),))
        self.assertEqual(self.asked(client), 202)
        self.assertEqual(self.handled[-1].user, "alice")
        updated(server, users=())
        self.assertEqual(self.asked(client), 202)
        self.assertEqual(self.handled[-1].user, "")

    def test_users_change(self) -> None:
        """A user who is gone, or has another password, is a stranger."""
        server, client = self.pair(trusted=(), realm="gw", users=(ALICE, BOB))
        updated(client, logins=(Login("alice", "word"),))
        self.assertEqual(self.asked(client), 202)
        updated(server, users=(BOB,))
        self.assertEqual(self.asked(client), 401)
        updated(server, users=(Account("alice", "new"), BOB))
        self.assertEqual(self.asked(client), 401)
        updated(client, logins=(Login("alice", "new"),))
        self.assertEqual(self.asked(client), 202)

    def test_nonces_stay(self) -> None:
        """A challenge from before can be answered after."""
        server, client = self.pair(trusted=(), realm="gw", users=(ALICE,))
        answer = client.request(pager(), destination="sip:127.0.0.1:5060")
        self.reactor.settle()
        challenge = self.successResultOf(answer)
        updated(server, users=(ALICE, BOB))
        again = authorized(pager(), challenge, BOB, cnonce="c")
        assert again is not None
        self.assertEqual(self.status(client, again), 202)

    def test_retry_after(self) -> None:
        """What is refused for lack of room tells the new time."""
        server, client = self.pair(pending=1, retry_after=5)
        updated(server, retry_after=77)
        server._server.refusing = True
        answer = client.request(pager(), destination="sip:127.0.0.1:5060")
        self.reactor.settle()
        response = self.successResultOf(answer)
        self.assertEqual(response.headers.get("Retry-After"), "77")

    def test_others_are_refused(self) -> None:
        """What it was built with cannot be changed, and then nothing is."""
        endpoint = self.endpoint()
        before = endpoint.settings
        error = self.assertRaises(
            ValueError, updated, endpoint, trusted=(), shun=1.0, host="other"
        )
        self.assertEqual(str(error), "cannot be changed: host, shun")
        self.assertIs(endpoint.settings, before)
        self.assertIn("127.0.0.1", endpoint._server._admission.trusted)


class Differences(SynchronousTestCase):
    def test_each_setting(self) -> None:
        """Every setting that is not the same is named, and only it."""
        settings = EndpointSettings()
        self.assertEqual(settings.differences(EndpointSettings()), frozenset())
        for name in settings.__struct_fields__:
            other = msgspec.structs.replace(settings, **{name: object()})
            self.assertEqual(settings.differences(other), {name})

    def test_names(self) -> None:
        """What may change are settings that there are."""
        self.assertLessEqual(CHANGEABLE, {*EndpointSettings.__struct_fields__})
