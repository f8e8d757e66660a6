"""The coordinator's station: completeness and quality from progress; docs/spec/station.md."""
