"""An independent model of the merge, straight from the rules of docs/spec/sync.md section 7.

It keeps no state and walks sets of ancestors again for every question. It shares no code with
sync.core; a mistake would have to be made twice, in two ways, to go unseen.
"""

from typing import Any

Rev = dict[str, Any]
DELETED = {"deleted": True}


class Model:
    def __init__(self, revisions: list[Rev], rules: dict[str, Any]) -> None:
        self.revs = {r["id"]: r for r in revisions}
        self.rules = rules.get("fields", {})
        self.group = {p: g for g, paths in rules.get("groups", {}).items() for p in paths}
        self.memo: dict[str, frozenset[str] | None] = {}
        self.applied = [i for i in self.revs if self.past(i) is not None]

    def past(self, i: str) -> frozenset[str] | None:
        """All ancestors, or None where one of them is missing."""
        if i not in self.memo:
            if i not in self.revs:
                return None
            result: set[str] = set()
            for p in self.revs[i]["parents"]:
                above = self.past(p)
                if above is None:
                    self.memo[i] = None
                    return None
                result |= above | {p}
            self.memo[i] = frozenset(result)
        return self.memo[i]

    def knows(self, later: str, earlier: str) -> bool:
        return earlier in (self.past(later) or ())

    def depth(self, i: str) -> int:
        return 1 + max((self.depth(p) for p in self.revs[i]["parents"]), default=-1)

    def form_path(self, address: str) -> str:
        return "".join(
            part if not k % 2 else "" for k, part in enumerate(address.replace("]", "[").split("["))
        )

    def scope(self, address: str) -> str:
        end = address.rfind("]/")
        return address[: end + 1]

    def unit(self, address: str) -> tuple[str, str]:
        group = self.group.get(self.form_path(address))
        return (self.scope(address), "#" + group) if group else ("", address)

    def own(self, i: str, unit: tuple[str, str]) -> dict[str, Any]:
        return {
            a: v for a, v in self.revs[i]["patch"].items() if v != DELETED and self.unit(a) == unit
        }

    def writers(self, unit: tuple[str, str], among: set[str]) -> set[str]:
        named = {i for i in among if "".join(unit) in self.revs[i].get("resolves", ())}
        return {i for i in among if self.own(i, unit) or (i in named and self.before(i, unit))}

    def before(self, i: str, unit: tuple[str, str]) -> dict[str, Any]:
        past = set(self.past(i) or ())
        return self.shown(unit, past)[0]

    def full(self, i: str, unit: tuple[str, str]) -> dict[str, Any]:
        return {**self.before(i, unit), **self.own(i, unit)}

    def live(self, unit: tuple[str, str], among: set[str]) -> list[str]:
        writers = self.writers(unit, among)
        alive = [w for w in writers if not any(self.knows(x, w) for x in writers)]
        return sorted(alive, key=lambda w: (self.depth(w), w), reverse=True)

    def shown(
        self, unit: tuple[str, str], among: set[str]
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The values shown and, where open, the distinct values in conflict."""
        live = self.live(unit, among)
        if not live:
            return {}, []
        distinct: list[dict[str, Any]] = []
        for w in live:
            if not any(self.equal(self.full(w, unit), d) for d in distinct):
                distinct.append(self.full(w, unit))
        if len(distinct) == 1 or unit[1].endswith("]"):
            return distinct[0], []
        address = unit[1]
        rule = self.rules.get(self.form_path(address))
        values = [d[address] for d in distinct] if rule else []
        if rule in {"max", "min"}:
            given = [v for v in values if v is not None]
            return {address: (max if rule == "max" else min)(given)}, []
        if rule == "union":
            return {address: sorted({c for v in values for c in v or []})}, []
        return distinct[0], distinct

    @staticmethod
    def equal(a: Any, b: Any) -> bool:
        return bool(a == b)

    def deletion(self, scope: str) -> str:
        """`no`, `gone` or `disputed` for an instance or `/`."""
        deleters = {i for i in self.applied if self.revs[i]["patch"].get(scope) == DELETED}
        keepers = {i for i in self.applied if scope in self.revs[i].get("resolves", ())} - deleters
        decided = deleters | keepers
        final = {d for d in deleters if not any(self.knows(x, d) for x in decided)}
        if not final:
            return "no"
        edits = {
            i
            for i in self.applied
            if i in keepers
            or any(
                (a == scope and v != DELETED)
                or (a.startswith(scope + "/") if scope != "/" else a != scope)
                for a, v in self.revs[i]["patch"].items()
            )
        }
        unseen = {e for e in edits - final if not any(self.knows(d, e) for d in final)}
        if any(not all(self.knows(e, d) for d in final) for e in unseen):
            return "disputed"
        return "no" if unseen else "gone"

    def state(self) -> dict[str, Any]:
        among = set(self.applied)
        addresses = {a for i in among for a, v in self.revs[i]["patch"].items() if a != "/"}
        scopes = {a for a in addresses if a.endswith("]")} | {"/"}
        fate = {s: self.deletion(s) for s in scopes}
        gone = {s for s, what in fate.items() if what == "gone"}

        def hidden(a: str) -> bool:
            return "/" in gone or any(a == s or a.startswith(s + "/") for s in gone)

        values: dict[str, Any] = {}
        disputes: dict[str, Any] = {s: None for s in scopes if fate[s] == "disputed"}
        for unit in {self.unit(a) for a in addresses}:
            shown, distinct = self.shown(unit, among)
            values |= {a: v for a, v in shown.items() if not hidden(a)}
            if distinct and not all(hidden(a) for a in shown):
                disputes["".join(unit)] = distinct
        heads = [i for i in among if not any(self.knows(x, i) for x in among)]
        return {
            "values": values,
            "disputes": {u: d for u, d in disputes.items() if not hidden(u)},
            "heads": sorted(heads),
            "held": sorted(set(self.revs) - among),
            "gone": sorted(gone),
        }
