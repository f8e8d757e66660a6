"""Settings: language, look, lock, passphrase, the app's version; and the panic gesture."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from mobile_client.presenters.ports import DeviceFacts, Preferences, SettingsServices
from mobile_client.presenters.presenter import Notice, Presenter, ResultT, Work, notice_of
from mobile_client.presenters.upgrades import Installation, UpgradeView
from shared.errors import CairnError

LOSS_NOTE = (
    "This destroys your drafts on this device. Sealed records stay and can still be handed over."
)


@dataclass(frozen=True, slots=True)
class SettingsState:
    """What the settings show."""

    preferences: Preferences
    facts: DeviceFacts
    upgrade: UpgradeView
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
        super().__init__(SettingsState(ports.preferences(), ports.facts(), ports.upgrade()))
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

    # ---- the app's own version

    def fetch(self) -> None:
        """Have the new version loaded with the next hand-overs."""
        try:
            view = self._ports.fetch_upgrade()
        except CairnError as error:
            self._change(notice=notice_of(error))
            return
        said = Notice("It comes with the next hand-overs, after all records.")
        self._change(upgrade=view, notice=said)

    def take(self, path: Path) -> None:
        """Take the new version from a file, if it is that very one."""
        said = Notice("It is the right file. The new version is on this device now.")
        self._on_package(lambda: self._ports.take_upgrade(path), lambda _: said)

    def save(self, path: Path) -> None:
        """Write the new version as a verified file into a folder."""
        self._on_package(
            lambda: self._ports.save_upgrade(path),
            lambda saved: Notice("Verified and saved: {file}", {"file": str(saved)}),
        )

    def install(self) -> None:
        """Verify the new version and hand it to the system."""

        def said(done: Installation) -> Notice:
            if done.command:
                values = {"command": done.command}
                return Notice("Verified. To install it, run: {command}", values)
            return Notice("Verified. Open it to install it: {file}", {"file": str(done.path)})

        self._on_package(self._ports.install_upgrade, said)

    def _on_package(self, job: Callable[[], ResultT], said: Callable[[ResultT], Notice]) -> None:
        if self.state.busy:
            return
        self._change(busy=True, notice=None)
        self._work.run(
            job,
            lambda result: self._change(
                busy=False, upgrade=self._ports.upgrade(), notice=said(result)
            ),
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
