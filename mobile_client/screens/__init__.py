"""The screens: each draws one presenter's state and hands every touch back to it."""
