"""Record, revision, consent, disclosure classes: what a sealed entry says once opened."""
