"""Numbers and names by the configuration in force: the dial plan and the directory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IResolver

from cpmgw.addressing.dialplan import DialPlan, plan_of
from cpmgw.addressing.directory import Directory, enum_resolver
from cpmgw.addressing.table import StaticTable
from cpmgw.config import Config


class Numbering:
    """What is made of [dial_plan], [[directory]] and [enum], again when they change.

    `config` gives the configuration in force. `reactor` is time and network.
    """

    def __init__(self, reactor: Any, config: Callable[[], Config]) -> None:
        self._reactor = reactor
        self._config = config
        self._made_of = config()
        self._plan = _plan_of(self._made_of)
        self._directory = self._directory_of(self._made_of)

    @property
    def plan(self) -> DialPlan:
        """How numbers are read and written."""
        self._follow()
        return self._plan

    @property
    def directory(self) -> Directory:
        """Where SIP URIs of numbers are looked up; what it counted goes on."""
        self._follow()
        return self._directory

    def close(self) -> None:
        """Give up what is being looked up."""
        self._directory.close()

    def _follow(self) -> None:
        old, new = self._made_of, self._config()
        if new is old:
            return
        self._made_of = new
        self._plan = _plan_of(new)
        if (new.directory, new.enum) != (old.directory, old.enum):
            self._directory.close()
            renewed = self._directory_of(new)
            renewed.counts.update(self._directory.counts)
            self._directory = renewed

    def _directory_of(self, config: Config) -> Directory:
        def make_names() -> IResolver:
            return enum_resolver(self._reactor, config.enum.servers)

        return Directory(
            StaticTable(config.directory), config.enum, make_names, self._reactor
        )


def _plan_of(config: Config) -> DialPlan:
    gateway = config.gateway
    return plan_of(config.dial_plan, gateway.domain, gateway.country)
