"""Commands about merging and moving records: `cairn merge | log | bundle | sync`."""
