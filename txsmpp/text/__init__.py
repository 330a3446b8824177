"""The text of short messages: alphabets, encodings, segments, receipts."""
