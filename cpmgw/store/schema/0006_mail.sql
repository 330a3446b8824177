-- Mail that was acknowledged, until it is done (TS 6.3). A mail whose `path` is not NULL
-- is in that file; of the others that have any, the octets are in inbox_contents. Both
-- go when it is done: `expires` is NULL until then, and after that it is known for a
-- repeat with what answered it. `content` and `answers` are msgpack records of
-- cpmgw.mail_records, `settled` is a list of a word for each recipient.
CREATE TABLE inbox (
    id        INTEGER PRIMARY KEY,
    key       TEXT NOT NULL,
    service   TEXT NOT NULL,
    repeat    BLOB NOT NULL,
    due       REAL NOT NULL,
    attempts  INTEGER NOT NULL,
    settled   BLOB NOT NULL,
    size      INTEGER NOT NULL,
    path      TEXT,
    content   BLOB NOT NULL,
    answers   BLOB,
    expires   REAL
);
CREATE UNIQUE INDEX inbox_key ON inbox (key);
CREATE UNIQUE INDEX inbox_repeat ON inbox (service, repeat);
CREATE INDEX inbox_open ON inbox (service, key, due) WHERE expires IS NULL;
CREATE INDEX inbox_expires ON inbox (expires) WHERE expires IS NOT NULL;

-- Apart, so that what changes while a mail is worked on does not write them again.
CREATE TABLE inbox_contents (
    mail    INTEGER PRIMARY KEY,
    octets  BLOB NOT NULL
);

-- Mail of ours that has to go out. `quoted` is the transaction that its answer quotes,
-- empty where none is awaited.
CREATE TABLE outbox (
    id        INTEGER PRIMARY KEY,
    key       TEXT NOT NULL,
    service   TEXT NOT NULL,
    quoted    TEXT NOT NULL,
    due       REAL NOT NULL,
    attempts  INTEGER NOT NULL,
    taken     INTEGER NOT NULL,
    expires   REAL NOT NULL,
    content   BLOB NOT NULL
);
CREATE UNIQUE INDEX outbox_key ON outbox (key);
CREATE INDEX outbox_due ON outbox (service, key, due);
CREATE INDEX outbox_quoted ON outbox (service, quoted) WHERE quoted <> '';
CREATE INDEX outbox_expires ON outbox (expires);

-- Messages that left as MMS, until their reports are in (TS 6.3.1.1.3), and those that
-- came as MMS, until theirs have gone back (TS 6.3.1.2.1 step 4).
CREATE TABLE mms_sent (
    message_id  TEXT PRIMARY KEY,
    expires     REAL NOT NULL,
    content     BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX mms_sent_expires ON mms_sent (expires);

CREATE TABLE mms_received (
    imdn_id  TEXT PRIMARY KEY,
    expires  REAL NOT NULL,
    content  BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX mms_received_expires ON mms_received (expires);
