"""Jobs: work that goes on beside the requests."""
