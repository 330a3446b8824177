"""The mail of a gateway: where it comes in, and what of it is under way ([mm4])."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import gatherResults, maybeDeferred
from twisted.logger import Logger

from cpmgw.bodies.errors import NoRoom
from cpmgw.bodies.spool import Body, Spool
from cpmgw.config import Config, Mm4Config, MmscConfig
from cpmgw.connections import mail_server_settings, mail_storage
from cpmgw.smtp.interfaces import IMailHandler
from cpmgw.smtp.listener import MailPort

# Below [mm4] spool: the content of mail that was acknowledged, which the store has.
_KEPT: Final = "kept"


def kept_bodies(mm4: Mm4Config) -> str:
    """Where the content of acknowledged mail is: it outlives the process."""
    return str(Path(mm4.spool) / _KEPT)


class Mail:
    """The ports that mail comes in by, and the room that all mail shares.

    `now` gives seconds since 1970.
    """

    log = Logger()

    def __init__(self, reactor: Any, config: Config, now: Callable[[], float]) -> None:
        self._reactor = reactor
        self._now = now
        self._gone: dict[str, MmscConfig] = {}
        self._limits = mail_storage(config.mm4)
        self._ports: list[tuple[Mm4Config, MailPort]] = []
        self.spool = Spool(config.mm4.spool, self._limits, self._trouble)

    @property
    def addresses(self) -> list[tuple[str, str, int]]:
        """What is bound: transport, host, port."""
        return [each for _, port in self._ports for each in port.addresses]

    @property
    def ports(self) -> int:
        """How many ports there are to be."""
        return len(self._ports)

    @property
    def stored(self) -> int:
        """Octets of the mail that is under way."""
        return self.spool.used

    def receive(self, mm4: Mm4Config, config: Config, handler: IMailHandler) -> None:
        """Have the mail of a port go to a handler, once it is open."""
        settings = mail_server_settings(mm4, config)
        port = MailPort(self._reactor, settings, handler, self.spool, self._now)
        self._ports.append((mm4, port))

    def compose(self, size: int = 0) -> Body:
        """An empty body for a mail of about so many octets; NoRoom if there is none."""
        if self.spool.used + size > self._limits.storage:
            raise NoRoom("too much mail is stored")
        return self.spool.body()

    def start(self) -> None:
        """Remove what processes that are no more have left."""
        self.spool.sweep()

    async def open(self) -> None:
        """Let mail come in; fails where a port cannot be had."""
        for _, port in self._ports:
            await maybeDeferred(port.startService)

    def follow(self, old: Config, config: Config) -> None:
        """Let mail come from the networks of these relays.

        Those of relays that are gone may go on: reports come days after a message.
        """
        self._gone |= {each.name: each for each in old.mmsc}
        for each in config.mmsc:
            self._gone.pop(each.name, None)
        gone = tuple(self._gone.values())
        for mm4, port in self._ports:
            port.update(mail_server_settings(mm4, config, gone))

    async def close(self) -> None:
        """Let none come in any more, once what is in hand has been answered."""
        running = [port for _, port in self._ports if port.running]
        await gatherResults([maybeDeferred(each.stopService) for each in running])

    def end(self) -> None:
        """Nothing of it is needed any more."""
        self.spool.close()

    def _trouble(self, error: OSError) -> None:
        self.log.error("a body of a mail is not removed: {error}", error=error)
