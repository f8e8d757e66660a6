"""The part of the client that keeps the app itself current: what is offered, loaded, saved, needed.

Nothing here needs a passphrase. The package is loaded with hand-overs, behind all records; it is
installed by the system, never by us. Rules SYNC-133 to SYNC-138.
"""

from dataclasses import replace
from pathlib import Path
from typing import Final

from mobile_client.device.services import DeviceServices
from mobile_client.presenters.upgrades import Installation, UpgradeView
from mobile_client.services.home_files import HomeFiles
from mobile_client.services.machine import Machine
from mobile_client.services.project import Project
from shared.errors import NotFound, PackageRefused, StoreFull, UpgradeNeeded
from shared.sealing.packages import Manifest
from sync.package_shelf import file_blocks

_COPIES: Final = 3
"""Space that a package asks for: in the log's file, as a file of its own, and installed."""
_MEGABYTE: Final = 1_000_000


class Upgrading:
    """Tells of newer versions, loads and hands them out, and bars what policy bars."""

    files: HomeFiles
    machine: Machine
    device: DeviceServices
    project: Project | None

    def upgrade(self) -> UpgradeView:
        """Return how the app's own version stands; works while locked."""
        installed, project = self.machine.version, self.project
        if project is None:
            return UpgradeView(installed.text)
        minimum = project.library.policy().app.minimum
        view = UpgradeView(
            installed.text,
            minimum="" if minimum is None else minimum.text,
            needed=minimum is not None and installed < minimum,
        )
        manifest = project.offered_package()
        if manifest is None:
            return view
        loaded = project.peer.packages.loaded(manifest)
        return replace(
            view,
            version=manifest.version.text,
            file_name=manifest.file_name,
            size=manifest.size,
            received=loaded.received,
            whole=loaded.whole,
            asked=not loaded.whole and project.wants_package(manifest),
            changes=_in_language(manifest, self.files.preferences().language),
            barred=project.bars(manifest),
        )

    def check_version(self) -> None:
        """Refuse what policy keeps from a version that is too old (SYNC-138).

        Raises:
            UpgradeNeeded: says which version is needed, where it is, and what still works.
        """
        view = self.upgrade()
        if not view.needed:
            return
        if view.whole:
            where = "It is on this device already: install it in the settings"
        elif view.offered:
            where = "Load it in the settings, then hand over to a hub or the mission server"
        else:
            where = "Ask the coordinator: it comes with a hand-over once it is published"
        raise UpgradeNeeded(
            f"new interviews need version {view.minimum} of the app, this is {view.installed}. "
            f"{where}. Drafts can be finished and everything handed over as before"
        )

    def fetch_upgrade(self) -> UpgradeView:
        """Have the package on offer loaded with the next hand-overs.

        Raises:
            NotFound: nothing newer is on offer.
            PackageRefused: it cannot be installed here.
            StoreFull: this device has no room for it.
        """
        manifest = self._offered()
        free = self.device.storage.free_bytes()
        if free < _COPIES * manifest.size:
            raise StoreFull(
                f"the new version needs about {_COPIES * manifest.size // _MEGABYTE} MB, "
                f"{free // _MEGABYTE} MB are free: free some space first"
            )
        self._project_here.ask_package(manifest)
        return self.upgrade()

    def take_upgrade(self, path: Path) -> UpgradeView:
        """Take the package on offer from a file, of a stick say, if it is that very one.

        Raises:
            NotFound: nothing newer is on offer, so nothing tells what the file is.
            PackageRefused: it is another file, or not for this device.
            UsageError: it cannot be read.
        """
        manifest = self._offered()
        project = self._project_here
        project.peer.packages.put(manifest, file_blocks(path))
        project.ask_package(manifest)
        return self.upgrade()

    def save_upgrade(self, path: Path) -> Path:
        """Write the package, verified, as a file or into a folder; return the file.

        Raises:
            NotFound: nothing newer is on offer, or it is not whole here yet.
            PackageRefused: it cannot be installed here, or was damaged.
            UsageError: the file exists.
        """
        return self._project_here.peer.packages.save(self._offered(), path)

    def install_upgrade(self) -> Installation:
        """Verify the package once more and hand it to the system; return what is left to do.

        Raises:
            NotFound, PackageRefused: as `save_upgrade`.
            DeviceFault: the system does not take it.
        """
        target = self.files.packages_folder / self._offered().file_name
        target.unlink(missing_ok=True)
        saved = self.save_upgrade(target)
        return Installation(saved, self.device.installer.install(saved))

    @property
    def _project_here(self) -> Project:
        if self.project is None:
            raise NotFound("this device belongs to no project yet; new versions come with one")
        return self.project

    def _offered(self) -> Manifest:
        project = self._project_here
        manifest = project.offered_package()
        if manifest is None:
            raise NotFound(
                f"no version above {self.machine.version} is on offer for "
                f"{self.device.installer.platform}; hand over to hear of new ones"
            )
        if barred := project.bars(manifest):
            raise PackageRefused(barred)
        return manifest


def _in_language(manifest: Manifest, language: str) -> str:
    """Return what is new in a language, else in English, else in any."""
    changes = manifest.changes
    for tag in (language, language.partition("-")[0], "en"):
        if tag in changes:
            return changes[tag]
    return next(iter(changes.values()))
