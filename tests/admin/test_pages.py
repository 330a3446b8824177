"""What is told of single requests and changed over HTTP, and to whom."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.admin.pages import MOST_REQUESTS, USUAL_REQUESTS
from cpmgw.admin.web import WebService
from cpmgw.config import loads
from cpmgw.config.changes import Changes
from cpmgw.errors import ConfigError, CpmgwError, NotRunning
from cpmgw.gateway import Gateway
from cpmgw.isf.findings import Finding, Selection, Verdict
from cpmgw.reloading import ReloadInProgress
from cpmgw.trace import Attempt, Entry
from tests.admin.browsing import PLACE, Reply, ask, fetch, open_browser
from tests.flows.house import House
from tests.support.network import MemoryNetwork
from tests.test_config import least

TOKEN = "0123456789abcdef"
HERE = "Host: 127.0.0.1:8080"
GUARDED = ("/policy", "/trace")


class Pages(SynchronousTestCase):
    """The site of a gateway that was never started; `outcome` is that of a reload."""

    web_keys = ""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        state = f'state = "sqlite:{self.mktemp()}"'
        config = loads(least(gateway=state, web=self.web_keys), {})
        self.gateway = Gateway(self.network, config, factories=())
        self.outcome: Deferred[Changes] = succeed(Changes(self.gateway.config))
        self.asked = 0
        self.web = WebService(self.network, self.gateway, PLACE, self.reload)
        self.web.startService()
        self.addCleanup(self.web.stopService)

    def reload(self) -> Deferred[Changes]:
        """Be asked."""
        self.asked += 1
        return self.outcome

    def fetch(self, path: str, *lines: str, method: str = "GET") -> Reply:
        """What a program on this host is answered, unless its lines say otherwise."""
        if not any(line.lower().startswith("host") for line in lines):
            lines = (HERE, *lines)
        return fetch(self.network, path, method, *lines)

    def document(self, path: str) -> Any:
        """The JSON of a page."""
        reply = self.fetch(path)
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.headers["content-type"], "application/json")
        self.assertEqual(reply.headers["cache-control"], "no-store")
        return json.loads(reply.body)

    def post(self, *lines: str) -> tuple[int, Any]:
        """The status of a reload, and its JSON."""
        reply = self.fetch("/reload", *lines, method="POST")
        return reply.status, json.loads(reply.body)


class ThisHost(Pages):
    """Without a token only programs on this host may pass."""

    def test_names_of_this_host(self) -> None:
        """A Host that is loopback, whatever its port and form."""
        for host in (
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1",
            "127.9.9.9",
            "[::1]:1",
        ):
            for path in GUARDED:
                self.assertEqual(self.fetch(path, f"Host: {host}").status, 200, host)

    def test_other_names(self) -> None:
        """A name of elsewhere may have come to mean this host: DNS rebinding."""
        for host in (
            "gw.example.net",
            "localhost.example.net",
            "127.0.0.1.example.net",
            "192.0.2.1",
            "0.0.0.0",
            "[2001:db8::1]",
            "[::1",
            "\xff",
            "",
        ):
            for path in GUARDED:
                self.assertEqual(self.fetch(path, f"Host: {host}").status, 403, host)
        self.assertEqual(self.fetch("/trace", HERE, "Host: evil.example").status, 403)

    def test_without_a_name(self) -> None:
        """Nor without any Host, as HTTP/1.0 may be."""
        browser = open_browser(self.network)
        assert browser.transport is not None
        browser.transport.write(b"GET /trace HTTP/1.0\r\n\r\n")
        self.network.settle()
        self.assertEqual(browser.reply().status, 403)

    def test_browsers(self) -> None:
        """A page of elsewhere sends its Origin with what it asks: CSRF."""
        for origin in ("http://evil.example", "null", "http://127.0.0.1:8080"):
            lines = (HERE, f"Origin: {origin}")
            self.assertEqual(self.fetch("/trace", *lines).status, 403)
            self.assertEqual(
                self.fetch("/reload", *lines, method="POST").status, 403, origin
            )
        self.assertEqual(self.asked, 0)

    def test_behind_a_proxy(self) -> None:
        """A reverse proxy on this host speaks for others."""
        for line in ("Forwarded: for=192.0.2.1", "X-Forwarded-For: 192.0.2.1"):
            self.assertEqual(self.fetch("/policy", HERE, line).status, 403)

    def test_other_hosts(self) -> None:
        """Another host is refused whatever it says; the open pages it gets."""
        for path, status in (("/policy", 403), ("/trace", 403), ("/healthz", 200)):
            reply = fetch(self.network, path, "GET", HERE, peer="192.0.2.5")
            self.assertEqual(reply.status, status, path)
        reply = fetch(self.network, "/reload", "POST", HERE, peer="192.0.2.5")
        self.assertEqual((reply.status, self.asked), (403, 0))

    def test_a_token_without_need(self) -> None:
        """A token that nobody asked for does not matter."""
        self.assertEqual(
            self.fetch("/trace", f"Authorization: Bearer {TOKEN}").status, 200
        )


class WithToken(Pages):
    """With a token, whoever shows it may pass."""

    web_keys = f'token = "{TOKEN}"'

    def test_shown(self) -> None:
        """From anywhere; the name of the scheme may be written in any way."""
        for scheme in ("Bearer", "bearer", "BEARER"):
            for path in GUARDED:
                reply = fetch(
                    self.network,
                    path,
                    "GET",
                    f"Authorization: {scheme} {TOKEN}",
                    peer="192.0.2.5",
                )
                self.assertEqual(reply.status, 200)
        lines = (f"Authorization: Bearer {TOKEN}", "Host: gw.example.net")
        self.assertEqual(self.fetch("/reload", *lines, method="POST").status, 200)

    def test_not_shown(self) -> None:
        """401 without, with another, with part of it, and on this host too."""
        for line in (
            "X: y",
            "Authorization:",
            "Authorization: Bearer",
            "Authorization: Bearer ",
            f"Authorization: Basic {TOKEN}",
            f"Authorization: Bearer {TOKEN[:-1]}",
            f"Authorization: Bearer {TOKEN}x",
            f"Authorization: Bearer {TOKEN.upper()}",
            "Authorization: Bearer \xff\xfe",
        ):
            for path in GUARDED:
                reply = self.fetch(path, line)
                self.assertEqual(reply.status, 401, line)
                self.assertEqual(
                    reply.headers["www-authenticate"], 'Bearer realm="cpmgw"'
                )
            self.assertEqual(self.fetch("/reload", line, method="POST").status, 401)
        self.assertEqual(self.asked, 0)

    def test_open_pages(self) -> None:
        """Probes and metrics need none."""
        self.assertEqual(self.fetch("/healthz").status, 200)
        self.assertEqual(self.fetch("/metrics").status, 200)

    def test_another_token(self) -> None:
        """The token is that of the configuration in force."""
        config = self.gateway.config
        other = msgspec.structs.replace(config.web, token=TOKEN[::-1])
        self.gateway.config = msgspec.structs.replace(config, web=other)
        line = f"Authorization: Bearer {TOKEN}"
        self.assertEqual(self.fetch("/trace", line).status, 401)
        line = f"Authorization: Bearer {TOKEN[::-1]}"
        self.assertEqual(self.fetch("/trace", line).status, 200)


class PolicyInForce(Pages):
    def test_policy(self) -> None:
        """/policy has every key, as it is now, and the profile."""
        document = self.document("/policy")
        self.assertEqual(document["profile"], "oma")
        self.assertEqual(document["policy"]["retry_after"], 5)
        policy = msgspec.structs.replace(self.gateway.config.policy, retry_after=77)
        self.gateway.config = msgspec.structs.replace(
            self.gateway.config, policy=policy
        )
        self.assertEqual(self.document("/policy")["policy"]["retry_after"], 77)

    def test_paths_and_methods(self) -> None:
        """There is nothing below it, and nothing to change."""
        self.assertEqual(self.fetch("/policy/x").status, 404)
        self.assertEqual(self.fetch("/policy", method="POST").status, 405)
        self.assertEqual(self.fetch("/policy", method="HEAD").body, b"")


class Reloading(Pages):
    def test_changed(self) -> None:
        """What has changed, what waits for a restart, and what has no effect."""
        self.outcome = succeed(
            Changes(
                self.gateway.config, ("policy.retry_after",), ("sip.host",), ("no",)
            )
        )
        expected = {
            "changed": ["policy.retry_after"],
            "needs_restart": ["sip.host"],
            "remarks": ["no"],
        }
        self.assertEqual(self.post(), (200, expected))
        self.assertEqual(self.asked, 1)

    def test_faulty(self) -> None:
        """422 with each fault."""
        self.outcome = fail(ConfigError(("f: sip.listen: no", "f: log: no")))
        self.assertEqual(
            self.post(), (422, {"faults": ["f: sip.listen: no", "f: log: no"]})
        )

    def test_others(self) -> None:
        """409 while another one is at work, 503 where it cannot be now."""
        for error, status in (
            (ReloadInProgress("again"), 409),
            (NotRunning("again"), 503),
            (CpmgwError("again"), 503),
        ):
            self.outcome = fail(error)
            self.assertEqual(self.post(), (status, {"error": "again"}))

    def test_unexpected(self) -> None:
        """What nobody thought of is a 500 that says nothing, and is logged."""
        self.outcome = fail(ZeroDivisionError("secret"))
        self.assertEqual(self.post(), (500, {"error": "see the log"}))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_waits(self) -> None:
        """The answer comes when it is over."""
        self.outcome = Deferred()
        browser = ask(self.network, "/reload", "POST", HERE)
        self.assertEqual(browser.octets, b"")
        self.outcome.callback(Changes(self.gateway.config))
        self.network.settle()
        self.assertEqual(browser.reply().status, 200)
        self.assertIn("content-length", browser.reply().headers)

    def test_nobody_waits_any_more(self) -> None:
        """Who is gone is not answered."""
        self.outcome = Deferred()
        browser = ask(self.network, "/reload", "POST", HERE)
        assert browser.transport is not None
        browser.transport.loseConnection()
        self.network.settle()
        self.outcome.callback(Changes(self.gateway.config))
        self.network.settle()

    def test_bodies(self) -> None:
        """No body, or one of no octets; any other is refused unread."""
        self.assertEqual(self.post("Content-Length: 0")[0], 200)
        for line in ("Content-Length: 2", "Transfer-Encoding: chunked"):
            reply = self.fetch("/reload", line, method="POST")
            self.assertEqual(reply.status, 413, line)
        self.assertEqual(self.asked, 1)

    def test_methods_and_paths(self) -> None:
        """It is a POST to /reload itself."""
        for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "post"):
            reply = self.fetch("/reload", method=method)
            self.assertEqual((reply.status, reply.headers["allow"]), (405, "POST"))
        self.assertEqual(self.fetch("/reload/x", method="POST").status, 404)
        self.assertEqual(self.asked, 0)


def entry(call_id: str) -> Entry:
    """A request that was interworked."""
    found = (
        Finding("5", "MMS", Verdict.EXCLUDED, "no \r\n\u2603"),
        Finding("9", "SMS", Verdict.CHOSEN, "it is left"),
    )
    return Entry(
        at=1.5,
        call_id=call_id,
        method="MESSAGE",
        kind="pager",
        originator="…001",
        target="…002",
        attempts=(Attempt(Selection(("SMS",), found), 202),),
        status=202,
    )


class Traced(Pages):
    def calls(self, path: str) -> list[str]:
        """The Call-IDs of what a page tells of."""
        return [each["call_id"] for each in self.document(path)["requests"]]

    def test_nothing(self) -> None:
        """At first there is nothing to tell."""
        self.assertEqual(self.document("/trace"), {"requests": []})

    def test_steps(self) -> None:
        """A request has its attempts, and these the steps with what each found."""
        self.gateway.trace.add(entry("one"))
        (told,) = self.document("/trace")["requests"]
        self.assertEqual((told["at"], told["status"]), (1.5, 202))
        self.assertEqual(
            (told["originator"], told["target"]), (r"\u2026001", r"\u2026002")
        )
        (attempt,) = told["attempts"]
        self.assertEqual((attempt["iwf"], attempt["status"]), ("SMS", 202))
        steps = {each["step"]: each for each in attempt["steps"]}
        self.assertEqual(list(steps), ["1", "2", "3", "4", "5", "6", "7", "8", "9"])
        (found,) = steps["5"]["findings"]
        self.assertEqual((found["iwf"], found["verdict"]), ("MMS", "excluded"))
        self.assertEqual(found["text"], r"no \r\n\u2603")
        self.assertEqual(steps["9"]["progress"], "taken")
        self.assertEqual(steps["1"]["findings"], [])

    def test_newest_first(self) -> None:
        """The newest come first, so many as are usual or asked for."""
        for number in range(MOST_REQUESTS + 1):
            self.gateway.trace.add(entry(str(number)))
        newest = [str(number) for number in range(MOST_REQUESTS, -1, -1)]
        self.assertEqual(self.calls("/trace"), newest[:USUAL_REQUESTS])
        self.assertEqual(self.calls("/trace?limit=2"), newest[:2])
        most = self.calls(f"/trace?limit={MOST_REQUESTS}")
        self.assertEqual(most, newest[:MOST_REQUESTS])

    def test_of_one_call(self) -> None:
        """Those of one Call-ID, whatever characters are in it."""
        for name in ("one", "a&b=c@[::1]", "one"):
            self.gateway.trace.add(entry(name))
        self.assertEqual(self.calls("/trace?call_id=one"), ["one", "one"])
        self.assertEqual(self.calls("/trace?call_id=one&limit=1"), ["one"])
        name = "a%26b%3Dc%40%5B::1%5D"
        self.assertEqual(self.calls(f"/trace?call_id={name}"), ["a&b=c@[::1]"])
        for none in ("call_id=two", "call_id=%ff%00"):
            self.assertEqual(self.calls(f"/trace?{none}"), [])

    def test_wrong_parameters(self) -> None:
        """400 for a limit that is none, and for parameters that there are not."""
        for query in (
            "limit=0",
            f"limit={MOST_REQUESTS + 1}",
            "limit=-1",
            "limit=x",
            "limit=",
            "limit=%D9%A1",
            "limit=99999999999999999999",
            "limit=1&limit=2",
            "call_id=a&call_id=b",
            "callid=a",
        ):
            self.assertEqual(self.fetch(f"/trace?{query}").status, 400, query)

    def test_methods_and_paths(self) -> None:
        """There is nothing below it, and nothing to change."""
        self.assertEqual(self.fetch("/trace/x").status, 404)
        self.assertEqual(self.fetch("/trace", method="POST").status, 405)


class Flow(House):
    """The trace of a gateway at work."""

    def setUp(self) -> None:
        super().setUp()
        web = WebService(self.network, self.gateway, PLACE, lambda: fail(NotRunning()))
        web.startService()
        self.addCleanup(web.stopService)

    def test_a_message_is_told_of(self) -> None:
        """A message and why it went by SMS; of its numbers the last digits."""
        sent = self.send(text="Hello")
        path = f"/trace?call_id={sent.request.call_id}"
        reply = fetch(self.network, path, "GET", HERE)
        (told,) = json.loads(reply.body)["requests"]
        self.assertEqual((told["kind"], told["status"]), ("pager", 202))
        self.assertEqual([each["iwf"] for each in told["attempts"]], ["SMS"])
        self.assertNotIn(b"5550001", reply.body)
        self.assertNotIn(b"Hello", reply.body)

    def test_a_refusal_is_told_of(self) -> None:
        """A message that nobody takes, and the reason."""
        self.send(content_type="image/png", content=b"PNG")
        reply = fetch(self.network, "/trace", "GET", HERE)
        (told,) = json.loads(reply.body)["requests"]
        self.assertGreaterEqual(told["status"], 400)
        self.assertNotEqual(told["cause"], "")
        self.assertNotEqual(told["section"], "")
