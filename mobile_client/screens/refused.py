"""What stands in the window where the home cannot be opened: why, in one sentence.

A home of a newer version, a second window, a full disk: without this the app would just not start.
"""

from kivy.app import App
from kivy.core.window import Window
from kivy.uix.widget import Widget

from mobile_client.widgets.banner import Banner
from mobile_client.widgets.page import Page, TopBar
from mobile_client.widgets.theme import theme


class RefusedApp(App):
    """A window with one sentence. It is told in English: whose language it would be is unknown."""

    title = "Cairn"
    use_kivy_settings = False

    def __init__(self, message: str) -> None:
        super().__init__()
        self._message = message

    def build(self) -> Widget:
        """Return the page."""
        Window.clearcolor = theme.colour("background")
        page = Page()
        page.set_top(TopBar(self.title))
        page.add(Banner(self._message, "error", bold=True))
        return page
