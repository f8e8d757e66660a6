"""What phone, hub and server all speak. No I/O, no clock, no randomness of its own."""
