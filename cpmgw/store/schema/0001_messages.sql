-- What must outlive the process. Times are seconds since 1970; `content` is a msgpack
-- record of cpmgw.records.

-- Answers once given, so that a repeated request gets the same. Only ever appended and
-- read whole at the start, where the last one of a key counts: no index on the key.
CREATE TABLE answers (
    id       INTEGER PRIMARY KEY,
    expires  REAL NOT NULL,
    content  BLOB NOT NULL
);
CREATE INDEX answers_expires ON answers (expires);

-- CPM messages that left as short messages, until their reports are in (TS 6.1.1
-- step 2). `reports` is a list, one a segment; NULL while no report has come.
CREATE TABLE sent_messages (
    id       INTEGER PRIMARY KEY,
    key      TEXT NOT NULL,
    expires  REAL NOT NULL,
    settled  INTEGER NOT NULL DEFAULT 0,
    content  BLOB NOT NULL,
    reports  BLOB
);
CREATE UNIQUE INDEX sent_messages_key ON sent_messages (key);
CREATE INDEX sent_messages_expires ON sent_messages (expires);

-- From the message_id of a submit_sm_resp to its message (TS 6.2.2.1.2 step 1). A
-- centre may give an id again; the newest message is the one with the highest number.
CREATE TABLE sent_segments (
    centre      TEXT NOT NULL,
    message_id  TEXT NOT NULL,
    message     INTEGER NOT NULL,
    PRIMARY KEY (centre, message_id, message)
) WITHOUT ROWID;

-- Messages from an SM-SC, whole or in part (TS 6.2.2.2.1 step 2). `reference` is what
-- the segments name; `collection` is unique: a reference that comes again while its
-- former message is still known gets a collection of its own.
CREATE TABLE received_messages (
    id          INTEGER PRIMARY KEY,
    reference   TEXT NOT NULL,
    collection  TEXT NOT NULL,
    identity    TEXT NOT NULL,
    total       INTEGER NOT NULL,
    delivered   REAL NOT NULL DEFAULT 0,
    expires     REAL NOT NULL
);
CREATE INDEX received_messages_reference ON received_messages (reference);
CREATE UNIQUE INDEX received_messages_collection ON received_messages (collection);
CREATE INDEX received_messages_expires ON received_messages (expires);

CREATE TABLE received_segments (
    message      INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    octets       BLOB NOT NULL,
    fingerprint  BLOB NOT NULL,
    centre       TEXT NOT NULL,
    session      TEXT NOT NULL,
    received     REAL NOT NULL,
    expires      REAL NOT NULL,
    PRIMARY KEY (message, number)
) WITHOUT ROWID;
