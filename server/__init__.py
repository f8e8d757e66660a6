"""The office side: mission server (holds the intake key), hub (carries, no key), HQ site (releases only)."""
