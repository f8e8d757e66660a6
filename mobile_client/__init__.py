"""The enumerator's side: presenters, screens, vault and device services."""
