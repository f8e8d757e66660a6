"""The whole story on one machine: real processes, a fictional country, a seed."""
