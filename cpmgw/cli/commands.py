"""The command line: `cpmgw check` and `cpmgw explain`.

Neither starts or asks anything: they read the configuration, and a request.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from io import StringIO
from typing import Any, BinaryIO, NoReturn, TypedDict, Unpack

import click

from cpmgw.cli.asking import Asked, NoRequest, Wanted, composed, read_from
from cpmgw.cli.document import json_of
from cpmgw.cli.explaining import Explanation, Supposed, explain, supposed_preference
from cpmgw.cli.parameters import media_type, uri
from cpmgw.cli.services import Iwf, iwfs_of
from cpmgw.cli.showing import show
from cpmgw.config import Config, Loaded, read
from cpmgw.errors import ConfigError
from cpmgw.iwf.capabilities import Kind
from cpmgw.sip.uri import Uri

Ask = Callable[[Config], Asked]

# What a command ends with: no service is chosen, or it could not be asked.
REFUSED = 1
MISUSED = 2


class Commands(click.Group):
    """Commands whose output has to get somewhere, else there is no answer."""

    def main(self, *args: Any, **more: Any) -> Any:
        """Run one, and end the process."""
        try:
            return super().main(*args, **more)
        except OSError as error:
            sys.stdout = StringIO()  # what is left there would fail again at the end
            click.echo(f"the output cannot be written: {error.strerror}", err=True)
            sys.exit(MISUSED)


@click.group(cls=Commands)
def main() -> None:
    """Look into the CPM interworking gateway of a configuration without starting it."""


# -- check -----------------------------------------------------------------------------


@main.command()
@click.argument("file", type=click.Path())
def check(file: str) -> None:
    """Name each fault of a configuration.

    The exit status is 1 if FILE has any, as of twistd cpmgw --check.
    """
    for remark in _loaded(file, status=1).remarks:
        click.echo(f"{file}: {remark}", err=True)
    click.echo(f"{file}: no faults")


def _loaded(path: str, status: int) -> Loaded:
    """The configuration; with faults they are named, and that is the end."""
    try:
        return read(path)
    except ConfigError as error:
        for fault in error.faults:
            click.echo(fault, err=True)
        count = len(error.faults)
        click.echo(f"{path}: {count} fault{'s' if count > 1 else ''}", err=True)
        sys.exit(status)


# -- explain ---------------------------------------------------------------------------


class Told(TypedDict):
    """What the options tell of a request; None and () where they do not."""

    sender: Uri | None
    target: Uri | None
    feature: str | None
    content_types: tuple[str, ...]
    size: int | None
    streams: int | None
    nccsid: str | None


@main.command("explain")
@click.option(
    "--config",
    "path",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    required=True,
    help="The configuration of the gateway.",
)
@click.option(
    "--request",
    "file",
    type=click.File("rb"),
    metavar="FILE",
    help='A SIP MESSAGE or INVITE as it comes; "-" is the standard input.',
)
@click.option(
    "--from",
    "sender",
    type=uri,
    metavar="URI",
    help="Who sends it: a URI, or a number that begins with +.",
)
@click.option(
    "--to", "target", type=uri, metavar="URI", help="Who it is for, likewise."
)
@click.option(
    "--feature",
    type=click.Choice([each.value for each in Kind]),
    help="What is sent; pager if it is not said.",
)
@click.option(
    "--content-type",
    "content_types",
    type=media_type,
    metavar="TYPE",
    multiple=True,
    help="A media type in it, or offered by it; may be repeated.",
)
@click.option(
    "--size", type=click.IntRange(min=0), metavar="OCTETS", help="How large it is."
)
@click.option(
    "--streams", type=click.IntRange(min=1), metavar="N", help="Its media streams."
)
@click.option(
    "--nccsid", metavar="NAME", help="The service that the destination names."
)
@click.option(
    "--prefers",
    multiple=True,
    metavar="SERVICE",
    help="What the target user prefers, the best first; may be repeated.",
)
@click.option(
    "--preferences-unavailable",
    "fault",
    metavar="WORD",
    help="Why the XDMS does not answer.",
)
@click.option(
    "--tried",
    multiple=True,
    metavar="IWF",
    help="An IWF that has answered with an error; may be repeated.",
)
@click.option(
    "--network",
    type=click.Choice(["terminating", "originating"]),
    help="The network that interworks, whatever request and policy say.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def explain_command(
    *,
    path: str,
    file: BinaryIO | None,
    prefers: tuple[str, ...],
    fault: str | None,
    tried: tuple[str, ...],
    network: str | None,
    as_json: bool,
    **told: Unpack[Told],
) -> None:
    """Tell which service the gateway chooses for a request, and why (TS 5.1).

    The request is that of --request, or one made of --from, --to and what follows.
    The exit status is 0 where a service is chosen and 1 where the request is refused.
    """
    if prefers and fault:
        raise click.UsageError(
            "--prefers and --preferences-unavailable exclude each other"
        )
    ask = _from_options(told) if file is None else _from_file(file, told)
    config = _loaded(path, status=MISUSED).config
    iwfs = iwfs_of(config)
    _remark_upon(prefers, iwfs)
    supposed = Supposed(
        preference=supposed_preference(prefers, fault or ""),
        tried=_names(tried, iwfs),
        network=network or "",
    )
    explanation = explain(partial(ask, config), iwfs, config, supposed)
    _print(explanation, config, as_json=as_json)
    chosen = explanation.outlook is not None and not explanation.unreached
    sys.exit(0 if chosen else REFUSED)


def _print(explanation: Explanation, config: Config, *, as_json: bool) -> None:
    if as_json:
        click.echo(json_of(explanation))
    else:
        show(explanation, config.gateway.domain, sys.stdout)


def _from_file(file: BinaryIO, told: Told) -> Ask:
    """What reads the request in a file; whoever has one has told all of it."""
    if any(value not in (None, ()) for value in told.values()):
        raise click.UsageError("beside --request nothing else is told of the request")

    def ask(config: Config) -> Asked:
        try:
            return read_from(file, config, time.time())
        except (NoRequest, OSError) as error:
            raise click.BadParameter(str(error), param_hint="--request") from error

    return ask


def _from_options(told: Told) -> Ask:
    """What makes the request that the options tell of."""
    sender, target = told["sender"], told["target"]
    if sender is None or target is None:
        raise click.UsageError("--request is missing, or --from and --to are")
    wanted = Wanted(
        sender=sender,
        target=target,
        kind=Kind(told["feature"] or Kind.PAGER),
        content_types=told["content_types"],
        size=told["size"],
        streams=told["streams"] or 1,
        nccsid=told["nccsid"] or "",
    )
    return partial(composed, wanted)


def _remark_upon(prefers: tuple[str, ...], iwfs: tuple[Iwf, ...]) -> None:
    """Users may prefer what is not there; on the command line it may be misspelt."""
    known = {each.capabilities.service.lower() for each in iwfs}
    for name in prefers:
        if name.lower() not in known:
            click.echo(f"--prefers {name}: no IWF has this service", err=True)


def _names(tried: tuple[str, ...], iwfs: tuple[Iwf, ...]) -> tuple[str, ...]:
    """The names of IWFs that there are; anything else is a mistake."""
    known = [each.name for each in iwfs]
    for name in tried:
        if name not in known:
            _unknown(name, known)
    return tried


def _unknown(name: str, known: list[str]) -> NoReturn:
    listed = ", ".join(known) or "none"
    raise click.BadParameter(
        f"there is no IWF {name!r}, but {listed}", param_hint="--tried"
    )
