"""How each kind of question is drawn and answered."""
