-- An interworking number may stand for a session of two as well (TS 6.2.2.1.3): then
-- `address` is the URI of the CPM user who is in it. Such a session does not outlive the
-- process; its number does, for a while, so that an answer finds the user.
ALTER TABLE iw_allocations ADD COLUMN one_to_one INTEGER NOT NULL DEFAULT 0;
CREATE INDEX iw_allocations_one_to_one ON iw_allocations (used) WHERE one_to_one;
