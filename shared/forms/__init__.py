"""XLSForm -> XForm -> Form; the interview engine; validation."""
