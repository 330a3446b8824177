"""`python -m cpmgw.lab.demo`: the gateway between the lab's peers, as a ladder.

The gateway runs as a real process, `twistd -n cpmgw`; the SM-SC and the CPM side are in
this one. All of them speak over sockets of 127.0.0.1.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from twisted.internet import stdio
from twisted.internet.defer import Deferred, DeferredList, ensureDeferred
from twisted.internet.task import deferLater, react

from cpmgw.lab.gateway_process import GatewayProcess, Ports, configuration, free_port
from cpmgw.lab.laboratory import Laboratory, LabSettings
from cpmgw.lab.ladder import Ladder, style_for
from cpmgw.lab.outbox import Patience
from cpmgw.lab.prompt import HELP, Prompt
from cpmgw.lab.scenario import Check, Scenario
from cpmgw.sip.errors import SipError

READY_WITHIN: Final = 25.0
ALL_WITHIN: Final = 55.0
ASK_AGAIN: Final = 0.1
LATE: Final = "it took longer than {:.0f} seconds"


class DemoFailed(Exception):
    """The demo could not be shown; the text says why."""


class Demo:
    """One run of the demo: peers, gateway, ladder."""

    def __init__(self, reactor: Any, folder: Path) -> None:
        self._reactor = reactor
        self._folder = folder
        self._ladder = Ladder(
            sys.stdout, style_for(sys.stdout, os.environ), reactor.seconds()
        )
        self._gateway_port = free_port()
        self._cpm_port = free_port()
        self._mm4_port = free_port()
        self._gateway_uri = f"sip:127.0.0.1:{self._gateway_port}"
        self.lab = Laboratory(
            reactor,
            LabSettings(
                sip_port=self._cpm_port,
                smpp_port=0,
                mm4_port=0,
                gateway=self._gateway_uri,
                gateway_mm4=f"127.0.0.1:{self._mm4_port}",
                patience=Patience(retry=1.0),
            ),
        )
        self.gateway = GatewayProcess(folder / "gateway.log")

    async def start(self) -> None:
        """Start the peers and the gateway; returns when they are joined."""
        self.lab.startService()
        ports = Ports(
            gateway=self._gateway_port,
            cpm=self._cpm_port,
            smpp=self.lab.smpp_port,
            msrp=free_port(),
            mmsc=self.lab.relay.port,
            mm4=self._mm4_port,
        )
        config = self._folder / "cpmgw.toml"
        config.write_text(configuration(ports, self._folder))
        self._ladder.say(f"cpmgw starts with {config}")
        self.gateway.start(self._reactor, config)
        await self._ready()
        self._ladder.say(
            f"cpmgw is up: SIP 127.0.0.1:{ports.gateway} (UDP, TCP), "
            f"MSRP 127.0.0.1:{ports.msrp}, MM4 127.0.0.1:{ports.mm4};\n"
            f"bound to the SM-SC at 127.0.0.1:{ports.smpp}; "
            f"the CPM side is 127.0.0.1:{ports.cpm},\n"
            f"the MMS relay 127.0.0.1:{ports.mmsc}"
        )
        self.lab.watch(self._ladder)

    async def _ready(self) -> None:
        """Wait for the bind and for an answer to OPTIONS."""
        end = self._reactor.seconds() + READY_WITHIN
        while self._reactor.seconds() < end:
            if not self.gateway.running:
                raise DemoFailed(f"the gateway ended:\n{self.gateway.last_words}")
            if self.lab.centre.sessions and await self._answers():
                return
            await deferLater(self._reactor, ASK_AGAIN)
        raise DemoFailed(f"the gateway is not ready:\n{self.gateway.last_words}")

    async def _answers(self) -> bool:
        try:
            response = await self.lab.cpm.options(self._gateway_uri)
        except SipError:
            return False
        return response.status < 300

    async def show(self) -> bool:
        """Play the scenario; tells whether all went as it must."""
        scenario = Scenario(self.lab, self._reactor, self.begin, self._checked)
        passed = await scenario.run()
        good = sum(check.passed for check in scenario.checks)
        self._ladder.say("")
        for check in scenario.checks:
            if not check.passed:
                self._checked(check)
        self._ladder.say(
            f"{good} of {len(scenario.checks)} expectations met: SIP answers, texts "
            "and pictures on the screens,\nsegments, reports and refusals "
            + ("are as they must be." if passed else "are NOT as they must be."),
            good=passed,
        )
        return passed

    async def stay(self) -> None:
        """Stay up for a person to play with, until Ctrl-C or `quit`."""
        self._ladder.say("\nThe lab stays up; Ctrl-C ends it.")
        if not sys.stdin.isatty():
            await Deferred[None]()
        self._ladder.say(HELP)
        prompt = Prompt(self.lab, self.begin, self._ladder.say)
        stdio.StandardIO(prompt, reactor=self._reactor)
        os.set_blocking(sys.stdout.fileno(), True)
        await prompt.done

    async def stop(self) -> None:
        """End the gateway, then the peers."""
        await self.gateway.stop(self._reactor)
        await DeferredList([self.lab.stopService()], consumeErrors=True)

    def begin(self, title: str) -> None:
        """Begin a part of the ladder."""
        self._ladder.part(title, self._reactor.seconds())

    def _checked(self, check: Check) -> None:
        mark = "✓" if check.passed else "✗"
        found = f": found {check.found}" if check.found else ""
        self._ladder.say(f"  {mark} {check.text}{found}", good=check.passed)


async def run(reactor: Any, *, once: bool, folder: Path) -> int:
    """Show the demo; gives the exit status."""
    demo = Demo(reactor, folder)
    reactor.addSystemEventTrigger(
        "before", "shutdown", lambda: ensureDeferred(demo.stop())
    )
    try:
        await demo.start()
        passed = await demo.show()
        if not once:
            await demo.stay()
    except DemoFailed as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0 if passed else 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, and run."""
    parser = argparse.ArgumentParser(
        prog="demo", description="Shows a conversation between RCS, SMS and MMS."
    )
    parser.add_argument(
        "--once",
        action="store_true",
        help="exit when it was shown: 0 if all went as it must",
    )
    options = parser.parse_args(arguments)
    # A run that a signal ends has shown nothing: 1, unless the lab was up to stay.
    status = [int(options.once)]
    with (
        tempfile.TemporaryDirectory(prefix="cpmgw-demo-") as name,
        contextlib.suppress(SystemExit),
    ):
        react(_reacting, [options.once, Path(name), status])
    sys.exit(status[0])


def _reacting(
    reactor: Any, once: bool, folder: Path, status: list[int]
) -> Deferred[None]:
    signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(reactor.stop))
    running = Deferred.fromCoroutine(run(reactor, once=once, folder=folder))
    if once:
        running.addTimeout(ALL_WITHIN, reactor, _too_late)
    return running.addCallback(partial(_ended, status))


def _too_late(result: Any, seconds: float) -> int:
    print(f"demo: {LATE.format(seconds)}", file=sys.stderr)
    return 1


def _ended(status: list[int], result: int) -> None:
    status[0] = result


if __name__ == "__main__":
    main()
