"""The entities this device's interviews made or changed, for the follow-up forms of whoever did.

They lie in the vault. What identifies directly is not kept: once sealed it is the custodian's, and
a list would bring it back (FRM-035). A correction changes no list: it is the server's to carry out.
"""

from collections.abc import Mapping
from typing import Final

from mobile_client.services.loaded_form import LoadedForm
from mobile_client.vault.vault import Vault
from shared.forms.entities import EntityChange, datasets_of
from shared.forms.entity_lists import LocalEntity, changed, list_of
from shared.forms.interview import Interview
from shared.forms.xpath.tables import Instance

ENTITY: Final = "entity"


class EntityBook:
    """The entity rows of one vault."""

    def __init__(self, vault: Vault, device: str) -> None:
        self._vault = vault
        self._device = device

    def files(self, loaded: LoadedForm) -> Mapping[str, Instance]:
        """Return the files a form reads, its entity lists as this device knows them."""
        own = datasets_of(loaded.form)
        local = [entity for _, entity in self._rows()]
        made: dict[str, Instance] = {}
        for name, definition in loaded.form.instances.items():
            file = definition.source.rpartition("/")[2]
            rows = [entity for entity in local if entity.dataset == name]
            if file and (rows or name in own):
                made[file] = list_of(name, loaded.files.get(file), rows, self._device)
        return {**loaded.files, **made}

    def note(self, loaded: LoadedForm, interview: Interview) -> None:
        """Keep what a finished interview did to entities; inside a transaction."""
        for change in interview.entities():
            rows = {(one.dataset, one.id): (item, one) for item, one in self._rows()}
            item, local = rows.get((change.dataset, change.id), ("", None))
            server = loaded.files.get(f"{change.dataset}.csv")
            kept = changed(_without_direct(change, loaded), local, server, self._device)
            if kept is not None:
                self._vault.put(ENTITY, _content(kept), item)

    def _rows(self) -> list[tuple[str, LocalEntity]]:
        return [(name, LocalEntity(**item)) for name, item in self._vault.items(ENTITY)]


def _without_direct(change: EntityChange, loaded: LoadedForm) -> EntityChange:
    """Return a change without what identifies directly."""
    return EntityChange(
        dataset=change.dataset,
        id=change.id,
        action=change.action,
        label="" if change.sources["label"] in loaded.direct else change.label,
        properties={
            name: text
            for name, text in change.properties.items()
            if change.sources[name] not in loaded.direct
        },
    )


def _content(entity: LocalEntity) -> dict[str, object]:
    return {name: getattr(entity, name) for name in LocalEntity.__slots__}
