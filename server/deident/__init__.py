"""Identifiers out, quasi-identifiers coarsened: from a merged body to analytic rows.

Direct identifiers never arrive here (they are sealed to another key), and what arrives leaves only
as form and policy allow. `rows` is pure; `store` keeps its result in a database of its own, which
is the only one the aggregates room may open. Rules DEID-001..019 in docs/spec/disclosure.md.
"""
