"""SMPP 3.4 for Twisted: a sans-I/O codec and session under thin protocols.

Values: `txsmpp.pdu`, `txsmpp.tlv`, `txsmpp.status`, `txsmpp.address`,
`txsmpp.constants`. Octets: `txsmpp.codec`, `txsmpp.framer`, with the PDUs as tables in
`txsmpp.layout`. The rules of a session: `txsmpp.session`, with table 2-1 in
`txsmpp.state`. Services: `txsmpp.client` (ESME), `txsmpp.server` (SM-SC),
`txsmpp.outbind`; `txsmpp.interfaces` says what their users provide, `txsmpp.tls` makes
endpoints. Texts and receipts: `txsmpp.text`.

An ESME that sends one message:

    client = EsmeClient(
        reactor,
        "home",
        endpoint_for(reactor, "smsc.example.net", 2775),
        [Bind(system_id="me", password="secret")],
        ClientOptions(),
        handler,
    )
    client.startService()
    response = await client.submit(
        SubmitSm(destination_addr="15145550001", short_message=b"hello")
    )
"""
