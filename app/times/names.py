"""Names of months and days as times are written with them, in the languages of those who configure a logger."""

from __future__ import annotations

#: Months by their number: English, German, French, Spanish, Italian, Portuguese, Dutch and Arabic names, in lower case.
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janv janvier ene enero gen gennaio janeiro januari يناير",
            "feb february februar févr février febrero febbraio fev fevereiro februari فبراير",
            "mar march mär märz mars marzo março mrt maart مارس",
            "apr april avr avril abr abril aprile أبريل",
            "may mai mayo mag maggio maio mei مايو",
            "jun june juni juin junio giu giugno junho يونيو",
            "jul july juli juil juillet julio lug luglio julho يوليو",
            "aug august août ago agosto augustus أغسطس",
            "sep sept september septembre septiembre set settembre setembro سبتمبر",
            "oct october okt oktober octobre octubre ott ottobre out outubro أكتوبر",
            "nov november novembre noviembre novembro نوفمبر",
            "dec december dez dezember déc décembre dic diciembre dicembre dezembro ديسمبر",
        ),
        1,
    )
    for name in names.split()
}

#: Days of the week, whole and short: English, German, French, Spanish, Italian, Portuguese, Dutch, Danish, Swedish, Polish, Russian and Arabic names, in lower case.
DAYS = frozenset(
    name
    for names in (
        "sun mon tue tues wed thu thur thurs fri sat sunday monday tuesday wednesday thursday friday saturday",
        "so mo di mi do fr sa sonntag montag dienstag mittwoch donnerstag freitag samstag sonnabend",
        "dim lun mar mer jeu ven sam dimanche lundi mardi mercredi jeudi vendredi samedi",
        "dom mié mie jue vie sáb sab domingo lunes martes miércoles jueves viernes sábado",
        "gio domenica lunedì martedì mercoledì giovedì venerdì sabato",
        "seg ter qua qui sex segunda terça quarta quinta sexta",
        "man tir tor lør søn mandag tirsdag lørdag søndag",
        "zo ma wo vr za zondag maandag dinsdag woensdag donderdag vrijdag zaterdag",
        "sön mån tis ons tor fre lör söndag måndag tisdag onsdag torsdag fredag lördag",
        "nie pon wto śro czw pią sob niedziela poniedziałek wtorek środa czwartek piątek sobota",
        "вс пн вт ср чт пт сб воскресенье понедельник вторник среда четверг пятница суббота",
        "الأحد الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت",
    )
    for name in names.split()
)
