"""Where the notice bars the way: nothing past it before it is decided (CONS-003, CONS-004)."""

from mobile_client.services.loaded_form import LoadedForm
from mobile_client.services.questions import form_path
from mobile_client.vault.drafts import Draft
from shared.errors import ConsentMissing
from shared.forms.screens import Screen


class NoticeGate:
    """Tells for one form what a draft may show and take yet."""

    def __init__(self, loaded: LoadedForm) -> None:
        self._loaded = loaded

    def due(self, draft: Draft) -> bool:
        """Tell whether nothing past the notice may be shown yet."""
        if draft.reconfirm:
            return True
        return bool(self._loaded.notice_group) and draft.consent is None

    def at(self, engine: Screen, draft: Draft) -> bool:
        """Tell whether the notice stands in place of a screen."""
        if not self.due(draft):
            return False
        if draft.reconfirm or engine.kind == "end":
            return True
        return engine.kind != "start" and not self.before(engine.path)

    def before(self, path: str) -> bool:
        """Tell whether a path stands before the notice in the form."""
        order = self._loaded.order
        return order[form_path(path)] < order[self._loaded.notice_group]

    def holds(self, path: str) -> bool:
        """Tell whether a path belongs to the notice, which is not shown twice."""
        group = self._loaded.notice_group
        return bool(group) and f"{form_path(path)}/".startswith(group + "/")

    def check(self, path: str, draft: Draft) -> None:
        """Refuse to write past the notice before it is decided (CONS-003).

        Raises:
            ConsentMissing: the respondent has not agreed, or not again.
        """
        order, group = self._loaded.order, self._loaded.notice_group
        here = form_path(path)
        if not self.due(draft) or here not in order or here.startswith(group + "/"):
            return
        if draft.reconfirm or order[here] > order[group]:
            raise ConsentMissing("the respondent has not agreed yet; show the notice and ask")
