"""ESMEs that were written elsewhere: smpplib (blocking) and smpp34 (asyncio).

Each is one conversation with an SM-SC, to be run in a thread of its own.
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable
from typing import Any, Final

import msgspec

from tests.live.case import Need

SECONDS: Final = 10.0
"""How long any one step may take."""

TEXT: Final = b"Hello from elsewhere"


class Heard(msgspec.Struct):
    """What an ESME has heard: message_id of its submit_sm, and deliver_sm bodies."""

    message_id: str = ""
    receipts: list[str] = []
    messages: list[str] = []


def package(name: str) -> Need:
    """A Python package is needed, which the extra `dev` brings."""

    def reason() -> str:
        found = importlib.util.find_spec(name) is not None
        return "" if found else f"{name} (PyPI) is not installed"

    return reason


def smpplib_conversation(port: int, submitted: Callable[[], None]) -> Heard:
    """Bind, enquire_link, submit_sm, take a receipt and a message, unbind.

    `submitted` is called when the message was accepted.
    """
    import smpplib.client
    import smpplib.smpp

    heard = Heard()
    client = smpplib.client.Client("127.0.0.1", port, timeout=SECONDS)

    def sent(pdu: Any) -> None:
        heard.message_id = pdu.message_id.decode()
        submitted()

    def received(pdu: Any) -> int:
        kind = heard.receipts if pdu.esm_class & 4 else heard.messages
        kind.append(pdu.short_message.decode("ascii"))
        return 0

    client.set_message_sent_handler(sent)
    client.set_message_received_handler(received)
    client.connect()
    try:
        client.bind_transceiver(system_id="cpmgw", password="secret")
        client.send_pdu(smpplib.smpp.make_pdu("enquire_link", client=client))
        client.read_once(auto_send_enquire_link=False)
        client.send_message(
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr="15550001001",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr="15145550002",
            short_message=TEXT,
            registered_delivery=True,
        )
        while not (heard.message_id and heard.receipts and heard.messages):
            client.read_once(auto_send_enquire_link=False)
        client.unbind()
    finally:
        client.disconnect()
    return heard


def smpp34_conversation(port: int, submitted: Callable[[], None]) -> Heard:
    """The same, without enquire_link (its own timer sends that)."""
    return asyncio.run(
        asyncio.wait_for(_smpp34_conversation(port, submitted), 3 * SECONDS)
    )


async def _smpp34_conversation(port: int, submitted: Callable[[], None]) -> Heard:
    import smpp34

    heard = Heard()
    client = smpp34.Client(
        "127.0.0.1", port, system_id="cpmgw", password="secret", bind_type="TRX"
    )
    centre = await client.connect()
    answer = await centre.submit_sm(
        source_addr_ton=1,
        source_addr_npi=1,
        source_addr="15550001001",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="15145550002",
        short_message=TEXT,
        registered_delivery=1,
    )
    heard.message_id = answer.message_id or ""
    submitted()
    while not (heard.receipts and heard.messages):
        event = await asyncio.wait_for(centre.next(), SECONDS)
        if not isinstance(event, smpp34.DeliverSmEvent):
            raise ConnectionError(f"{event!r}")
        kind = heard.receipts if event.esm_class & 4 else heard.messages
        kind.append(event.short_message.decode("ascii"))
    await centre.unbind()
    await client.stop()
    return heard
