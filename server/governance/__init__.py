"""Who may do what with whose data, decided in one place and written down."""
