"""One module per command of the server side; cairn.py imports only the one that is called."""
