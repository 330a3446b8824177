"""What `cpmgw explain` says is what the ISF does (TS 5.1)."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.defer import Deferred

from cpmgw.cli.services import iwfs_of
from cpmgw.config import Config, loads
from cpmgw.isf.function import SelectionFunction
from cpmgw.isf.iw_numbers import InterworkingNumbers
from cpmgw.isf.route_tokens import RouteTokens
from cpmgw.numbering import dial_plan_of
from cpmgw.sip.content import inflated_body
from cpmgw.sip.message import Request, Response
from cpmgw.sip.parser import parse_datagram
from cpmgw.trace import Entry, Trace
from cpmgw.traffic import Traffic
from tests.cli.case import (
    ALL,
    SMS_ONLY,
    CommandCase,
    file_transfer,
    invite,
    large_message,
    message,
    profile,
)
from tests.isf.services import Iwf, incoming_of

NOW: Final = 1_760_000_000.0
NO_STORE: Any = None
NO_TAG: Final = frozenset({"Accept-Contact"})

CONFIGURATIONS: Final = {
    "oma": ALL,
    "rcs": profile("rcs"),
    "SMS alone": SMS_ONLY,
    "mail first": ALL
    + '[policy.selection.services]\npager = ["email", "MMS"]\nsession = ["email"]\n',
    "untagged": ALL + "[policy]\nuntagged_as_pager = true\n",
    "the other network": ALL
    + '[policy.selection]\nnetwork = "originating"\noriginating = ["pager"]\n',
    "short numbers": ALL + '[dial_plan]\nshort_numbers = ["2255"]\n',
    "another user": ALL
    + '[[policy.selection.targets]]\nprefix = "+1514"\nservices = ["MMS"]\n',
}
REQUESTS: Final = {
    "text": message(),
    "long text": message(text="x" * 600),
    "a picture": message(content_type="image/png", content=b"\x89PNG"),
    "HTML": message(content_type="text/html", content=b"<p>Hello</p>"),
    "no text": message(content_type="text/plain", content=b"\xff"),
    "no feature": message(without=NO_TAG),
    "no number": message(asserted="sip:alice@example.net"),
    "a short number": message(recipient="tel:2255;phone-context=ims.example.net"),
    "for help": message(recipient="tel:911;phone-context=ims.example.net"),
    "a mailbox": message(recipient="sip:bob@example.net"),
    "MMS by name": message(recipient="tel:+15145550002;nccsid=MMS"),
    "a notification": message(content_type="message/imdn+xml", content=b"<imdn/>"),
    "no CPIM": message(body=b"no CPIM"),
    "another coding": message(headers=(("Content-Encoding", "x"),)),
    "a session": invite(),
    "a group": invite(more=("Contact: <sip:g@example.net>;isfocus",)),
    "a large message": large_message(),
    "a file": file_transfer(),
    "no offer": invite().replace(b"application/sdp", b"text/plain"),
}


class NoProxy:
    """What the ISF needs of a proxy in front of IWFs that are in this process."""

    def readable(self, request: Request) -> Request:
        """Without its Content-Encoding."""
        body = inflated_body(request, 196_608)
        headers = request.headers.without("Content-Encoding")
        return request.replace(headers=headers, body=body)

    def with_record_route(
        self, _: Any, __: Any, response: Response, ___: Any
    ) -> Response:
        """The same."""
        return response


class Agreement(CommandCase):
    def handled(self, octets: bytes, config: Config) -> tuple[Entry, list[str]]:
        """What the ISF has in its trace, and the IWFs that it gave the request to."""
        iwfs = [Iwf(each.capabilities, 200) for each in iwfs_of(config)]
        trace = Trace(1)
        proxy: Any = NoProxy()
        function = SelectionFunction(
            iwfs,
            proxy,
            RouteTokens(),
            policy=lambda: config.policy,
            plan=lambda: dial_plan_of(config),
            domain=config.gateway.domain,
            now=lambda: NOW,
            traffic=Traffic(),
            trace=trace,
            numbers=InterworkingNumbers(NO_STORE, (), lambda: NOW, 5),
        )
        request = parse_datagram(octets, config.sip.limits)
        assert isinstance(request, Request)
        serve = function.message if request.method == "MESSAGE" else function.invite
        answer = serve(incoming_of(request), ("",))
        self.successResultOf(Deferred.fromCoroutine(answer))
        taken = [each.capabilities.name for each in iwfs if each.taken]
        return next(trace.newest()), taken

    def test_agreement(self) -> None:
        """It names the IWF that gets the request, or the refusal that is the answer."""
        for name, text in CONFIGURATIONS.items():
            config = loads(text, {})
            for what, octets in REQUESTS.items():
                with self.subTest(f"{name}: {what}"):
                    entry, taken = self.handled(octets, config)
                    path = self.written(octets)
                    document = self.document("--request", path, config=text)
                    chosen = document["chosen"]
                    self.assertEqual([chosen] if chosen else [], taken)
                    told = document["refusal"] or {
                        "status": 200,
                        "cause": "",
                        "section": "",
                        "warning": "",
                    }
                    for key in ("status", "cause", "section", "warning"):
                        self.assertEqual(told[key], getattr(entry, key), key)
                    found = [
                        (step["step"], each["iwf"], each["text"])
                        for step in document["steps"]
                        for each in step["findings"]
                    ]
                    self.assertCountEqual(
                        found, [(e.step, e.iwf, e.text) for e in entry.findings]
                    )

    def test_the_table_is_not_one_sided(self) -> None:
        """Some of these requests are taken by each IWF, and some refused."""
        config = loads(ALL, {})
        taken = [self.handled(octets, config)[1] for octets in REQUESTS.values()]
        for expected in (["SMS"], ["mms-1"], ["mail"], []):
            self.assertIn(expected, taken)
