"""Numbers and names by the configuration in force: the dial plan and the directory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IResolver

from cpmgw.addressing.dialplan import DialPlan, plan_of
from cpmgw.addressing.directory import Directory, enum_resolver
from cpmgw.addressing.own import own_names
from cpmgw.addressing.table import StaticTable
from cpmgw.config import Config
from cpmgw.leaving import Leaving
from cpmgw.sip.listening import parse_alias, parse_listen
from cpmgw.sip.uri import parse_uri


class Numbering:
    """What is made of [dial_plan], [[directory]] and [enum], again when they change.

    `config` gives the configuration in force. `reactor` is time and network. A
    directory that has been replaced is `leaving` while it looks something up.
    """

    def __init__(
        self, reactor: Any, config: Callable[[], Config], leaving: Leaving
    ) -> None:
        self._reactor = reactor
        self._config = config
        self._leaving = leaving
        self._made_of = config()
        self._plan = dial_plan_of(self._made_of)
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
        self._plan = dial_plan_of(new)
        if (new.directory, new.enum) != (old.directory, old.enum):
            gone, self._directory = self._directory, self._directory_of(new)
            self._directory.counts = gone.counts
            if gone.busy:
                self._leaving.let_go(gone.close, lambda: gone.busy, old.enum.timeout)
            else:
                gone.close()

    def _directory_of(self, config: Config) -> Directory:
        def make_names() -> IResolver:
            return enum_resolver(self._reactor, config.enum.servers)

        return Directory(
            StaticTable(config.directory), config.enum, make_names, self._reactor
        )


def dial_plan_of(config: Config) -> DialPlan:
    """How the gateway of a configuration reads and writes numbers."""
    gateway, sip = config.gateway, config.sip
    address = parse_uri(config.iwf_address)
    aliases = [parse_alias(each)[0] for each in sip.aliases]
    bound = [parse_listen(each).interface for each in sip.listen]
    hosts = (gateway.domain, sip.host, *aliases, *bound)
    return plan_of(
        config.dial_plan,
        gateway.domain,
        gateway.country,
        own=own_names(hosts, address),
        originators=config.policy.selection.originators,
    )
