"""The service provider policies, their profiles, and what docs/policies.md says."""
