"""From analytic rows to a release: tabulate, hide, audit, sign.

Opens the analytic store and nothing else. Each step is pure: rows -> cells (`tabulate`), cells ->
pattern of hidden cells (`primary`, `suppress`), published table -> what an attacker can bound
(`attacker`, which shares no code with `suppress`), earlier releases -> publish or carry (`gate`).
Rules DISC-001.. in docs/spec/disclosure.md, REL-001.. in docs/spec/release.md.
"""
