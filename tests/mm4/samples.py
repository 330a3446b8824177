"""Mails as MMS relays of different makers write them, composed for these tests."""

from __future__ import annotations

from typing import Final


def mail(text: str) -> bytes:
    """Give a mail that is set out in lines its CRLF, without the first line end."""
    return text.removeprefix("\n").replace("\n", "\r\n").encode()


PLAIN_FORWARD: Final = mail("""
X-Mms-3GPP-MMS-Version: 6.3.0
X-Mms-Message-Type: MM4_forward.REQ
X-Mms-Transaction-ID: "txn-1@mms.example.org"
X-Mms-Message-ID: "msg-1@mms.example.org"
Date: Tue, 05 Mar 2024 10:00:00 +0100
From: +15550101/TYPE=PLMN@mms.example.org
To: +15550100/TYPE=PLMN@mms.test, +15550102/TYPE=PLMN@mms.test
Cc: someone@example.com
Subject: Hello
X-Mms-Message-Class: Personal
X-Mms-Expiry: Wed, 06 Mar 2024 10:00:00 +0100
X-Mms-Delivery-Report: Yes
X-Mms-Priority: High
X-Mms-Sender-Visibility: Hide
X-Mms-Read-Reply: Yes
X-Mms-Ack-Request: Yes
X-Mms-Forward-Counter: 2
X-Mms-Originator-System: system-user@mms.example.org
X-Mms-Forward-Route: system-user@a.example.org, system-user@b.example.org
X-Mms-Something-Else: 17
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Good morning
""")
"""By the book."""

MBUNI_FORWARD: Final = mail("""
Received: from mms.example.org by mms.test; Tue, 5 Mar 2024 09:00:00 +0000
X-Mms-MMS-Version: 1.2
X-Mms-Message-ID: "qf27.1.x.3-mms.example.org"
Message-ID: <qf27.1.x.3-mms.example.org>
X-Mms-3GPP-MMS-Version: 5.3.0
X-Mms-Originator-System: system-user@mms.example.org
X-Mms-Message-Type: MM4_forward.REQ
X-Mms-Ack-Request: Yes
Sender: +15550101/TYPE=PLMN@mms.example.org
X-Mms-Transaction-ID: "+15550100-qf27.1.x.3"
Date: Tue, 05 Mar 2024 09:00:00 GMT
From: +15550101/TYPE=PLMN@mms.example.org
To: +15550100/TYPE=PLMN
X-Mms-Delivery-Report: No
Content-Type: multipart/related; type="application/smil"; start="<s.smil>";
 boundary="_boundary_123_"

--_boundary_123_
Content-Type: application/smil; name="s.smil"
Content-ID: <s.smil>
Content-Transfer-Encoding: base64

PHNtaWw+PC9zbWlsPg==
--_boundary_123_
Content-Type: text/plain; charset=utf-8
Content-Location: t.txt
Content-Transfer-Encoding: base64

SGVsbG8=
--_boundary_123_--
""")
"""Quoted identifiers, a spare version, everything in base64."""

MBUNI_RESPONSE: Final = mail("""
X-Mms-3GPP-MMS-Version: 5.3.0
X-Mms-Transaction-ID: txn-9
X-Mms-Message-Type: MM4_forward.RES
X-Mms-Message-ID: msg-9@mms.test
X-Mms-Request-Status-Code: Ok
Sender: system-user@mms.example.org
To: system-user@mms.test

""")
"""Without the quotes of the request."""

CARRIER_FORWARD: Final = mail("""
Message-ID: <10001.10002.Mail.mms@mms2.example.org>
Date: Tue, 5 Mar 2024 10:00:00 CET
From: +15550101/type=plmn
To: +15550100/Type=PLMN
Subject:  =?UTF-8?Q?Zdj=C4=99cie_?=
 =?utf-8?b?eiB3YWthY2pp?=
Mime-Version: 1.0
Content-Type: multipart/related;Type="application/smil";Start="<AAAA>";
\tboundary="----=_Part_21.12"
Sender: +15550101/TYPE=PLMN@mms.example.org
x-mms-message-type: mm4_FORWARD.req
X-MMS-3GPP-MMS-VERSION: 5.5.0
X-Mms-Transaction-ID: "480001@mms.example.org"
X-Mms-Message-ID: <g2q1@w.mms.example.org>
X-Mms-Expiry: 86400
X-Mms-Delivery-Report: yes
X-Mms-Priority: normal
X-Mms-Sender-Visibility: SHOW
X-Mms-Read-Reply: NO
X-Mms-Ack-Request: true
X-Mms-Originator-System: PostMaster@mms.example.org
X-Mms-Originator-R/S-Delivery-Report: No

------=_Part_21.12
Content-Type: application/smil
Content-ID: <AAAA>

<smil/>
------=_Part_21.12
Content-Type: image/gif; name=pixel.gif
Content-Transfer-Encoding: BASE64
Content-Location: pixel.gif

R0lGODlhAQABAAAAACw=
------=_Part_21.12--
""")
"""Any case, no domains, a Subject in two encoded words, an expiry in seconds."""

DELIVERY_REPORT: Final = mail("""
X-Mms-3GPP-MMS-Version: 6.3.0
X-Mms-Message-Type: MM4_delivery_report.REQ
X-Mms-Transaction-ID: "dr-1"
X-Mms-Message-ID: "msg-7@mms.test"
From: +15550101/TYPE=PLMN@mms.example.org
To: +15550100/TYPE=PLMN@mms.test
Date: Tue, 05 Mar 2024 10:00:00 +0100
X-Mms-Ack-Request: Yes
X-Mms-MM-Status-Code: Unrecognized
X-Mms-Status-Text: =?iso-8859-1?Q?caf=E9?=
X-Mms-Forward-Route: system-user@mms.example.org

""")

READ_REPLY: Final = mail("""
X-Mms-3GPP-MMS-Version: 6.3.0
X-Mms-Message-Type: MM4_read_reply.REQ
X-Mms-Transaction-ID: "rr-1"
X-Mms-Message-ID: "msg-7@mms.test"
From: +15550101/TYPE=PLMN@mms.example.org
To: +15550100/TYPE=PLMN@mms.test
Date: 2024-03-05T10:00:00+01:00
X-Mms-Read-Status: Deleted without being read
X-Mms-Ack-Request: No

""")
"""By the name that OMA's document has for it."""

PLAIN_RESPONSE: Final = mail("""
X-Mms-3GPP-MMS-Version: 6.3.0
X-Mms-Message-Type: MM4_forward.RES
X-Mms-Message-ID: "msg-9@mms.test"
X-Mms-Request-Status-Code: error_ADDRESS unresolved
X-Mms-Status-Text: Nobody there
X-Mms-Request-Recipients: +15550101/TYPE=PLMN@mms.example.org
X-Mms-Return-Route: system-user@b.example.org,system-user@a.example.org
X-Mms-Originator-Recipient-Address: system-user@mms.example.org

""")
"""Without a transaction, with all that may be in it."""
