"""Where logs are kept; the contract every store passes."""
