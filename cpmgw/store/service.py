"""The store as a service, and the store that a configuration names."""

from __future__ import annotations

from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from cpmgw.errors import ConfigError
from cpmgw.store.address import fault_of, path_of
from cpmgw.store.sqlite import QUEUE, SqliteStore


def make_store(
    url: str, reactor: Any, *, queue: int = QUEUE, bodies: str = ""
) -> SqliteStore:
    """The store at an address ("sqlite:var/cpmgw.sqlite"), not opened yet.

    Large mails are files in the directory `bodies`, beside the store where none is
    said. Raises a ConfigError if no such store exists.
    """
    fault = fault_of(url)
    if fault:
        raise ConfigError((f"gateway.state: {fault}",))
    return SqliteStore(
        path_of(url),
        reactor.callFromThread,
        reactor.seconds,
        bodies=bodies,
        queue=queue,
    )


def open_store(
    url: str, reactor: Any, *, queue: int = QUEUE, bodies: str = ""
) -> SqliteStore:
    """The store at an address, open; raises a ConfigError or a StoreError."""
    store = make_store(url, reactor, queue=queue, bodies=bodies)
    store.open()
    return store


class StoreService(Service):
    """Opens a store at the start and flushes it at the stop.

    The file is opened in the process that runs, not in the one that daemonizes. Start
    it before, and stop it after, whatever uses the store.
    """

    log = Logger()

    def __init__(self, store: SqliteStore) -> None:
        self.store = store

    def startService(self) -> None:
        """Open the store; a StoreError ends the start of the gateway."""
        self.store.open()
        super().startService()
        self.log.info("store open: {path}", path=self.store.path)

    def stopService(self) -> Deferred[None]:
        """Commit what waits; fires when the file is closed."""
        super().stopService()
        return self.store.close()
