"""Postfix as the mail relay that MM4 goes by: between two MMS relays, or to one."""

from __future__ import annotations

import os
import pwd
import shutil
import smtplib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from tests.live.case import LiveTestCase, Need, command, free_port, program
from tests.live.process import Process, ProcessFailed
from tests.live.reactor import reactor

MASTER: Final = Path("/usr/lib/postfix/sbin/master")
MAIL_USER: Final = "postfix"
HOST: Final = "relay.test"
PATIENCE: Final = 10.0
"""Seconds until it greets."""

QUEUES: Final = (
    *("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold"),
    *("incoming", "private", "saved", "trace"),
)
SETTINGS: Final[Mapping[str, str]] = {
    "compatibility_level": "3.6",
    "myhostname": HOST,
    "mydestination": "",
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4",
    "mynetworks": "127.0.0.0/8",
    "alias_maps": "",
    "alias_database": "",
    "local_recipient_maps": "",
    "local_header_rewrite_clients": "",
    "disable_dns_lookups": "yes",
    "smtp_host_lookup": "native",
    "smtpd_relay_restrictions": "permit_mynetworks, reject",
    "minimal_backoff_time": "1s",
    "maximal_backoff_time": "2s",
    "queue_run_delay": "1s",
}
SERVICES: Final = """\
cleanup  unix n - n - 0 cleanup
qmgr     unix n - n 300 1 qmgr
tlsmgr   unix - - n 1000? 1 tlsmgr
rewrite  unix - - n - - trivial-rewrite
bounce   unix - - n - 0 bounce
defer    unix - - n - 0 bounce
trace    unix - - n - 0 bounce
verify   unix - - n - 1 verify
flush    unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp     unix - - n - - smtp
error    unix - - n - - error
retry    unix - - n - - error
anvil    unix - - n - 1 anvil
scache   unix - - n - 1 scache
postlog  unix-dgram n - n - 1 postlogd
"""


def _root() -> str:
    return "" if os.geteuid() == 0 else "Postfix needs root"


def _master() -> str:
    return "" if MASTER.is_file() else f"{MASTER} (Debian: postfix) is not installed"


NEEDS: Final[tuple[Need, ...]] = (command("postfix", "postfix"), _master, _root)


class Postfix(msgspec.Struct):
    """A Postfix that runs: where it listens, its log, and its queues."""

    port: int
    process: Process
    log: Path
    queue: Path

    def logged(self, wanted: str) -> bool:
        """Whether its log has something."""
        return self.log.exists() and wanted in self.log.read_text()

    def holds(self, wanted: str) -> bool:
        """Whether it has a mail yet with this in it."""
        return any(
            wanted.encode() in path.read_bytes()
            for name in ("incoming", "active", "deferred")
            for path in (self.queue / name).rglob("*")
            if path.is_file()
        )


async def start_postfix(
    case: LiveTestCase, routes: Mapping[str, int], **settings: str
) -> Postfix:
    """Start it; mail for each domain goes to a port of this host.

    `settings` are further ones of its main.cf. What it bounces comes by `routes` too.
    """
    port = free_port()
    folder = _folder(case)
    log = folder / "mail.log"
    etc = _make(folder)
    hops = ", ".join(
        f"{{ {name} = smtp:[127.0.0.1]:{hop} }}" for name, hop in routes.items()
    )
    values = {
        **SETTINGS,
        "queue_directory": str(folder / "queue"),
        "data_directory": str(folder / "data"),
        "maillog_file": str(log),
        "maillog_file_prefixes": str(folder),
        "relay_domains": ", ".join(routes),
        "transport_maps": f"inline:{{ {hops} }}",
        **settings,
    }
    lines = [f"{name} = {value}" for name, value in values.items()]
    main = etc / "main.cf"
    main.write_text("\n".join([*lines, ""]))
    os.utime(main, (0, 0))  # it waits until nobody can be writing it any more
    listen = f"127.0.0.1:{port} inet n - n - - smtpd\n"
    (etc / "master.cf").write_text(listen + SERVICES)
    process = case.process(
        "postfix",
        [program("setsid") or "", MASTER, "-d", "-c", etc],  # it ends its own group
        environment={"MAIL_CONFIG": str(etc)},
    )
    await _greeting(process, port)
    return Postfix(port, process, log, folder / "queue")


def _folder(case: LiveTestCase) -> Path:
    """A folder that its own user may enter, as the test's may be for root alone.

    It goes when the test is over; its log is kept with the test's.
    """
    folder = Path(tempfile.mkdtemp(prefix="cpmgw-postfix-"))
    folder.chmod(0o755)

    def remove() -> None:
        log = folder / "mail.log"
        if log.exists():
            shutil.copy(log, case.folder / f"{folder.name}.log")
        shutil.rmtree(folder, ignore_errors=True)

    case.addCleanup(remove)
    return folder


def _make(folder: Path) -> Path:
    """Make the directories it expects, with their owners; gives its etc."""
    owner = pwd.getpwnam(MAIL_USER).pw_uid
    etc, queue = folder / "etc", folder / "queue"
    etc.mkdir(parents=True)
    for each in (folder / "data", *(queue / name for name in (*QUEUES, "public"))):
        each.mkdir(0o700, parents=True)
        os.chown(each, owner, -1)
    for name in ("maildrop", "pid"):
        (queue / name).mkdir()
    shutil.chown(queue / "maildrop", owner)
    return etc


async def _greeting(process: Process, port: int) -> None:
    end = reactor.seconds() + PATIENCE
    while process.status is None and reactor.seconds() < end:
        greeted: Deferred[bool] = deferToThread(_greets, port)
        if await greeted:
            return
        await deferLater(reactor, 0.1)
    raise ProcessFailed(f"Postfix does not greet: {process.tail}")


def _greets(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, HOST, PATIENCE) as client:
            return client.noop()[0] == 250
    except OSError:
        return False
