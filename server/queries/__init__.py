"""All SQL, by what it is about. Functions take the caller's session; transactions are its own."""
