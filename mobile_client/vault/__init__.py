"""What only a passphrase opens: drafts, slips, and the list of what was finalized.

One SQLite file holds sealed values under random names; each enumerator has a vault key of their
own, and each draft a key in a small file of slots that finalizing overwrites. The sealed log lies
outside (sync/stores): it needs no passphrase to be handed over.
"""
