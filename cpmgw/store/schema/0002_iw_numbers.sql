-- Interworking numbers, each standing for a Long-lived CPM Group Session (TS 5.1 steps
-- 7a, 8 and 13, 5.2). Numbers are E.164 with their plus sign.

-- What the pools of the configuration offer, and what they no longer offer but still
-- stands for a session (pool ''). `standing` counts the sessions, `turn` is higher the
-- later a number was given back, 0 if it never was: with both here, the number to give
-- next is the first of an index, however many there are.
CREATE TABLE iw_numbers (
    number    TEXT NOT NULL PRIMARY KEY,
    pool      TEXT NOT NULL,
    standing  INTEGER NOT NULL DEFAULT 0 CHECK (standing >= 0),
    turn      INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX iw_numbers_free ON iw_numbers (pool, standing, turn);
CREATE INDEX iw_numbers_turn ON iw_numbers (pool, turn, number);

-- Which session a number stands for: one for each user, and one in all where it is
-- `alone`. The identifiers are compared without case (conversation TS App. C.1.1);
-- `address` is the session's URI as it came, `pool` that of iw_numbers.
CREATE TABLE iw_allocations (
    number        TEXT NOT NULL,
    user          TEXT NOT NULL,
    conversation  TEXT NOT NULL COLLATE NOCASE,
    contribution  TEXT NOT NULL COLLATE NOCASE,
    session       TEXT NOT NULL,
    address       TEXT NOT NULL,
    service       TEXT NOT NULL,
    pool          TEXT NOT NULL,
    alone         INTEGER NOT NULL,
    allocated     REAL NOT NULL,
    used          REAL NOT NULL,
    uses          INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (number, user)
) WITHOUT ROWID;
CREATE UNIQUE INDEX iw_allocations_session
    ON iw_allocations (user, conversation, contribution, session);
CREATE UNIQUE INDEX iw_allocations_alone ON iw_allocations (number) WHERE alone;
CREATE INDEX iw_allocations_used ON iw_allocations (pool, used);
CREATE INDEX iw_allocations_idle ON iw_allocations (user, pool, used);

-- How many sessions of a user have a number of a pool; no row for none. Of a pool whose
-- numbers users share, all numbers up to this turn and number stand for sessions of this
-- user already: what comes later in the pool is all that need be looked at.
CREATE TABLE iw_users (
    pool      TEXT NOT NULL,
    user      TEXT NOT NULL,
    sessions  INTEGER NOT NULL CHECK (sessions >= 0),
    turn      INTEGER NOT NULL DEFAULT -1,
    number    TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (pool, user)
) WITHOUT ROWID;
