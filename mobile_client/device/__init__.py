"""What the machine under the client can do: position, pictures, battery, space, a hardware key.

Every service is a small Protocol in `services.py` with a Linux implementation, an Android one that
was not run on a device, and a fake. Each has a way that works without the hardware.
"""
