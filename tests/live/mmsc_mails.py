"""Mails as MMS relays in the field write them, composed for these tests."""

from __future__ import annotations

from typing import Final

import msgspec

NUMBER: Final = "+15550001001"
HANDSET: Final = "+15145550002"
MMSC: Final = "system-user@mms.example.net"


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A mail, its envelope sender, and what is to come of it.

    `text` is what the user reads, `pictures` how many there are to be seen;
    `transaction` and `message` are what MM4_forward.RES names, where there is one.
    """

    octets: bytes
    sender: str
    text: str
    pictures: int = 0
    transaction: str = ""
    message: str = ""


def _mail(text: str) -> bytes:
    """A mail set out in lines, without the first line end."""
    return text.removeprefix("\n").replace("\n", "\r\n").encode("latin-1")


OPEN_SOURCE: Final = Sample(
    sender=f"{HANDSET}/TYPE=PLMN",
    text="Hello from a gateway",
    pictures=1,
    transaction="+15550001001-qf8a.7.x.42.1",
    message="qf8a.7.x.42.1-mms.example.net",
    octets=_mail("""
X-Mms-MMS-Version: 1.2
X-Mms-3GPP-MMS-Version: 5.3.0
X-Mms-Message-ID: "qf8a.7.x.42.1-mms.example.net"
Message-ID: <qf8a.7.x.42.1-mms.example.net>
X-Mms-Originator-System: system-user@mms.example.net
X-Mms-Message-Type: MM4_forward.REQ
X-Mms-Ack-Request: Yes
X-Mms-Delivery-Report: No
X-Mms-Message-Class: Personal
X-Mms-Transaction-ID: "+15550001001-qf8a.7.x.42.1"
Sender: system-user@mms.example.net
From: +15145550002/TYPE=PLMN@mms.example.net
To: +15550001001/TYPE=PLMN
Date: Tue, 05 Mar 2024 09:00:00 GMT
Content-Type: multipart/related; type="application/smil"; start="<s.smil>";
 boundary="_boundary_7_"
MIME-Version: 1.0

--_boundary_7_
Content-Type: application/smil; name="s.smil"
Content-ID: <s.smil>
Content-Transfer-Encoding: base64

PHNtaWw+PGJvZHk+PHBhcj48aW1nIHNyYz0icC5naWYiLz48dGV4dCBzcmM9InQudHh0Ii8+PC9w
YXI+PC9ib2R5Pjwvc21pbD4=
--_boundary_7_
Content-Type: text/plain; charset=utf-8
Content-Location: t.txt
Content-Transfer-Encoding: base64

SGVsbG8gZnJvbSBhIGdhdGV3YXk=
--_boundary_7_
Content-Type: image/gif; name=p.gif
Content-Location: p.gif
Content-Transfer-Encoding: base64

R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7
--_boundary_7_--
"""),
)
"""Identifiers quoted, two versions, an envelope and a To without a domain."""

CARRIER: Final = Sample(
    sender="postmaster@mms.example.net",
    text="caf\u00e9 at five?",
    transaction="4711@mms.example.net",
    message="g2.4711@w.mms.example.net",
    octets=_mail("""
Message-ID: <20240305.4711.JavaMail.mms@mms2.example.net>
Date: Tue, 5 Mar 2024 10:00:00 +0100 (CET)
From: "Somebody" <+15145550002/type=plmn@mms.example.net>
To: <+15550001001/Type=PLMN@MM4.ims.example.net>
Subject: =?ISO-8859-1?Q?caf=E9_?= =?utf-8?B?YXQgNQ==?=
Mime-Version: 1.0
x-mms-message-type: MM4_FORWARD.req
X-MMS-3GPP-MMS-VERSION: 5.5.0
X-Mms-Transaction-ID: <4711@mms.example.net>
X-Mms-Message-ID: <g2.4711@w.mms.example.net>
X-Mms-Expiry: 86400
X-Mms-Ack-Request: true
X-Mms-Delivery-Report: no
X-Mms-Sender-Visibility: SHOW
X-Mms-Originator-System: <system-user@mms.example.net>
X-Mms-Originator-R/S-Delivery-Report: No
X-Priority: 3
Content-Type: multipart/mixed;
\tBoundary="----=_Part_0_42.17"

This is a multi-part message in MIME format.

------=_Part_0_42.17
Content-Type: Text/Plain; Charset="ISO-8859-1"
Content-Transfer-Encoding: Quoted-Printable

caf=E9=20=
at five?
------=_Part_0_42.17--

an epilogue
"""),
)
"""Any case, angle brackets, a comment, folding by tab, soft line breaks."""

EIGHT_BIT: Final = Sample(
    sender=MMSC,
    text="Gr\u00fc\u00dfe aus K\u00f6ln",
    transaction="tx 8",
    message="msg-8",
    octets=_mail("""
X-Mms-3GPP-MMS-Version: 6.10.0
X-Mms-Message-Type: MM4_forward.REQ
X-Mms-Transaction-ID: "tx 8"
X-Mms-Message-ID: "msg-8"
From: +15145550002/TYPE=PLMN@mms.example.net
To: +15550001001/TYPE=PLMN@mm4.ims.example.net
Date: 2024-03-05T10:00:00Z
X-Mms-Ack-Request: Yes
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: 8bit

Gr\u00fc\u00dfe aus K\u00f6ln
"""),
)
"""No MIME-Version, a space in an identifier, a date of ISO 8601, octets above 127."""

SILENT: Final = Sample(
    sender="",
    text="No answer, please",
    octets=_mail("""
X-Mms-3GPP-MMS-Version: 6.3.0
X-Mms-Message-Type: MM4_forward.REQ
X-Mms-Transaction-ID: "silent-1"
X-Mms-Message-ID: "silent-1@mms.example.net"
From: +15145550002/TYPE=PLMN@mms.example.net
To: +15550001001/TYPE=PLMN@mm4.ims.example.net
Date: Tue, 05 Mar 2024 10:00:00 +0100
X-Mms-Ack-Request: No
Content-Type: text/plain

No answer, please
"""),
)
"""From the null sender, without a wish for a response."""

SAMPLES: Final = (OPEN_SOURCE, CARRIER, EIGHT_BIT, SILENT)

NOT_MM4: Final = _mail("""
From: somebody@mms.example.net
To: +15550001001/TYPE=PLMN@mm4.ims.example.net
Subject: A mail like any other
Date: Tue, 05 Mar 2024 10:00:00 +0100

Hello?
""")

UNKNOWN_TYPE: Final = _mail("""
X-Mms-3GPP-MMS-Version: 6.3.0
X-Mms-Message-Type: MM4_teleport.REQ
X-Mms-Transaction-ID: "teleport-1"
X-Mms-Message-ID: "teleport-1@mms.example.net"
X-Mms-Originator-System: system-user@mms.example.net
From: +15145550002/TYPE=PLMN@mms.example.net
To: +15550001001/TYPE=PLMN@mm4.ims.example.net

""")

WITHOUT_FROM: Final = _mail("""
X-Mms-3GPP-MMS-Version: 6.3.0
X-Mms-Message-Type: MM4_forward.REQ
X-Mms-Transaction-ID: "corrupt-1"
X-Mms-Message-ID: "corrupt-1@mms.example.net"
X-Mms-Originator-System: system-user@mms.example.net
X-Mms-Ack-Request: Yes
Content-Type: text/plain

Who?
""")
