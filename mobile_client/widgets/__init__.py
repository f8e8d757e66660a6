"""The widget kit: small Kivy widgets that draw from the tokens in `look` and mirror for RTL."""
