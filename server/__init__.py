"""The office side: mission server (intake key), hub (carries), HQ site (releases)."""
