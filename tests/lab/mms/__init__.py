"""The lab's MMS relay."""
