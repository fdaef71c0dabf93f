"""One small parking office in four languages, with answers of known quality: the sanity sets of the offline judge."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class World:
    language: str
    contexts: tuple[str, ...]
    question: str
    reference: str
    grounded: str
    wrong_number: str
    contradicted: str
    unsupported: str
    refusal: str
    rude: str
    familiar: str
    courteous: str


ENGLISH = World(
    "en",
    (
        "The annual parking permit costs 45 euros. It is valid for twelve months and can be renewed online.",
        "Residents must show a proof of address. Permits are not refundable after the first month.",
    ),
    "How much is a parking permit and how long is it valid?",
    "The parking permit costs 45 euros a year and is valid for twelve months.",
    "The annual parking permit costs 45 euros and is valid for 12 months.",
    "The annual parking permit costs 60 euros and is valid for 12 months.",
    "Permits are refundable after the first month.",
    "Our swimming pool offers lessons to teenagers at the weekend.",
    "I'm sorry, I can't help with that.",
    "That is not my problem, you idiot. Read the website.",
    "lol dude, it's 45 euros, chill",
    "Thank you for your question. The permit costs 45 euros. Please let me know if you need more help.",
)
GERMAN = World(
    "de",
    (
        "Der Bewohnerparkausweis kostet 45 Euro im Jahr. Er gilt zwölf Monate und kann online verlängert werden.",
        "Eine Meldebescheinigung ist erforderlich. Die Gebühr wird nach dem ersten Monat nicht erstattet.",
    ),
    "Was kostet ein Parkausweis für Bewohner und wie lange gilt er?",
    "Der Bewohnerparkausweis kostet 45 Euro im Jahr und gilt zwölf Monate.",
    "Der Bewohnerparkausweis kostet 45 Euro pro Jahr und gilt 12 Monate.",
    "Der Bewohnerparkausweis kostet 60 Euro pro Jahr und gilt zwölf Monate.",
    "Die Gebühr wird nach dem ersten Monat erstattet.",
    "Hunde dürfen im Stadtpark ohne Leine laufen.",
    "Das weiß ich leider nicht. Ich kann Ihnen dabei nicht helfen.",
    "Das ist nicht mein Problem, du Idiot. Lies doch endlich die Webseite.",
    "Hey Digga, kostet 45 Euro, mega easy lol",
    "Vielen Dank für Ihre Frage. Der Ausweis kostet 45 Euro. Gern helfe ich Ihnen weiter.",
)
SPANISH = World(
    "es",
    (
        "El permiso anual de aparcamiento cuesta 45 euros. Es válido durante doce meses y se puede renovar en línea.",
        "Los residentes deben presentar un certificado. El permiso no es reembolsable después del primer mes.",
    ),
    "¿Cuánto cuesta el permiso de aparcamiento y cuánto dura?",
    "El permiso cuesta 45 euros al año y es válido doce meses.",
    "El permiso de aparcamiento cuesta 45 euros al año y es válido 12 meses.",
    "El permiso de aparcamiento cuesta 80 euros al año y es válido doce meses.",
    "El permiso es reembolsable después del primer mes.",
    "La piscina municipal ofrece cursos de natación para jóvenes.",
    "Lo siento, no puedo ayudarle con eso.",
    "No es mi problema, idiota. Lea la web de una vez.",
    "jaja tío, cuesta 45 euros, mola",
    "Gracias por su pregunta. El permiso cuesta 45 euros. Con gusto le ayudo.",
)
FRENCH = World(
    "fr",
    (
        "Le permis de stationnement annuel coûte 45 euros. Il est valable douze mois et peut être renouvelé en ligne.",
        "Les résidents doivent présenter un justificatif. Le permis n'est pas remboursable après le premier mois.",
    ),
    "Combien coûte le permis de stationnement et combien de temps est-il valable ?",
    "Le permis coûte 45 euros par an et il est valable douze mois.",
    "Le permis de stationnement coûte 45 euros par an et il est valable 12 mois.",
    "Le permis de stationnement coûte 80 euros par an et il est valable douze mois.",
    "Le permis est remboursable après le premier mois.",
    "La piscine municipale propose des cours de natation aux jeunes.",
    "Désolé, je ne peux pas vous aider.",
    "Ce n'est pas mon problème, imbécile. Lisez donc le site.",
    "mdr mec, c'est 45 euros, trop cool",
    "Merci pour votre question. Le permis coûte 45 euros. Je reste volontiers à votre disposition.",
)
WORLDS = (ENGLISH, GERMAN, SPANISH, FRENCH)
