"""Well-formed, however strange (RFC 4475 3.1.1)."""

from __future__ import annotations

from tests.sip.torture.compose import message, response, text

SDP = (
    b"v=0\r\no=ada 29 29 IN IP4 192.0.2.30\r\ns=-\r\nc=IN IP4 192.0.2.30\r\n"
    b"t=0 0\r\nm=message 9 TCP/MSRP *\r\n"
)

SHORT_TORTUOUS = text(
    "INVITE sip:bob@chair.example.org;strangeparam SIP/2.0",
    "TO :",
    " sip:bob@chair.example.org ;   tag    = 77aa",
    'from   : "A Quote \\\\\\""       <sip:ada@example.net>',
    "  ;",
    "  tag = 88bb",
    "MaX-fOrWaRdS: 0068",
    "Call-ID: tortuous.1@192.0.2.9",
    f"Content-Length   : {len(SDP)}",
    "cseq: 0009",
    "  INVITE",
    "Via  : SIP  /   2.0",
    " /UDP",
    "    192.0.2.9;branch=oldstyle9",
    "s :",
    "NovelHeader:   novel value",
    " goes on here",
    "HeaderOfSeparators: ;;,,;;,;",
    "Content-Type: application/sdp",
    "Route:",
    " <sip:edge.example.net;lr;odd=param;odd-without-value>",
    "v:  SIP  / 2.0  / TCP     hop.example.net   ;",
    "  branch  =   z9hG4bK8kdi7  ,",
    " SIP  /    2.0   / UDP  192.168.77.1   ; branch=",
    " z9hG4bK40340",
    'm:"Quoted \\"\\" text" <sip:ada@example.net> ; newparam =',
    "      newvalue ;",
    "  otherparam ; q = 0.33",
    body=SDP,
)

WIDE_METHOD = "!Odd-Method0123456789_*+`.%indeed'~"
WIDE_USER = "2_odd.URI~(to-do!now)&wasn't+it$/wild?,/;;*"
WIDE_PASSWORD = "&so+was=2,odd!*pas$w~rd_too.(wasn't-it)"
WIDE_CALL_ID = "odd.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"
WIDE_RANGE = text(
    f"{WIDE_METHOD} sip:{WIDE_USER}:{WIDE_PASSWORD}@example.org SIP/2.0",
    "Via: SIP/2.0/TCP host7.example.net:5060;branch=z9hG4bK-.!%66*_+`'~",
    'To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:2_odd.URI~(x)@example.org>',
    "From: word1~` word2'+_ word3*%!.- <sip:plain@example.net>"
    ";fromParam''~+*_!.-%=\"работающий\";tag=_word~1'+`*%!-.",
    f"Call-ID: {WIDE_CALL_ID}",
    f"CSeq: 139122385 {WIDE_METHOD}",
    "Max-Forwards: 255",
    "extensionHeader-!.%*+_`'~: 大停電",
    "Content-Length: 0",
)

ESCAPING = message(
    "INVITE sip:sips%3Aada%40example.net@example.org SIP/2.0",
    "Contact: <sip:cal%6Cee@host7.example.net;%6C%72;n%61me=v%61lue%25%34%31>",
    To="<sip:%75se%72@example.org>",
    From="<sip:I%20have%20spaces@example.net>;tag=938",
)

ESCAPED_NULLS = message(
    "REGISTER sip:example.org SIP/2.0",
    "Contact: <sip:%00@host7.example.org>",
    "Contact: <sip:%00%00@host7.example.org>",
    To="sip:null-%00-null@example.org",
    From="sip:null-%00-null@example.org;tag=839",
)

PERCENT_IS_NO_ESCAPE = message(
    "RE%47IST%45R sip:registrar.example.org SIP/2.0",
    "Contact: <sip:alias1@host7.example.org>",
    To='"%Z%45" <sip:resource@example.org>',
    From='"%Z%45" <sip:resource@example.org>;tag=f23',
)

NO_LWS_BEFORE_BRACKET = message(
    "OPTIONS sip:user@example.org SIP/2.0",
    From="caller<sip:caller@example.net>;tag=324",
)

LONG = "long" * 60
LONG_VALUES = text(
    "INVITE sip:user@example.org SIP/2.0",
    f'To: "I have a user name of {LONG}" <sip:user{LONG}@example.org:6000;'
    f"unknown{LONG}={LONG};other{LONG}>",
    f"F: sip:{LONG}@example.net;tag={LONG};par{LONG}={LONG};other{LONG}",
    f"Call-ID: {LONG}",
    "CSeq: 3882340 INVITE",
    f"Unknown-{LONG}-Name: unknown-{LONG}-value; unknown-{LONG}-parameter-name=x",
    f"Via: SIP/2.0/TCP sip33.example.net;branch=z9hG4bK{LONG}",
    *[
        f"v: SIP/2.0/TCP sip{hop}.example.net;branch=z9hG4bK{hop}{LONG}"
        for hop in range(32, 4, -1)
    ],
    "Max-Forwards: 70",
    "Contact: <sip:" + LONG * 4 + "@host5.example.net>",
    f"l: {len(SDP)}",
    "Content-Type: application/sdp",
    body=SDP,
)

_SECOND = message("INVITE sip:joe@example.org SIP/2.0", Call_ID="second@example.net")
TRAILING_OCTETS = message("MESSAGE sip:j.user@example.org SIP/2.0") + _SECOND

SEMICOLONS_IN_USER = message("OPTIONS sip:user;par=u%40example.org@example.org SIP/2.0")

TRANSPORTS = message(
    "OPTIONS sip:user@example.org SIP/2.0",
    "Via: SIP/2.0/SCTP t2.example.net;branch=z9hG4bKt2",
    "Via: SIP/2.0/TLS t3.example.net;branch=z9hG4bKt3",
    "Via: SIP/2.0/CARRIERPIGEON t4.example.net;branch=z9hG4bKt4",
    "Via: SIP/2.0/TCP t5.example.net;branch=z9hG4bKt5",
)

BINARY_PART = bytes(range(256)) + b"\r\n\r\n\x00\xff"
MULTIPART_BODY = (
    b"--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
    b"--7a9cbec02ceef655\r\nContent-Type: application/octet-stream\r\n"
    b"Content-Transfer-Encoding: binary\r\n\r\n" + BINARY_PART + b"\r\n"
    b"--7a9cbec02ceef655--\r\n"
)
MULTIPART = message(
    "MESSAGE sip:bob@example.org SIP/2.0",
    "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655",
    body=MULTIPART_BODY,
)

UNUSUAL_REASON = response("SIP/2.0 200 = 3**2 * 5**2 но сто девяносто девять - простое")
EMPTY_REASON = response("SIP/2.0 100 ")
