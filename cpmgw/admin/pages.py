"""The pages of an operator's tools: what each answers.

/healthz, /readyz and /metrics are for everybody, /trace, /policy and /reload for those
whom `access` lets pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final, TypeAlias

import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from cpmgw.admin.access import refusal
from cpmgw.admin.health import hindrances, state_of
from cpmgw.admin.metrics import Metrics
from cpmgw.admin.telling import trace_document
from cpmgw.config.changes import Changes
from cpmgw.errors import ConfigError, CpmgwError
from cpmgw.gateway import Gateway
from cpmgw.reloading import ReloadInProgress

Reload: TypeAlias = Callable[[], Deferred[Changes]]

# Requests of the trace in one answer, unless it is said how many, and at the most.
USUAL_REQUESTS: Final = 20
MOST_REQUESTS: Final = 200

_TEXT: Final = "text/plain; charset=utf-8"
_JSON: Final = "application/json"
_PARAMETERS: Final = frozenset({b"call_id", b"limit"})


class Page(Resource):
    """A resource without children that answers GET and HEAD with text."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Answer with the text of the page."""
        if request.postpath:
            request.setResponseCode(404)
            return _plain(request, b"not found\n")
        return self.answer(request)

    def answer(self, request: Request) -> bytes:
        """The text; it sets status and type."""
        return _plain(request, b"ok\n")


class Readiness(Page):
    """200 while the gateway can serve, otherwise 503 and the reasons."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__()
        self._gateway = gateway

    def answer(self, request: Request) -> bytes:
        """One reason a line."""
        reasons = hindrances(state_of(self._gateway))
        if not reasons:
            return _plain(request, b"ready\n")
        request.setResponseCode(503)
        return _plain(request, "".join(f"{each}\n" for each in reasons).encode())


class MetricsPage(Page):
    """The metrics, in the form that the client prefers."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__()
        self._metrics = metrics

    def answer(self, request: Request) -> bytes:
        """The text of all metrics."""
        accept = (request.getHeader(b"accept") or b"").decode("latin-1")
        octets, media_type = self._metrics.exposition(accept)
        return _plain(request, octets, media_type)


class PolicyPage(Page):
    """The policy in force, and the profile that it builds on."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__()
        self._gateway = gateway

    def answer(self, request: Request) -> bytes:
        """Both as JSON, the policy with the keys of [policy]."""
        config = self._gateway.config
        return _json(
            request, {"profile": config.gateway.profile, "policy": config.policy}
        )


class TracePage(Page):
    """The newest requests with what the ISF found: ?call_id=...&limit=..."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__()
        self._gateway = gateway

    def answer(self, request: Request) -> bytes:
        """The requests as JSON; 400 for parameters that there are not."""
        arguments: Mapping[bytes, list[bytes]] = request.args
        limit = _limit(arguments.get(b"limit", [b"%d" % USUAL_REQUESTS]))
        unknown = arguments.keys() - _PARAMETERS
        if unknown or limit is None or len(arguments.get(b"call_id", ())) > 1:
            request.setResponseCode(400)
            return _json(
                request,
                {"error": f"call_id and limit, 1 to {MOST_REQUESTS}, may stand here"},
            )
        (call_id,) = arguments.get(b"call_id", [b""])
        found = self._gateway.trace.newest(call_id.decode("utf-8", "replace"))
        return _plain(request, trace_document(islice(found, limit)), _JSON)


class ReloadPage(Resource):
    """Has the configuration file read again by POST; what came of it as JSON."""

    log = Logger()
    isLeaf = True

    def __init__(self, reload: Reload) -> None:
        super().__init__()
        self._reload = reload

    def render(self, request: Request) -> int | bytes:
        """Answer a POST when it is over, unless nobody waits any more."""
        if request.method != b"POST":
            request.setResponseCode(405)
            request.setHeader("allow", "POST")
            return _plain(request, b"")
        if request.postpath:
            request.setResponseCode(404)
            return _plain(request, b"not found\n")
        gone: list[Failure] = []
        request.notifyFinish().addErrback(gone.append)
        Deferred.fromCoroutine(self._serve(request, gone))
        return NOT_DONE_YET

    async def _serve(self, request: Request, gone: list[Failure]) -> None:
        octets = await self._outcome(request)
        if not gone:
            request.setHeader("content-length", str(len(octets)))
            request.write(octets)
            request.finish()

    async def _outcome(self, request: Request) -> bytes:
        """422 for a faulty file, 409 while one is read, 503 where it cannot be now."""
        try:
            found = await self._reload()
        except ConfigError as error:
            request.setResponseCode(422)
            return _json(request, {"faults": error.faults})
        except ReloadInProgress as error:
            request.setResponseCode(409)
            return _json(request, {"error": str(error)})
        except CpmgwError as error:
            request.setResponseCode(503)
            return _json(request, {"error": str(error)})
        except Exception:
            self.log.failure("the configuration was not read again")
            request.setResponseCode(500)
            return _json(request, {"error": "see the log"})
        told = {
            "changed": found.changed,
            "needs_restart": found.needs_restart,
            "remarks": found.remarks,
        }
        return _json(request, told)


class Guarded(Resource):
    """A page for those who may see it; `token` gives the one to show, or none."""

    isLeaf = True

    def __init__(self, page: Resource, token: Callable[[], str]) -> None:
        super().__init__()
        self._page = page
        self._token = token

    def render(self, request: Request) -> int | bytes:
        """Answer as the page does, or refuse."""
        status = refusal(request, self._token())
        if not status:
            answer: int | bytes = self._page.render(request)
            return answer
        request.setResponseCode(status)
        if status == 401:
            request.setHeader("www-authenticate", 'Bearer realm="cpmgw"')
            return _plain(request, b"show the token of [web]\n")
        return _plain(request, b"for programs on this host; see [web] token\n")


def pages_of(gateway: Gateway, reload: Reload) -> Resource:
    """The pages of a gateway; `reload` has it read its configuration again."""

    def guarded(page: Resource) -> Guarded:
        return Guarded(page, lambda: gateway.config.web.token)

    metrics = Metrics(
        gateway.traffic,
        lambda: state_of(gateway),
        lambda: gateway.directory.counts,
    )
    root = Resource()
    for path, page in (
        (b"healthz", Page()),
        (b"readyz", Readiness(gateway)),
        (b"metrics", MetricsPage(metrics)),
        (b"policy", guarded(PolicyPage(gateway))),
        (b"trace", guarded(TracePage(gateway))),
        (b"reload", guarded(ReloadPage(reload))),
    ):
        root.putChild(path, page)
    return root


def _limit(values: list[bytes]) -> int | None:
    """How many are asked for, None if that is no number, or too high."""
    text = values[0]
    if len(values) > 1 or not text.isdigit() or len(text) > 9:
        return None
    return int(text) if 1 <= int(text) <= MOST_REQUESTS else None


def _json(request: Request, document: object) -> bytes:
    return _plain(request, msgspec.json.encode(document) + b"\n", _JSON)


def _plain(request: Request, octets: bytes, media_type: str = _TEXT) -> bytes:
    request.setHeader("content-type", media_type)
    request.setHeader("cache-control", "no-store")
    return octets
