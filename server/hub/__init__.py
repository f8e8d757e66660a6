"""The hub: a coordinator's laptop that carries sealed logs and holds no key that opens them."""
