"""Envelope, keys, receipts: the only room that encrypts or signs."""
