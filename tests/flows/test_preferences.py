"""TS 5.1 step 7: the target user's preferences, asked of an XDMS, count."""

from __future__ import annotations

from cpmgw.lab.xdms import Xdms, XdmsBehaviour
from tests.flows.dialog import RemoteIwf
from tests.flows.house import BOB, House
from tests.isf.xdms.policies import action, document, rule, validity

PORT = 8090
MORE = f"""
[[iwf]]
name = "mms"
service = "MMS"
uri = "sip:127.0.0.1:5080"

[xdms]
root = "http://127.0.0.1:{PORT}/services"
negative_ttl = 0.0
"""


class Preferring(House):
    """A house with SMS, an MMS IWF elsewhere, and an XDMS."""

    more = MORE

    def setUp(self) -> None:
        super().setUp()
        self.iwf = RemoteIwf(self.network, 5080)
        self.iwf.endpoint.startService()
        self.addCleanup(self._stop, self.iwf.endpoint)
        self.xdms = Xdms(self.network)
        self.xdms.start(PORT)
        self.addCleanup(self.xdms.stop)

    def chosen(self) -> str:
        """The service by which a text goes."""
        before = len(self.iwf.received)
        status = self.send(text="Hello").status
        self.assertIn(status, (200, 202))
        return "MMS" if len(self.iwf.received) > before else "SMS"

    def prefer(self, *services: str, conditions: str = "") -> None:
        """Have Bob's document prefer these."""
        chosen = action(" ".join(services))
        self.xdms.put(BOB, document(rule(conditions, chosen)))


class Found(Preferring):
    def test_step_7_preferred(self) -> None:
        """7. The service that the user prefers is chosen. [TS 5.1 step 7]"""
        self.prefer("MMS")
        self.assertEqual(self.chosen(), "MMS")
        self.assertEqual(self.gateway.traffic.looked_up["found", ""], 1)

    def test_step_7_no_preference(self) -> None:
        """7. A user who has none is reached as policy says."""
        self.assertEqual(self.chosen(), "SMS")

    def test_step_7_once(self) -> None:
        """7. Who is asked for again is remembered."""
        self.prefer("MMS")
        self.chosen()
        self.chosen()
        self.assertEqual(len(self.xdms.requests), 1)

    def test_nothing_to_choose_from(self) -> None:
        """Where only one service can carry it nobody is asked."""
        self.send(content_type="image/png", content=b"PNG")
        self.assertEqual(self.xdms.requests, [])

    def test_in_the_trace(self) -> None:
        """The trace tells that the user prefers it."""
        self.prefer("MMS")
        self.chosen()
        entry = next(self.gateway.trace.newest())
        self.assertIn("step 7: mms preferred", str(entry))


class Broken(Preferring):
    def test_step_7_down(self) -> None:
        """7. An XDMS that is down does not stop a message, by default."""
        self.xdms.behaviour = XdmsBehaviour(status=503)
        self.assertEqual(self.chosen(), "SMS")
        entry = next(self.gateway.trace.newest())
        self.assertIn("no preferences: http-503", str(entry))

    def test_step_7_silent(self) -> None:
        """7. One that does not answer costs two seconds."""
        self.xdms.behaviour = XdmsBehaviour(silent=True)
        sent = self.send(text="Hello")
        self.assertIsNone(sent.response)
        self.pass_time(2.5)
        self.assertEqual(sent.status, 202)

    def test_malformed_document(self) -> None:
        """7. A document that cannot be read is as none, and counted."""
        self.xdms.put(BOB, b"<broken")
        self.assertEqual(self.chosen(), "SMS")
        counts = self.gateway.traffic.looked_up
        self.assertEqual(counts["unavailable", "malformed"], 1)

    def test_expired_document(self) -> None:
        """7. So is one that has expired."""
        old = validity("1969-01-01T00:00:00Z", "1969-12-01T00:00:00Z")
        self.prefer("MMS", conditions=old)
        self.assertEqual(self.chosen(), "SMS")
        counts = self.gateway.traffic.looked_up
        self.assertEqual(counts["unavailable", "expired"], 1)


class Strict(Preferring):
    policy = 'selection.preferences_unavailable = "refuse"'

    def test_step_7_refused(self) -> None:
        """7. By policy a request whose preferences cannot be had is 480."""
        for trouble in (b"<broken", b""):
            self.xdms.put(BOB, trouble)
            response = self.send(text="Hello").response
            assert response is not None
            self.assertEqual(response.status, 480)
            self.assertTrue(response.headers.get("Retry-After"))
            self.assertIn("preferences", response.headers.get("Warning") or "")
        refused = self.gateway.traffic.refused
        self.assertEqual(refused[480, "preferences-unavailable"], 2)


class Required(Preferring):
    policy = 'selection.preferences = "require"'

    def test_step_7_required(self) -> None:
        """7. By policy a service that the user does not name is out: 488."""
        self.prefer("email")
        self.assertEqual(self.send(text="Hello").status, 488)
