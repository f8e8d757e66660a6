"""The preset dictionary for short texts: a form's words, then those of field notes (SEAL-071).

DEFLATE finds little to repeat in one record; a dictionary both ends can make gives it something to
refer to. It is part of the wire format: a changed byte here is a new format number in codec.py.
It holds no respondent data, ever.
"""

from collections.abc import Iterable
from typing import Final

DICTIONARY_BYTES_MAX: Final = 16 << 10


def dictionary(names: Iterable[str]) -> bytes:
    """Return the dictionary of a form: its choice names, then the common words, likeliest last."""
    own = " ".join(dict.fromkeys(names)).encode()
    room = DICTIONARY_BYTES_MAX - len(COMMON)
    return own[:room] + COMMON


COMMON: Final = (
    " في من على إلى عن مع هذا هذه التي الذي كان كانت لم ما أن لأن بعد قبل عند كل غير الماء"
    " المياه المدرسة الأطفال الطعام الغذاء المأوى الخيمة الصحة المستشفى العيادة الدواء الطريق"
    " الأمن السلامة النزوح نازحين النازحين العودة المنزل البيت الأسرة العائلة القرية المخيم"
    " المنطقة المدينة العمل المال المساعدة المساعدات توزيع يحتاج نحتاج لا يوجد مشكلة بسبب الحرب"
    " القتال الفيضانات الأمطار محمد أحمد علي حسن حسين فاطمة عائشة مريم el los las una del y a en"
    " por para con sin se su sus es son fue hay muy mas pero porque desde hasta entre sobre"
    " cuando donde agua escuela comida casa familia ninos hijos salud trabajo dinero ayuda"
    " necesita falta seguridad violencia barrio comunidad ciudad carretera medicinas refugio"
    " desplazados retorno frontera le la les un une des du de et est sont dans pour avec sans"
    " sur par pas ne que qui nous ils elle leur leurs cette ce ces aux plus depuis avant apres"
    " parce mais aussi besoin eau ecole école enfants nourriture maison abri famille sante santé"
    " hopital hôpital clinique medicaments médicaments travail argent aide route marche marché"
    " securite sécurité quartier déplacés retournés retour conflit inondations pluies manque"
    " accès personne personnes menage ménage femmes hommes jours mois problème bâches Mohammed"
    " Muhammad Mohamed Mohammad Ahmed Ahmad Ali Hassan Hussein Ibrahim Ismail Abdul Abdullah"
    " Abdi Omar Osman Yusuf Musa Moussa Amina Aisha Fatima Fatuma Fatouma Mariam Maryam Halima"
    " Khadija Zainab Hawa Mary Marie Grace Joseph Jean John Peter Pierre Paul Samuel Daniel"
    " David Sarah Ruth Esther Rose Maria Jose Juan Luis Carlos Ana January February March April"
    " June July August September October November December Monday Tuesday Wednesday Thursday"
    " Friday Saturday Sunday road street village camp site block zone sector district mosque"
    " church bridge river near behind next house number phone tel: +2 07 01 00 000 there are not"
    " enough they have been since last month year week day from before after because without"
    " with their which were would could should people person household households family"
    " families children women men mother father elderly pregnant disabled displaced returnees"
    " returned host community moved left arrived fled lost need needs needed no money to pay for"
    " school fees education teachers health clinic hospital medicine medicines treatment sick"
    " pain fever malaria cholera diarrhoea food prices maize rice seeds planting farm land goats"
    " cattle livestock died drought flood floods flooded rain rains rainy season water point"
    " borehole well pump broken latrine latrines toilet share shelter roof leaks tent tarpaulin"
    " plastic sheets blankets clothes kitchen jerrycans soap firewood fuel work job jobs income"
    " market access far walk hours distance transport safety security violence attack attacks"
    " fighting conflict armed police protection documents registration distribution assistance"
    " aid received cash respondent interview refused tired visit second again later noted"
    " observed consent said says asked that this is was and the"
    " "
).encode()
