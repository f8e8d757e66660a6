"""The site's own words in English, French and Arabic; titles of tables come from the release."""

# ruff: noqa: RUF001 - typographic apostrophes are French

from collections.abc import Mapping
from typing import Final

LANGUAGES: Final = {"en": "English", "fr": "Français", "ar": "العربية"}
RIGHT_TO_LEFT: Final = frozenset({"ar"})

_WORDS: Final[dict[str, tuple[str, str, str]]] = {
    "site": ("Displacement releases", "Publications sur les déplacements", "إصدارات بيانات النزوح"),
    "tagline": (
        "Signed, anonymised figures from the missions",
        "Chiffres anonymisés et signés par les missions",
        "أرقام موقّعة ومجهّلة من البعثات",
    ),
    "skip": ("Skip to the content", "Aller au contenu", "انتقل إلى المحتوى"),
    "missions": ("Missions", "Missions", "البعثات"),
    "overview": ("Overview", "Vue d’ensemble", "نظرة عامة"),
    "tables": ("Tables", "Tableaux", "الجداول"),
    "latest": ("Latest release", "Dernière publication", "آخر إصدار"),
    "release": ("Release", "Publication", "الإصدار"),
    "releases": ("Releases", "Publications", "الإصدارات"),
    "round": ("Round", "Cycle", "الجولة"),
    "rounds": ("Rounds", "Cycles", "الجولات"),
    "verified": ("Signature verified", "Signature vérifiée", "تم التحقق من التوقيع"),
    "refused": ("Last pull refused", "Dernière récupération refusée", "رُفض آخر سحب"),
    "not_pulled": ("Not pulled yet", "Pas encore récupéré", "لم يُسحب بعد"),
    "refused_help": (
        "What was verified before is still shown. Reason:",
        "Ce qui a été vérifié auparavant reste affiché. Raison :",
        "ما تم التحقق منه سابقًا لا يزال معروضًا. السبب:",
    ),
    "empty_site": (
        "No mission is followed yet. Add one with: cairn hq add",
        "Aucune mission n’est suivie. Ajoutez-en une avec : cairn hq add",
        "لا توجد بعثات بعد. أضف واحدة بالأمر: cairn hq add",
    ),
    "empty_mission": (
        "Nothing was published yet. The next pull will show it here.",
        "Rien n’a encore été publié. La prochaine récupération l’affichera ici.",
        "لم يُنشر شيء بعد. سيظهر هنا بعد السحب القادم.",
    ),
    "map": ("Map", "Carte", "الخريطة"),
    "trend": ("Over the rounds", "Au fil des cycles", "عبر الجولات"),
    "pyramid": ("Sex and age", "Sexe et âge", "الجنس والعمر"),
    "breakdown": ("Breakdown", "Répartition", "التوزيع"),
    "table": ("Table", "Tableau", "الجدول"),
    "download": ("Download CSV", "Télécharger le CSV", "تنزيل CSV"),
    "download_signed": ("Signed file", "Fichier signé", "الملف الموقّع"),
    "provenance": ("Where these numbers come from", "Provenance des chiffres", "مصدر هذه الأرقام"),
    "issued": ("Issued", "Publié le", "تاريخ الإصدار"),
    "hash": ("Hash (SHA-256)", "Empreinte (SHA-256)", "البصمة (SHA-256)"),
    "root": ("Project root", "Racine du projet", "جذر المشروع"),
    "approved": ("Approved by", "Approuvé par", "اعتمده"),
    "class": ("Sensitivity class", "Classe de sensibilité", "فئة الحساسية"),
    "threshold": (
        "Counts below {persons} people, or from fewer than {households} households, are hidden.",
        "Les effectifs inférieurs à {persons} personnes, ou issus de moins de {households} "
        "ménages, sont masqués.",
        "تُحجب الأعداد التي تقل عن {persons} أشخاص أو تأتي من أقل من {households} أسر.",
    ),
    "audited": (
        "{targets} protected numbers were attacked {attacks} times, also with all earlier "
        "releases; none could be narrowed below the limit.",
        "{targets} nombres protégés ont été attaqués {attacks} fois, y compris avec les "
        "publications précédentes ; aucun n’a pu être cerné.",
        "هوجم {targets} رقمًا محميًا {attacks} مرة، ومع كل الإصدارات السابقة، ولم يُكشف أي منها.",
    ),
    "hidden": (
        "Hidden to protect people",
        "Masqué pour protéger les personnes",
        "محجوب لحماية الأشخاص",
    ),
    "no_data": ("No data", "Pas de données", "لا بيانات"),
    "total": ("Total", "Total", "المجموع"),
    "area": ("Area", "Zone", "المنطقة"),
    "carried": (
        "Unchanged since release {number}: newer records wait until they can be shown safely.",
        "Inchangé depuis la publication {number} : les données récentes attendent d’être montrées "
        "sans risque.",
        "دون تغيير منذ الإصدار {number}: تنتظر السجلات الأحدث حتى يمكن عرضها بأمان.",
    ),
    "stock": ("Stock at the time of the round", "Effectif au moment du cycle", "العدد وقت الجولة"),
    "flow": ("Observed in the round", "Observé pendant le cycle", "مرصود خلال الجولة"),
    "survey": ("Counted in the round", "Compté pendant le cycle", "محسوب خلال الجولة"),
    "persons": ("people", "personnes", "شخص"),
    "households": ("households", "ménages", "أسرة"),
    "locations": ("locations", "localités", "موقع"),
    "events": ("events", "événements", "حدث"),
    "amount": ("units", "unités", "وحدة"),
    "male": ("Male", "Masculin", "ذكر"),
    "female": ("Female", "Féminin", "أنثى"),
    "hidden_share": (
        "{hidden} of {all} numbers hidden",
        "{hidden} nombres masqués sur {all}",
        "{hidden} من {all} أرقام محجوبة",
    ),
    "show": ("Show", "Afficher", "عرض"),
    "foot": (
        "This site holds no personal data and no key. It runs no scripts and needs no internet.",
        "Ce site ne détient ni données personnelles ni clé. Il n’exécute aucun script et "
        "fonctionne sans internet.",
        "لا يحتوي هذا الموقع على بيانات شخصية ولا مفاتيح، ولا يشغّل أي برامج نصية ويعمل دون إنترنت.",
    ),
    "not_found": ("There is no such page.", "Cette page n’existe pas.", "لا توجد صفحة كهذه."),
    "others": ("Other", "Autres", "أخرى"),
}


def words_for(language: str) -> Mapping[str, str]:
    """Return every word of the site in one language."""
    place = list(LANGUAGES).index(language)
    return {key: texts[place] for key, texts in _WORDS.items()}


def pick(labels: Mapping[str, str], language: str, fallback: str = "") -> str:
    """Return a label in a language, else in English, else any."""
    return labels.get(language) or labels.get("en") or next(iter(labels.values()), fallback)


def number_text(value: float, language: str) -> str:
    """Write a number as readers of a language do: 12,345 or 12 345 or 12,345."""
    text = f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
    if language == "fr":
        return text.replace(",", "\u202f").replace(".", ",")
    return text
