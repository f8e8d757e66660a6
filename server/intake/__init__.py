"""Intake: inbox -> verify -> open -> validate -> policy -> merge; each step its own transaction."""
