-- Numbers to which a delivery failed and whose users the CPM side is to be told of once
-- they can be reached (TS 6.2.3.1). `number` is as the dial plan writes it; without an
-- `until` there is no end; `ready` is when the user could be reached again.
CREATE TABLE watched_numbers (
    number  TEXT PRIMARY KEY,
    user    TEXT NOT NULL,
    since   REAL NOT NULL,
    until   REAL,
    ready   REAL
) WITHOUT ROWID;
CREATE INDEX watched_numbers_until ON watched_numbers (until);
