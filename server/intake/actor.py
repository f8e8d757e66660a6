"""Who acts when intake works by itself, without a person asking."""

from typing import Final

from server.governance.actions import Role
from server.governance.decide import Actor

INTAKE: Final = Actor("intake", frozenset({Role.ADMINISTRATOR}))
"""The program itself: it takes in, and answers nobody."""
