"""XPath 1.0 with the ODK functions: text -> AST -> closures over a small node class.

Leaves to others: what a form is (shared/forms/definition.py) and when an expression runs
(shared/forms/recompute.py).
"""
