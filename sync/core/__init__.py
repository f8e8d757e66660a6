"""Sans-I/O: logs, have-vectors, sessions, revision graph, merge. Values in, values out."""
