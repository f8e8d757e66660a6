"""What each screen shows and does, without drawing it: events in, view-state out.

A presenter holds one frozen state, tells subscribers of every new one, and reaches the vault, the
log and the network only through the ports of `ports.py`. Kivy screens and the headless client drive
the same presenters.
"""
