"""What the presenters' ports lead to: the engine, the vault, the log and the network, put together.

Everything here is plain Python without Kivy. `client.py` is the whole client as one object; the
window and the headless commands each make one and hand it to the presenters.
"""
