"""Settings: language, look, idle lock, position source, passphrase; and the panic gesture."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from mobile_client.presenters.ports import DeviceFacts, Preferences, SettingsServices
from mobile_client.presenters.presenter import Notice, Presenter, Work, notice_of
from shared.errors import CairnError

LOSS_NOTE = (
    "This destroys your drafts on this device. Sealed records stay and can still be handed over."
)


@dataclass(frozen=True, slots=True)
class SettingsState:
    """What the settings show."""

    preferences: Preferences
    facts: DeviceFacts
    loss_note: str = LOSS_NOTE
    busy: bool = False
    notice: Notice | None = None


class SettingsPresenter(Presenter[SettingsState]):
    """Changes preferences and the passphrase."""

    def __init__(
        self,
        ports: SettingsServices,
        work: Work,
        *,
        on_changed: Callable[[Preferences], None],
        on_locked: Callable[[], None],
        on_leave: Callable[[], None],
    ) -> None:
        super().__init__(SettingsState(ports.preferences(), ports.facts()))
        self._ports = ports
        self._work = work
        self._on_changed = on_changed
        self._on_locked = on_locked
        self.leave = on_leave

    def change(self, **changes: str | int) -> None:
        """Set some preferences by name: language, palette, text_percent, idle_lock_s ..."""
        try:
            preferences = replace(self.state.preferences, **changes)  # type: ignore[arg-type]
            self._ports.save_preferences(preferences)
        except CairnError as error:
            self._change(notice=notice_of(error))
            return
        self._change(preferences=preferences, notice=None)
        self._on_changed(preferences)

    def change_passphrase(self, old: str, new: str, repeated: str) -> None:
        """Seal the vault key under a new passphrase."""
        if self.state.busy:
            return
        if new != repeated:
            self._change(notice=Notice("The two passphrases differ. Type them again."))
            return
        self._change(busy=True, notice=None)
        self._work.run(
            lambda: self._ports.change_passphrase(old, new),
            lambda _: self._change(busy=False, notice=Notice("The passphrase is changed.")),
            lambda error: self._change(busy=False, notice=notice_of(error)),
        )

    def destroy_vault(self) -> None:
        """Destroy this vault's key and drafts, and lock; sealed records stay."""
        try:
            self._ports.destroy_vault()
        except CairnError as error:
            self._change(notice=notice_of(error))
            return
        self._on_locked()
