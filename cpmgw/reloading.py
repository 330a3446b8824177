"""Reading the configuration again while the gateway runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.config import Config, read
from cpmgw.config.changes import Changes
from cpmgw.errors import ConfigError, CpmgwError


class ReloadInProgress(CpmgwError):
    """The configuration is being read already."""


class Reloader:
    """Has a gateway follow its configuration file; a faulty one changes nothing.

    `path` is the file, `follow` puts what was read in force as far as that can be, and
    `told` is given what is in force then. What came of it is logged.
    """

    log = Logger()

    def __init__(
        self,
        path: str,
        follow: Callable[[Config], Coroutine[Any, Any, Changes]],
        told: Callable[[Config], None],
    ) -> None:
        self._path = path
        self._follow = follow
        self._told = told
        self._is_at_work = False
        self._is_due = False

    def reload(self) -> Deferred[Changes]:
        """Read the file and follow it.

        Fails with ReloadInProgress, with a ConfigError that has all faults, or with
        what else kept the gateway from following (NotRunning, StoreError).
        """
        return Deferred.fromCoroutine(self._reload())

    def hang_up(self) -> None:
        """Reload for someone who waits for no answer, after one that is under way."""
        self._is_due = True
        if not self._is_at_work:
            self.reload().addErrback(self._noted)

    async def _reload(self) -> Changes:
        if self._is_at_work:
            raise ReloadInProgress("the configuration is being read already")
        self._is_at_work, self._is_due = True, False
        try:
            found = await self._followed()
            self._tell(found)
            return found
        except ConfigError as error:
            for fault in error.faults:
                self.log.error("{fault}", fault=fault)
            self.log.error("the configuration stays as it was")
            raise
        except CpmgwError as error:
            self.log.error("the configuration stays as it was: {error}", error=error)
            raise
        finally:
            self._is_at_work = False
            if self._is_due:
                self.hang_up()

    async def _followed(self) -> Changes:
        if os.path.exists(self._path) and not os.path.isfile(self._path):
            raise ConfigError((f"{self._path}: is no regular file",))  # it may not end
        loaded = read(self._path)
        try:
            found = await self._follow(loaded.config)
        except (OSError, ValueError) as error:  # a file that it names is of no use
            raise ConfigError((f"{self._path}: {error}",)) from error
        return msgspec.structs.replace(found, remarks=loaded.remarks)

    def _tell(self, found: Changes) -> None:
        self._told(found.config)
        if not found.changed and not found.needs_restart:
            self.log.info("{path} has not changed", path=self._path)
        if found.changed:
            keys = ", ".join(found.changed)
            self.log.info("{path} in force: {keys}", path=self._path, keys=keys)
        if found.needs_restart:
            keys = ", ".join(found.needs_restart)
            self.log.warn("{path} needs a restart: {keys}", path=self._path, keys=keys)
        for remark in found.remarks:
            self.log.warn("{path}: {remark}", path=self._path, remark=remark)

    def _noted(self, failure: Failure) -> None:
        if not failure.check(CpmgwError):  # those are in the log
            self.log.failure("the configuration was not read again", failure)
