"""Sessions of the lab's CPM side: large messages, chats of two, groups."""
