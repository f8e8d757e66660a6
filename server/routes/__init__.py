"""HTTP routes of the mission server, one module a subject. Each asks policy (server/deps.py)."""
