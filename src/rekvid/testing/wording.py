"""Made-up titles, people and companies for slates and credits, in several languages and scripts."""

# ruff: noqa: RUF001 (letters that look like Latin ones are meant where they stand)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rekvid.testing.drawing import carries


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The words of a language.

    Attributes:
        first_names: Of people.
        last_names: Of people.
        roles: What people do, as credits call it.
        headings: What stands above a group of names.
        titles: Parts of the titles of programmes, in turn the first of one and the last.
        closing: Sentences at the foot of end credits.
        spaced: Whether words have spaces between them.
    """

    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    roles: tuple[str, ...]
    headings: tuple[str, ...]
    titles: tuple[str, ...]
    closing: tuple[str, ...]
    spaced: bool = True


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(","))


LANGUAGES: dict[str, Language] = {
    "en": Language(
        first_names=_words(
            "Alice, Benjamin, Carol, Dennis, Eleanor, Frank, Grace, Henry, Isla, Jonathan, Kate, Leo, Miriam, Nathan, "
            "Olivia, Peter, Quentin, Rose, Samuel, Theresa, Ursula, Victor, Wendy, Zachary, Amy, Bo, Christopher, Dee"
        ),
        last_names=_words(
            "Archer, Bellamy, Carter, Dunmore, Ellison, Fairbanks, Garland, Holloway, Ingram, Jacobs, Kensington, Lee, "
            "Marlowe, Novak, Oakes, Pemberton, Quinn, Ramsey, Sinclair, Thornton, Underhill, Vance, Wu, Young, O'Hara"
        ),
        roles=_words(
            "Director, Producer, Executive Producer, Editor, Director of Photography, Costume Designer, Gaffer, "
            "Key Grip, Best Boy, Sound Mixer, Boom Operator, Script Supervisor, Production Designer, Casting, "
            "Music by, Colourist, Stunts, Location Manager, Make-up, Set Decorator, First Assistant Director"
        ),
        headings=_words("CAST, CREW, SECOND UNIT, VISUAL EFFECTS, MUSIC, SPECIAL THANKS, POST PRODUCTION, STUNTS"),
        titles=_words(
            "The Last, Summer, A Distant, Winter, Harbour, Silent, Night, Garden, The Long, Road, Broken, River, "
            "Paper, Mountain, The Glass, Orchard, Midnight, Letters"
        ),
        closing=(
            "All characters are fictitious.",
            "No animals were harmed.",
            "All rights reserved.",
            "Filmed on location.",
            "The End",
        ),
    ),
    "de": Language(
        first_names=_words("Anna, Bernd, Clara, Dieter, Elke, Florian, Greta, Jürgen, Käthe, Lukas, Jörg, Sören"),
        last_names=_words("Bäcker, Fischer, Groß, Hübner, Krüger, Möller, Schäfer, Weiß, Zimmermann, Vogt, Lang, Ihle"),
        roles=_words("Regie, Drehbuch, Kamera, Schnitt, Ton, Kostüm, Maske, Szenenbild, Musik, Produktionsleitung"),
        headings=_words("BESETZUNG, STAB, MUSIK, WIR DANKEN, POSTPRODUKTION"),
        titles=_words("Der Letzte, Sommer, Die Stille, Straße, Das Grüne, Haus, Weiße, Nächte"),
        closing=("Alle Rechte vorbehalten.", "Gedreht im Frühjahr.", "Ende"),
    ),
    "fr": Language(
        first_names=_words("Amélie, Benoît, Chloé, Didier, Élodie, François, Hélène, Jérôme, Léa, Noël, Zoé, Luc"),
        last_names=_words("Béranger, Chevalier, Dupré, Fournier, Garçon, Lefèvre, Moreau, Perrault, Roux, Lenôtre"),
        roles=_words(
            "Réalisation, Scénario, Image, Montage, Son, Costumes, Décors, Musique, Régie générale, Maquillage"
        ),
        headings=_words("DISTRIBUTION, ÉQUIPE TECHNIQUE, MUSIQUES, REMERCIEMENTS, EFFETS SPÉCIAUX"),
        titles=_words("L'Été, Dernier, La Rivière, Oubliée, Le Jardin, Secret, Les Lettres, Perdues"),
        closing=("Tous droits réservés.", "Tourné en décors naturels.", "Fin"),
    ),
    "el": Language(
        first_names=_words("Αλέξης, Βασίλης, Γιώργος, Δήμητρα, Ελένη, Ζωή, Θανάσης, Ιωάννα, Κώστας, Μαρία"),
        last_names=_words("Αγγέλου, Βλάχος, Γεωργίου, Δημητρίου, Κωνσταντίνου, Λάμπρου, Νικολάου, Παππάς"),
        roles=_words("Σκηνοθεσία, Σενάριο, Φωτογραφία, Μοντάζ, Ήχος, Κοστούμια, Μουσική, Παραγωγή"),
        headings=_words("ΗΘΟΠΟΙΟΙ, ΣΥΝΕΡΓΕΙΟ, ΜΟΥΣΙΚΗ, ΕΥΧΑΡΙΣΤΙΕΣ"),
        titles=_words("Το Τελευταίο, Καλοκαίρι, Η Μεγάλη, Θάλασσα, Ο Μακρύς, Δρόμος"),
        closing=("Τέλος",),
    ),
    "ru": Language(
        first_names=_words("Анна, Борис, Вера, Григорий, Дмитрий, Елена, Иван, Мария, Николай, Ольга, Павел, Юлия"),
        last_names=_words("Беляев, Волков, Громов, Журавлёв, Зайцев, Кузнецов, Орлов, Соколов, Щербаков"),
        roles=_words("Режиссёр, Сценарий, Оператор, Монтаж, Звук, Костюмы, Композитор, Продюсер, Грим"),
        headings=_words("В РОЛЯХ, СЪЁМОЧНАЯ ГРУППА, МУЗЫКА, БЛАГОДАРНОСТИ"),
        titles=_words("Последнее, Лето, Тихая, Река, Зимний, Вечер"),
        closing=("Конец",),
    ),
    "ja": Language(
        first_names=_words("明, 恵子, 健一, 里美, 大輔, 陽子, 直樹, 由美"),
        last_names=_words("青木, 石川, 上田, 加藤, 佐藤, 高橋, 中村, 山本, 渡辺"),
        roles=_words("監督, 脚本, 撮影, 照明, 録音, 美術, 編集, 音楽, 衣装"),
        headings=_words("出演, 製作, 音楽, 協力"),
        titles=_words("最後の, 夏, 静かな, 川, 夜の, 手紙"),
        closing=("終", "おわり"),
        spaced=False,
    ),
}
"""By their ISO 639-1 codes."""

_COMPANIES = _words(
    "Blue Door, Northlight, Kestrel, Old Mill, Tall Ship, Lantern, Copper Fox, Atlas, Ninth Street, Ember"
)
_COMPANY_KINDS = _words("Pictures, Films, Productions, Television, Media, Studios, Entertainment")


def language_for(face: Path | None, generator: np.random.Generator, wanted: Sequence[str] = ()) -> Language:
    """One of the languages that a font can write, English half the time.

    Args:
        face: The font's file; None for the font that comes with Pillow, which writes English only.
        generator: The source of chance.
        wanted: Codes of languages to choose among; all when there are none.

    Raises:
        ValueError: None of the wanted languages can be written with this font, or a code is unknown.
    """
    unknown = set(wanted) - LANGUAGES.keys()
    if unknown:
        raise ValueError(
            f"languages={tuple(wanted)!r}: {', '.join(sorted(unknown))} is not one of {', '.join(LANGUAGES)}"
        )
    codes = [code for code in wanted or LANGUAGES if carries(face, _letters(LANGUAGES[code]))]
    if not codes:
        raise ValueError(
            f"languages={tuple(wanted)!r}: the font {face or 'of Pillow'} lacks their letters; name another"
        )
    if "en" in codes and generator.random() < 0.5:
        return LANGUAGES["en"]
    return LANGUAGES[codes[int(generator.integers(len(codes)))]]


def _letters(language: Language) -> str:
    parts = (language.first_names, language.last_names, language.roles, language.headings, language.titles)
    return "".join(sorted(set("".join(word for part in (*parts, language.closing) for word in part))))


class Wording:
    """Makes up what stands on slates and in credits.

    Args:
        language: The words to make it of.
        generator: The source of chance.
    """

    def __init__(self, language: Language, generator: np.random.Generator) -> None:
        self._language = language
        self._generator = generator
        self._space = " " if language.spaced else ""

    def one(self, words: Sequence[str]) -> str:
        """One of `words`."""
        return words[int(self._generator.integers(len(words)))]

    def number(self, least: int, most: int) -> int:
        """A number from `least` to `most`, both included."""
        return int(self._generator.integers(least, most + 1))

    def person(self) -> str:
        """A person's full name; Japanese names have the family's first."""
        names = [self.one(self._language.first_names), self.one(self._language.last_names)]
        return self._space.join(names if self._language.spaced else reversed(names))

    def role(self) -> str:
        """What a person does."""
        return self.one(self._language.roles)

    def heading(self) -> str:
        """What stands above a group of names."""
        return self.one(self._language.headings)

    def title(self) -> str:
        """The title of a programme."""
        return self._space.join((self.one(self._language.titles[::2]), self.one(self._language.titles[1::2])))

    def closing(self) -> str:
        """A sentence at the foot of end credits."""
        return self.one(self._language.closing)

    def company(self) -> str:
        """A production company; these are English everywhere."""
        return f"{self.one(_COMPANIES)} {self.one(_COMPANY_KINDS)}"

    def date(self) -> str:
        """A date in one of the usual forms."""
        day, month, year = self.number(1, 28), self.number(1, 12), self.number(1996, 2025)
        return self.one((f"{day:02}/{month:02}/{year}", f"{year}-{month:02}-{day:02}", f"{day}.{month}.{year}"))


SENTENCES: tuple[str, ...] = (
    "I never said that I would come back.",
    "Where were you last night?",
    "The train leaves in ten minutes.",
    "You should have told me before.",
    "It was raining when we left the house.",
    "- Who is there? - It's only me.",
    "Nobody has lived here for years.",
    "Ministers meet again on Thursday to settle the budget",
    "Heavy rain is expected along the coast until the weekend",
    "Trading closed half a per cent higher",
    "The bridge will be shut for repairs from Monday",
    "Visitors may enter the museum free of charge",
)
"""What is said in subtitles, and reported in a news ticker."""

SIGNS: tuple[str, ...] = ("HOTEL", "CAFE", "SALE", "OPEN", "EXIT", "Bakery", "PARKING", "Platform 4", "Books", "MARKET")
"""What stands on signs and posters."""
