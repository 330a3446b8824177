"""What a new configuration changes, and how much of it a running gateway can follow.

Keys that wait for a restart keep their value in the configuration in force, so that all
of the process goes by the same one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from cpmgw.config.checks import RULES
from cpmgw.config.sections import Config

# What takes effect at once, by the path of the key or of the table around it.
AT_ONCE: Final = frozenset(
    {
        "policy",
        "iwf",
        "number_pool",
        "xdms",
        "dial_plan",
        "directory",
        "enum",
        "log",
        "gateway.profile",
        "gateway.country",
        "sip.trusted",
        "sip.users",
        "sip.credentials",
        "web.token",
        "web.token_file",
        "limits.trace",
        "smsc.binds",
        "smsc.prefixes",
        "smsc.protocol_id",
        "smsc.messaging_mode",
        "smsc.patience",
        "smsc.response_id",
        "smsc.receipt_id",
        "smsc.unknown_ton",
        "smsc.text",
        "mmsc.prefixes",
        "mmsc.peers",
        "mmsc.max_size",
        "mmsc.response_timeout",
        "mmsc.no_response",
        "mmsc.responses_to",
        "mmsc.media",
        "adaptation",
    }
)

# What a process is built with.
AT_A_RESTART: Final = frozenset(
    {
        "gateway.domain",
        "gateway.state",
        "sip.listen",
        "sip.host",
        "sip.aliases",
        "sip.next_hop",
        "sip.address",
        "sip.participating_function",
        "sip.transactions",
        "sip.pending",
        "sip.pending_octets",
        "sip.ringing",
        "sip.handler_timeout",
        "sip.session_expires",
        "sip.min_se",
        "sip.drain",
        "sip.addresses",
        "sip.shun",
        "sip.datagram",
        "sip.realm",
        "sip.limits",
        "sip.timing",
        "sip.connection",
        "msrp",
        "smsc.name",
        "smsc.host",
        "smsc.port",
        "smsc.system_id",
        "smsc.password",
        "smsc.password_file",
        "smsc.system_type",
        "smsc.bind",
        "smsc.interface_version",
        "smsc.addr_ton",
        "smsc.addr_npi",
        "smsc.address_range",
        "smsc.window",
        "smsc.queue",
        "smsc.queue_time",
        "smsc.rate",
        "smsc.response_timeout",
        "smsc.throttle_initial",
        "smsc.throttle_maximum",
        "smsc.throttle_limit",
        "smsc.backoff_initial",
        "smsc.backoff_maximum",
        "smsc.refused_delay",
        "smsc.bind_timeout",
        "smsc.unbind_timeout",
        "smsc.enquire_link",
        "smsc.inactivity",
        "smsc.answer_timeout",
        "smsc.peer_window",
        "smsc.max_pdu",
        "smsc.tls",
        "mmsc.name",
        "mmsc.host",
        "mmsc.port",
        "mmsc.domain",
        "mmsc.username",
        "mmsc.password",
        "mmsc.password_file",
        "mmsc.connections",
        "mmsc.mails_per_connection",
        "mmsc.queue",
        "mmsc.queue_octets",
        "mmsc.queue_time",
        "mmsc.connect_timeout",
        "mmsc.command_timeout",
        "mmsc.data_timeout",
        "mmsc.end_timeout",
        "mmsc.idle_timeout",
        "mmsc.backoff_initial",
        "mmsc.backoff_maximum",
        "mmsc.tls",
        "mm4",
        "web.listen",
        "limits.answers",
        "limits.store_queue",
    }
)

# Lists whose tables are known by their names.
_NAMED: Final = frozenset({"smsc", "mmsc", "iwf", "number_pool"})
# Lists that a service of this process is of: it comes and goes with the first of them.
_SERVED: Final = ("smsc", "mmsc")

# Where a value is, "smsc[home].window", and the key that it is of, "smsc.window".
_Place = tuple[str, str]


class Changes(msgspec.Struct, frozen=True):
    """What came of a new configuration: paths of keys, such as "smsc[home].window".

    `config` is the one in force from now on; `changed` has taken effect in it,
    `needs_restart` has not. `remarks` are upon keys that have no effect at all.
    """

    config: Config
    changed: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def changes(old: Config, new: Config) -> Changes:
    """Compare the configuration in force with the one that a file now has."""
    wanted = [(path, _is_at_once(key)) for path, key in _differences(old, new)]
    held = {path for path, at_once in wanted if not at_once}

    def hold(section: str) -> None:
        held.update([path for path, _ in wanted if _is_in(path, section)])

    merged = _followed(old, new, "")
    for section in _SERVED:
        if bool(getattr(old, section)) != bool(getattr(new, section)):
            hold(section)
        else:
            merged = _with(merged, section, _tables(section, old, new))
    # What fits beside a key that waits may not fit beside its value of now.
    for section in _at_odds(merged):
        hold(section)
        merged = _with(merged, section, getattr(old, section))
    return Changes(
        merged,
        tuple([path for path, _ in wanted if path not in held]),
        tuple([path for path, _ in wanted if path in held]),
    )


def _at_odds(merged: Config) -> Iterator[str]:
    """The lists that cannot be in force beside what waits for a restart.

    An [[iwf]] goes with the lists of its own configuration, not with those of another;
    an answer of a relay has to come in the time that SIP has. With what else does not
    fit together less is taken until then, and no more.
    """
    keys = [key for key, _ in RULES.tables[Config](merged)]
    if any(key in ("smsc", "iwf") for key in keys):
        yield "iwf"
    if any(key.endswith(".response_timeout") for key in keys):
        yield "mmsc"


def _is_at_once(key: str) -> bool:
    """Whether a key, or a table that it is in, takes effect at once."""
    parts = key.split(".")
    return any(".".join(parts[: n + 1]) in AT_ONCE for n in range(len(parts))) or (
        key in _NAMED  # a table more or less, or another order
    )


def _is_in(path: str, section: str) -> bool:
    return path == section or path.startswith((f"{section}[", f"{section}."))


# -- what differs ----------------------------------------------------------------------


def _differences(old: Any, new: Any, path: str = "", key: str = "") -> Iterator[_Place]:
    """The path and the key of each value that is not the same in two structs."""
    for field in msgspec.structs.fields(type(new)):
        name = field.encode_name
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before == after:
            continue
        at, of = _join(path, name), _join(key, name)
        if of in _NAMED:
            yield from _of_tables(before, after, at, of)
        elif isinstance(after, msgspec.Struct):
            yield from _differences(before, after, at, of)
        else:
            yield at, of


def _of_tables(
    before: Sequence[Any], after: Sequence[Any], path: str, key: str
) -> Iterator[_Place]:
    """What differs in a list of tables: those that are gone and new, then the keys."""
    old = {each.name: each for each in before}
    new = {each.name: each for each in after}
    for name in [*old, *(name for name in new if name not in old)]:
        at = f"{path}[{name}]"
        if name not in old or name not in new:
            yield at, key
        elif old[name] != new[name]:
            yield from _differences(old[name], new[name], at, key)
    if [name for name in old if name in new] != [name for name in new if name in old]:
        yield path, key


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


# -- the configuration in force --------------------------------------------------------


def _with(config: Config, section: str, value: Any) -> Config:
    made: Config = msgspec.structs.replace(config, **{section: value})
    return made


def _tables(section: str, old: Config, new: Config) -> tuple[Any, ...]:
    """Those of the new configuration, reached as those of the old one."""
    known = {each.name: each for each in getattr(old, section)}
    return tuple(
        [
            _followed(known[each.name], each, section) if each.name in known else each
            for each in getattr(new, section)
        ]
    )


def _followed(old: Any, new: Any, path: str) -> Any:
    """A table with what takes effect at once from the new one."""
    values = {}
    for field in msgspec.structs.fields(type(new)):
        at = _join(path, field.encode_name)
        before, after = getattr(old, field.name), getattr(new, field.name)
        if at in AT_ONCE:
            values[field.name] = after
        elif isinstance(before, msgspec.Struct):
            values[field.name] = _followed(before, after, at)
    return msgspec.structs.replace(old, **values)
