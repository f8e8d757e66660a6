"""The Kivy app: one window, one stage, the screen the client presenter says stands.

Everything it knows comes in by the constructor; `main` is the composition root.
"""

from datetime import datetime
from importlib import import_module
from typing import Any, Final

from kivy.app import App
from kivy.clock import Clock
from kivy.core.window import Window

from mobile_client.presenters.client import ClientState, Screen
from mobile_client.presenters.ports import Preferences
from mobile_client.screens.base import ScreenPage
from mobile_client.screens.frame import Frame
from mobile_client.screens.words import say_notice
from mobile_client.screens.work import ThreadWork
from mobile_client.text import textures
from mobile_client.text.speech import use_language
from mobile_client.widgets.keys import Keys
from mobile_client.widgets.overlay import Stage
from mobile_client.widgets.theme import theme

_SCREENS: Final[dict[Screen, str]] = {
    Screen.ENROL: "EnrolScreen",
    Screen.UNLOCK: "UnlockScreen",
    Screen.HOME: "HomeScreen",
    Screen.CONSENT: "ConsentScreen",
    Screen.INTERVIEW: "InterviewScreen",
    Screen.REVIEW: "ReviewScreen",
    Screen.RECEIPT: "ReceiptScreen",
    Screen.HAND_OVER: "HandOverScreen",
    Screen.CASES: "CasesScreen",
    Screen.SETTINGS: "SettingsScreen",
}
"""The class that draws each screen; its module bears the screen's name and loads when it stands."""
_PRELOAD_S: Final = 0.3
_POLL_S: Final = 1 / 30
_TICK_S: Final = 1.0
_PANIC_FINGERS: Final = 3
_LOCK_KEY: Final = ord("l")


class CairnApp(App):
    """The window an enumerator lives in."""

    title = "Cairn"
    use_kivy_settings = False

    def __init__(self, frame: Frame, work: ThreadWork, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._frame = frame
        self._client = frame.client
        self._work = work
        self.stage = frame.stage
        self.screen: ScreenPage[Any] | None = None
        self._shown: ClientState | None = None
        self._keys = Keys(self.stage, lambda: self.screen)
        self._fingers: set[object] = set()
        self._timers: list[Any] = []
        self._stop_listening: Any = None

    def build(self) -> Stage:
        """Return the stage with the first screen on it."""
        Window.bind(
            on_key_down=self._key_down,
            on_touch_down=self._touch_down,
            on_touch_up=self._touch_up,
            on_minimize=self._away,
        )
        self._timers = [
            Clock.schedule_interval(self._work.poll, _POLL_S),
            Clock.schedule_interval(self._tick, _TICK_S),
            Clock.schedule_once(_preload, _PRELOAD_S),
        ]
        self._stop_listening = self._client.subscribe(self._follow)
        return self.stage

    def on_pause(self) -> bool:
        """Lock when another app comes to the front; the system may end us at any moment then."""
        self.lock()
        return True

    def on_stop(self) -> None:
        """Put everything in its place before the window goes."""
        if self.screen is not None:
            self.screen.flush()
            self.screen.leave()
        for timer in self._timers:
            timer.cancel()
        if self._stop_listening is not None:
            self._stop_listening()
        Window.unbind(
            on_key_down=self._key_down,
            on_touch_down=self._touch_down,
            on_touch_up=self._touch_up,
            on_minimize=self._away,
        )
        self._work.close()

    def lock(self) -> None:
        """Lock at once; what is typed is told first, what was drawn is forgotten."""
        if self.screen is not None:
            self.screen.flush()
        self._client.lock()
        textures.forget()

    def _follow(self, state: ClientState) -> None:
        before, self._shown = self._shown, state
        if before is None or before.preferences != state.preferences:
            self._dress(state.preferences)
        other_screen = before is None or before.presenter is not state.presenter
        other_look = before is not None and before.preferences != state.preferences
        if other_screen or other_look:
            self._open(state)
        if state.notice is not None and (before is None or before.notice != state.notice):
            self.stage.say(say_notice(state.notice))

    def _dress(self, preferences: Preferences) -> None:
        language = use_language(preferences.language)
        theme.use(preferences.palette, preferences.text_percent, rtl=language.right_to_left)
        Window.clearcolor = theme.colour("background")

    def _open(self, state: ClientState) -> None:
        scrolled = 1.0
        if self.screen is not None:
            self.screen.leave()
            if self.screen.presenter is state.presenter:  # Only the look changed: stay in place.
                scrolled = self.screen.scroll.scroll_y
        self._keys.forget()
        self.screen = screen_class(state.screen)(self._frame, state.presenter)
        self.stage.set_screen(self.screen)
        self.screen.scroll.scroll_y = scrolled
        if state.screen is Screen.UNLOCK:
            textures.forget()

    def _tick(self, _: float) -> None:
        before = self._client.state.presenter
        if self.screen is not None:
            self.screen.flush()
        self._client.tick()
        if self._client.state.presenter is not before:
            textures.forget()

    def _key_down(self, _: object, key: int, *rest: Any) -> bool:
        modifiers = list(rest[2]) if len(rest) > 2 else []  # noqa: PLR2004 - scancode, text, modifiers
        self._client.touched()
        if key == _LOCK_KEY and "ctrl" in modifiers:
            self.lock()
            return True
        return self._keys.down(key, modifiers)

    def _touch_down(self, _: object, touch: Any) -> bool:
        self._client.touched()
        self._keys.forget()
        self._fingers.add(touch.uid)
        if len(self._fingers) >= _PANIC_FINGERS:
            self._fingers.clear()
            self.lock()
            return True
        return False

    def _touch_up(self, _: object, touch: Any) -> bool:
        self._fingers.discard(touch.uid)
        return False

    def _away(self, *_: object) -> None:
        self.lock()


def screen_class(screen: Screen) -> type[ScreenPage[Any]]:
    """Return the class that draws a screen."""
    module = import_module(f"mobile_client.screens.{screen.value}")
    drawn_by: type[ScreenPage[Any]] = getattr(module, _SCREENS[screen])
    return drawn_by


def _preload(_: float) -> None:
    """Load the other screens once the first one stands, so that none is waited for."""
    for screen in _SCREENS:
        screen_class(screen)


def local_now() -> datetime:
    """Return the time on this device's wall clock; screens show it, records never carry it."""
    return datetime.now().astimezone()  # noqa: TID251 - the window is a composition root
