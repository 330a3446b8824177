"""The links to the other networks: they come, change and go with the configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, TypeVar

from twisted.internet.defer import gatherResults, maybeDeferred
from twisted.logger import Logger
from zope.interface import classImplements

from cpmgw.config import Config, MmscConfig, SmscConfig
from cpmgw.connections import client_options, relay_settings, smsc_binds, smsc_tls
from cpmgw.interfaces import ISmsCentre
from cpmgw.leaving import Leaving
from cpmgw.smtp.interfaces import IMailRelay
from cpmgw.smtp.pool import MailRelay
from txsmpp.client import EsmeClient
from txsmpp.interfaces import IEsmeHandler
from txsmpp.tls import endpoint_for

classImplements(EsmeClient, ISmsCentre)

Link = TypeVar("Link", EsmeClient, MailRelay)
Known = TypeVar("Known", SmscConfig, MmscConfig)

# What is answered before a mail: connection, EHLO, STARTTLS, EHLO, AUTH, MAIL, RCPT.
_COMMANDS: Final = 7


class Links:
    """The links to SM-SCs and to MMS relays.

    What is replaced or removed while it is at work is left to `leaving`.
    """

    log = Logger()

    def __init__(self, reactor: Any, leaving: Leaving) -> None:
        self.centres: list[EsmeClient] = []
        self.relays: list[MailRelay] = []
        self._reactor = reactor
        self._leaving = leaving

    def centre(self, config: SmscConfig, listener: IEsmeHandler) -> ISmsCentre:
        """Make the link to an SM-SC; what it sends goes to the listener."""
        with said_of(f"smsc[{config.name}].tls"):
            endpoint = endpoint_for(
                self._reactor, config.host, config.port, smsc_tls(config.tls)
            )
        client = EsmeClient(
            self._reactor,
            config.name,
            endpoint,
            smsc_binds(config),
            client_options(config),
            listener,
        )
        self.centres.append(client)
        return client

    def relay(self, relay: MmscConfig, config: Config) -> IMailRelay:
        """Make the link to an MMS relay."""
        with said_of(f"mmsc[{relay.name}].tls"):
            link = MailRelay(self._reactor, relay.name, relay_settings(relay, config))
        self.relays.append(link)
        return link

    @contextmanager
    def all_or_none(self) -> Iterator[None]:
        """Forget the links that were made within, where that fails."""
        before = list(self.centres), list(self.relays)
        try:
            yield
        except BaseException:
            self.centres, self.relays = before
            raise

    def start(self) -> None:
        """Start those that there are."""
        for link in (*self.centres, *self.relays):
            link.startService()

    def follow(self, old: Config, config: Config) -> None:
        """Start links that are new, let go of others, make more or fewer binds."""
        known = {each.name: each for each in old.smsc}
        wanted = {each.name: each for each in config.smsc}
        for centre in self._kept(self.centres, known, wanted, _longest_submission):
            name = str(centre.name)
            if smsc_binds(wanted[name]) != smsc_binds(known[name]):
                centre.change_binds(smsc_binds(wanted[name])).addErrback(
                    lambda failure: self.log.failure("binds do not leave", failure)
                )
        self._kept(
            self.relays,
            {each.name: each for each in old.mmsc},
            {each.name: each for each in config.mmsc},
            _longest_mail,
        )

    async def stop(self) -> None:
        """Stop them all."""
        links = [each for each in (*self.centres, *self.relays) if each.running]
        await gatherResults([maybeDeferred(each.stopService) for each in links])

    def _kept(
        self,
        links: list[Link],
        known: Mapping[str, Known],
        wanted: Mapping[str, Known],
        longest: Callable[[Known], float],
    ) -> Sequence[Link]:
        """Those that were there and stay; new ones are started, others let go of."""
        kept = []
        for link in list(links):
            name = str(link.name)
            if not link.running:
                link.startService()
            elif name in wanted:
                kept.append(link)
            else:
                links.remove(link)
                self._leaving.let_go(
                    link.stopService, partial(_is_at_work, link), longest(known[name])
                )
        return kept


@contextmanager
def said_of(key: str) -> Iterator[None]:
    """Name the key whose file is of no use."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise ValueError(f"{key}: {error}") from error


def _is_at_work(link: EsmeClient | MailRelay) -> bool:
    """Whether anything is open, of ours there or of theirs here."""
    if isinstance(link, EsmeClient):
        return bool(link.waiting or link.in_flight or link.owed)
    return bool(link.waiting)


def _longest_submission(config: SmscConfig) -> float:
    """How long a submission may take in all, or an answer of ours, in seconds."""
    submission = config.queue_time + config.throttle_limit + config.response_timeout
    return max(submission, config.answer_timeout)


def _longest_mail(config: MmscConfig) -> float:
    """How long a mail may take in all that does not stand still, in seconds."""
    commands = _COMMANDS * config.command_timeout
    content = config.data_timeout + config.end_timeout
    return config.queue_time + config.connect_timeout + commands + content
