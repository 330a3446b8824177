"""Descriptions that the tests of this folder share."""

from __future__ import annotations

from cpmgw.sdp.description import Connection, Origin
from cpmgw.sdp.negotiation import MsrpEndpoint
from cpmgw.sdp.parser import parse_sdp
from cpmgw.sdp.roles import Direction
from cpmgw.sdp.stream import MediaStream, streams

# Conversation TS 7.2.1.2 step 18.
LARGE_MESSAGE = """\
v=0
o=- 1 1 IN IP4 a.example.com
s=-
c=IN IP4 a.example.com
t=0 0
m=message 7654 TCP/MSRP *
a=sendonly
a=accept-types:message/cpim
a=accept-wrapped-types:text/plain image/jpeg
a=path:msrp://a.example.com:7654/s1;tcp
a=file-selector:size:24711
a=setup:actpass
a=msrp-cema
a=max-chunk-size: 1024
"""

# Conversation TS 7.3.1.1, with a stream that is no MSRP before and one after it.
SESSION = """\
v=0
o=alice 2890844526 2890844527 IN IP6 2001:db8::1
s=Chat
c=IN IP6 2001:db8::1
t=0 0
m=audio 49170 RTP/AVP 0 8
a=rtpmap:0 PCMU/8000
m=message 7654 TCP/TLS/MSRP *
a=accept-types:message/cpim application/im-iscomposing+xml
a=accept-wrapped-types:text/plain message/imdn+xml
a=path:msrps://[2001:db8::1]:7654/s1;tcp
a=setup:actpass
m=message 0 TCP/MSRP *
a=accept-types:text/plain
"""

# RFC 5547 9.1, shortened.
FILE = """\
v=0
o=alice 2890844526 2890844526 IN IP4 alicepc.example.com
s=
c=IN IP4 alicepc.example.com
t=0 0
m=message 7654 TCP/MSRP *
i=This is my latest picture
a=sendonly
a=accept-types:message/cpim
a=accept-wrapped-types:*
a=path:msrp://alicepc.example.com:7654/jshA7we;tcp
a=file-selector:name:"My cool picture.jpg" type:image/jpeg size:32349 \
hash:sha-1:72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE:2E
a=file-transfer-id:vBnG916bdberum2fFEABR1FR3ExZMUrd
a=file-disposition:attachment
a=file-date:creation:"Mon, 15 May 2006 15:01:31 +0300"
a=file-icon:cid:id2@alicepc.example.com
a=file-range:1-32349
"""

ORIGIN = Origin(7, 1, Connection("iwf.example.com"))
ENDPOINT = MsrpEndpoint(
    port=7655,
    path=("msrp://iwf.example.com:7655/s2;tcp",),
    accept_types=("message/cpim",),
    accept_wrapped_types=("text/plain", "image/jpeg"),
    direction=Direction.RECVONLY,
)


def octets(text: str) -> bytes:
    """A description as it is sent."""
    return text.replace("\n", "\r\n").encode()


def stream_with(*attributes: str, session: str = "", media: str = "") -> MediaStream:
    """The only stream of a description with these attributes.

    `session` and `media` are further whole lines of the session and of the stream.
    """
    written = "".join([f"a={each}\n" for each in attributes])
    text = f"v=0\n{session}m=message 9 TCP/MSRP *\n{media}{written}"
    (stream,) = streams(parse_sdp(text.encode()))
    return stream
