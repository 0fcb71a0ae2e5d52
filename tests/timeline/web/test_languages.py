"""The interface in each of its languages, and in one that shows what was forgotten."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from itertools import product
from pathlib import Path
from string import Formatter, ascii_letters
from typing import Any, TypeAlias, TypeVar

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree, html

from events.dates import words as date_words
from events.model import Json
from tests import catalogue
from timeline.app import create_app
from timeline.config import LANGUAGES, Settings, SettingsError
from timeline.feeds import items, summary_html
from timeline.projections import State
from timeline.schemas import parse_append
from timeline.service import Timeline
from timeline.tellings import words as tellings
from timeline.web.pages.languages import Languages, load_languages
from timeline.web.pages.words import plain_words

Element: TypeAlias = Any
"""Of lxml, whose stubs know little of HTML."""

CATALOGUES = pytest.mark.parametrize(
    "path", catalogue.catalogues(), ids=lambda path: path.parent.parent.name
)

_Key = TypeVar("_Key")

PSEUDO = "qps"
"""A private-use code (ISO 639-2), for a language that only tests speak."""

_ACCENTED = str.maketrans(
    ascii_letters,
    "ȧƀƈḓḗƒɠħīĵķŀḿƞǿƥɋřşŧŭṽẇẋẏẑȦƁƇḒḖƑƓĦĪĴĶĿḾȠǾƤɊŘŞŦŬṼẆẊẎẐ",
)
_KEPT = re.compile(r"(<code>.*?</code>|<[^>]+>|&\w+;|%\(\w+\)s|%%|\{\w*\})")


def accented(words: str) -> str:
    """*words* that a person can read, and that no English word is like."""
    pieces = _KEPT.split(words)
    pieces[::2] = [piece.translate(_ACCENTED) for piece in pieces[::2]]
    return "".join(pieces)


def all_accented(words: Mapping[_Key, str]) -> dict[_Key, str]:
    return {key: accented(one) for key, one in words.items()}


class PseudoTranslations(NullTranslations):
    """Everything is translated."""

    def gettext(self, message: str) -> str:
        return f"⟦{accented(message)}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


# -- the catalogues ------------------------------------------------------------------


def test_there_is_a_catalogue_for_every_language_but_english() -> None:
    """Beside tables of dates, of tellings and of the feeds, as each is pure."""
    names = {path.parent.parent.name for path in catalogue.catalogues()}
    assert {*LANGUAGES} == {"en", *names}
    assert date_words._LANGUAGES.keys() == {*LANGUAGES}
    assert items._WORDS.keys() == {*LANGUAGES}
    assert tellings._LANGUAGES.keys() == {*LANGUAGES}
    with pytest.raises(SettingsError, match="TIMELINE_LANG must be en or it"):
        Settings.from_env({"TIMELINE_LANG": "fr"})
    assert Settings.from_env({"TIMELINE_LANG": "it"}).lang == "it"


@CATALOGUES
def test_the_catalogue_says_all_that_the_interface_says_and_no_more(
    path: Path,
) -> None:
    """Else: ``python -m tests.catalogue`` and translate what it lists."""
    known = catalogue.read(path)
    said = {one.id for one in known if one.id}

    assert said == catalogue.messages().keys()
    assert not known.obsolete
    assert [one.id for one in known if one.fuzzy and one.id] == []
    assert [one.id for one in known if one.id and catalogue.empty(one.string)] == []


@CATALOGUES
def test_the_compiled_catalogue_is_that_of_the_source(path: Path) -> None:
    """It is committed, so that installing needs no build step."""
    fresh = GNUTranslations(BytesIO(catalogue.compiled(catalogue.read(path))))
    with path.with_suffix(".mo").open("rb") as file:
        shipped = GNUTranslations(file)

    # But for the header, which names the version of Babel.
    without = {"": None}
    assert {**shipped._catalog, **without} == {**fresh._catalog, **without}  # type: ignore[attr-defined]
    assert shipped.ngettext("{n} day", "{n} days", 2)


@CATALOGUES
def test_translations_fill_in_no_other_values(path: Path) -> None:
    def values(words: str) -> set[str]:
        named = set(re.findall(r"%\((\w+)\)s", words))
        return named | {name for _, name, _, _ in Formatter().parse(words) if name}

    for one in catalogue.read(path):
        if not one.id:
            continue
        sources = [one.id] if isinstance(one.id, str) else list(one.id)
        strings = (
            [one.string] if isinstance(one.string, str) else list(one.string or ())
        )
        known = set().union(*map(values, sources))
        for string in strings:
            # A language may do without a value: "that month has 28 days".
            assert values(string) <= known, one.id
            tags = [re.findall(r"<(/?\w+)", words) for words in (sources[0], string)]
            assert tags[0] == tags[1], one.id
            assert string == string.strip(), one.id


@pytest.mark.parametrize("lang", LANGUAGES)
def test_pages_and_feeds_use_the_same_words(lang: str) -> None:
    """The feeds are pure, so their table is their own."""
    reader = load_languages("en").reader(lang)
    told = items._WORDS[lang]

    assert told.endings == {
        State.CANCELLED: reader.say("Cancelled"),
        State.RETRACTED: reader.say("Retracted"),
    }
    assert told.promised == reader.say("Promised")
    assert (told.sources, told.media) == (reader.say("Sources"), reader.say("Media"))


# -- every page ----------------------------------------------------------------------

STORY = files("events") / "seed" / "story.json"

# What one argument of a route stands for, whatever the route: every mixture is asked.
EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "entry": ("moon", "mars"),
    "filename": ("timeline.css",),
    "name": ("moon", "mars", "waic-2025", "space", "gone", "nope"),
    "number": ("0",),
    "position": ("1",),
    "view": ("space",),
}

# More of what a page can be than its path tells.
ADDRESSES = [
    "/?category=export-controls&actor=Huawei&place=China&tag=chips&state=happened",
    *(f"/?state={state}" for state in State),
    "/?from=2025-02&to=2025&order=asc",
    "/?actor=Nobody",
    "/?q=Huawei&from=2019",
    '/?q="Huawei',
    "/?q=Nobody",
    "/?at=Nobody",
    "/?order=x&lang=!&cursor=x&category=A&place=%00&tag=+",
    "/?from=2025-02-30&to=2025-10-01/..",
    "/?from=never",
    "/?from=25/12/2025",
    "/?as_of=1",
    "/views?lang=!",
    "/entries/moon?lang=!",
    "/nothing",
]

ATTRIBUTES = ("aria-label", "title", "alt", "placeholder", "content")
NAMES = (
    "Atom",
    "RSS",
    "JSON",
    "JSON Feed",
    "iCalendar",
    "Google",
    "Apple",
    "Outlook",
    "Thunderbird",
    "EDTF",
    "UTC",
    "U+0000",
    "English",
    "Italiano",
    "Deutsch",
    "Français",
    PSEUDO,
)
KEYS = (
    "Nobody",
    "as_of",
    "category",
    "cursor",
    "lang",
    "order",
    "place",
    "tag",
    "desc",
    "asc",
)


def happenings() -> list[dict[str, Any]]:
    """One of each thing that can happen to an entry, beside the bundled story."""

    def event(kind: str, entry: str, **data: Any) -> dict[str, Any]:
        return {"type": f"entry-{kind}", "entry": entry, "data": data}

    def recorded(entry: str, occurred: str, **data: Any) -> dict[str, Any]:
        title = f"{entry.capitalize()} in the news"
        return event("recorded", entry, title=title, occurred=occurred, **data)

    return [
        recorded(
            "moon",
            "2025~",
            lang="fr",
            summary="Une *lune*.",
            translations={PSEUDO: {"title": "Moonward"}, "de": {"title": "Mond"}},
            category="space",
            actors=["NASA"],
            places=["China"],
            tags=["chips"],
            scope="World",
            links=[
                {"rel": rel, "entry": other}
                for rel in ("amends", "follows", "part-of", "rescinds", "suspends")
                for other in ("mars", "venus")
            ],
            media=[{"url": "https://example.org/a", "alt": "Film", "credit": "ESA"}],
            sources=[{"url": "https://example.org/b", "publisher": "Le Monde"}],
        ),
        recorded("mars", "../2027-12-31", awaited=True, category="space"),
        event("revised", "mars", changes={"occurred": "../2028-06"}, reason="Late"),
        event("revised", "mars", changes={"occurred": "2028-01/2028-06"}),
        event(
            "corrected",
            "mars",
            changes={"summary": "New", "tags": ["chips"], "importance": 5},
            reason="Wrong",
        ),
        event("corrected", "mars", changes={"title": "Mars again"}, reason="Wrong"),
        event("postponed", "mars", reason="Dust"),
        recorded("venus", "2025-36", awaited=True),
        event("cancelled", "venus", reason="Heat"),
        recorded("comet", "2027", awaited=True),
        event("fulfilled", "comet", occurred="2026-11"),
        recorded("hoax", "2024-XX"),
        event("retracted", "hoax", reason="Never so"),
        recorded("fair", "2026-11-20/2026-11-30"),
        recorded("past", "../2020-12-31", awaited=True),
        {
            "type": "view-defined",
            "data": {
                "name": "space",
                "title": "In space",
                "description": "Beyond.",
                "filter": {"category": ["space"]},
            },
        },
        {
            "type": "view-defined",
            "data": {"name": "gone", "title": "Gone by", "filter": {"tag": ["chips"]}},
        },
        {"type": "view-removed", "data": {"name": "gone"}},
    ]


@pytest.fixture
def told(timeline: Timeline) -> list[dict[str, Any]]:
    """All sorts of events are in the log; what they say."""
    events = happenings()
    story = STORY.read_bytes()
    timeline.append(parse_append(story)[0], author="Seed")
    for one in events:
        timeline.append(parse_append(json.dumps(one).encode())[0], author="Desk")
    return [*json.loads(story), *events]


@pytest.fixture
def pseudo(timeline: Timeline, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The service in a language in which everything said is accented."""
    english = date_words._ENGLISH

    def noun(one: date_words._Noun) -> date_words._Noun:
        return replace(one, words=accented(one.words))

    table = replace(
        english,
        months=tuple(map(noun, english.months)),
        articles={
            key: {name: accented(word) for name, word in forms.items()}
            for key, forms in english.articles.items()
        },
        parts={kind: tuple(map(noun, nouns)) for kind, nouns in english.parts.items()},
        decade=noun(english.decade),
        templates={key: accented(one) for key, one in english.templates.items()},
    )
    monkeypatch.setitem(date_words._LANGUAGES, PSEUDO, table)
    monkeypatch.setitem(
        tellings._LANGUAGES,
        PSEUDO,
        replace(
            tellings._ENGLISH,
            standings=all_accented(tellings._ENGLISH.standings),
            revisions=all_accented(tellings._ENGLISH.revisions),
            templates=all_accented(tellings._ENGLISH.templates),
        ),
    )
    catalogues = {PSEUDO: PseudoTranslations(), "en": NullTranslations()}
    app = create_app(timeline=timeline, languages=Languages(PSEUDO, catalogues))
    app.testing = True
    return app


def addresses(app: Flask) -> list[str]:
    """Some of every route that a person may open."""
    found = [*ADDRESSES]
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.rule.startswith("/api/"):
            continue
        unknown = rule.arguments - EXAMPLES.keys()
        assert not unknown, f"{rule.rule}: give an example of {unknown} in EXAMPLES"
        names = sorted(rule.arguments)
        build = app.url_map.bind("localhost").build
        found += [
            build(rule.endpoint, dict(zip(names, values, strict=True)))
            for values in product(*(EXAMPLES[name] for name in names))
        ]
    return found


def parsed(text: str) -> Element:
    return html.document_fromstring(text)


def pages(app: Flask) -> Iterator[tuple[str, Element]]:
    """Every page with its address."""
    client = app.test_client()
    for address in addresses(app):
        response = client.get(address, buffered=True)
        assert response.status_code < 500, address
        if response.mimetype == "text/html":
            yield address, parsed(response.get_data(as_text=True))


def strings(value: Json) -> Iterator[str]:
    """All text in *value*."""
    match value:
        case str():
            yield value
        case Mapping():
            for one in value.values():
                yield from strings(one)
        case list():
            for one in value:
                yield from strings(one)


def content(told: list[dict[str, Any]], settings: Settings) -> Callable[[str], str]:
    """What is left of a text without all that is not ours to translate."""
    own = {settings.title, "Seed", "Desk", *NAMES, *KEYS, *State, *EXAMPLES["name"]}
    for text in strings(told):
        shown = html.fragment_fromstring(summary_html(text), create_parent=True)
        own |= {text, plain_words(text), *map(spaced, shown.itertext())}
    longest = sorted({spaced(one) for one in own} - {""}, key=len, reverse=True)
    ours = re.compile("|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in longest))
    everything = "\n".join(longest)

    def rest(text: str) -> str:
        # What a search found is told by an excerpt.
        if "…" in text and text.strip("… ") in everything:
            return ""
        return ours.sub("", re.sub(r"https?://\S+", "", text))

    return rest


def spaced(text: str) -> str:
    return " ".join(text.split())


def said(tree: Element) -> Iterator[str]:
    """All text that a person sees or hears."""
    etree.strip_tags(tree, "mark")
    for element in tree.iter():
        if not isinstance(element.tag, str) or element.tag in ("script", "style"):
            continue
        for name in ATTRIBUTES:
            value = element.get(name, "")
            # A description may be cut in the middle of what it quotes.
            if name != "content" or (
                element.get("name") == "description" and not value.endswith("…")
            ):
                yield spaced(value)
        if element.tag not in ("code", "kbd") and element.get("class") != "paper":
            yield spaced(element.text or "")
        for child in element:
            yield spaced(child.tail or "")


def test_nothing_is_left_untranslated(
    pseudo: Flask, told: list[dict[str, Any]], settings: Settings
) -> None:
    """In every page there is, also in one that was added today."""
    rest = content(told, settings)
    texts: dict[str, set[str]] = {}
    seen = set()

    for address, tree in pages(pseudo):
        seen.add(address.partition("?")[0])
        for text in said(tree):
            texts.setdefault(text, set()).add(address)
    forgotten = {
        text: where
        for text, where in texts.items()
        if re.search("[A-Za-z]", text) and re.search("[A-Za-z]", rest(text))
    }

    assert forgotten == {}
    assert {"/", "/views", "/views/space", "/entries/mars", "/nothing"} <= seen


def test_every_page_tells_its_language_and_offers_the_others(
    app: Flask, told: list[dict[str, Any]]
) -> None:
    """With the path and the query as they are."""
    for address, tree in pages(app):
        path, _, query = address.partition("?")
        assert (tree.get("lang"), tree.get("dir")) == ("en", "ltr")
        switch = tree.xpath("//ul[contains(@class, 'languages')]//a")
        assert [(a.text, a.get("hreflang")) for a in switch] == [
            ("English", "en"),
            ("Italiano", "it"),
        ]
        assert all(a.get("lang") == a.get("hreflang") for a in switch)
        assert [a.get("aria-current") for a in switch] == ["true", None]
        href = switch[1].get("href")
        assert href.partition("?")[0] == path
        assert href.endswith("lang=it")
        for part in query.split("&"):
            name, _, value = part.partition("=")
            assert name == "lang" or not value or f"{name}=" in href, address


def test_a_page_in_italian_leads_to_italian_pages_and_feeds(
    app: Flask, told: list[dict[str, Any]]
) -> None:
    """Except where it offers another language."""
    client = app.test_client()
    for address in addresses(app):
        joined = "&" if "?" in address else "?"
        if "lang=" in address:
            continue
        response = client.get(f"{address}{joined}lang=it", buffered=True)
        if response.mimetype != "text/html":
            continue
        tree = parsed(response.get_data(as_text=True))
        assert tree.get("lang") == "it", address
        links = tree.xpath("//*[not(@hreflang)]/@href")
        inside = {
            one
            for one in links
            if one.startswith("/") and not one.startswith(("/static/", "/api/"))
        }
        assert len(inside) > 3
        assert [one for one in inside if "lang=it" not in one] == [], address


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (
            "/views/waic-2025?actor=Huawei&lang=it",
            {
                "en": "https://timeline.example/views/waic-2025?actor=Huawei",
                "it": "https://timeline.example/views/waic-2025?actor=Huawei&lang=it",
                "x-default": "https://timeline.example/views/waic-2025?actor=Huawei",
            },
        ),
        (
            "/entries/moon?lang=fr",
            {
                "en": "https://timeline.example/entries/moon",
                "it": "https://timeline.example/entries/moon?lang=it",
                "x-default": "https://timeline.example/entries/moon",
            },
        ),
    ],
)
def test_the_head_names_the_page_in_each_language(
    client: FlaskClient,
    told: list[dict[str, Any]],
    address: str,
    expected: dict[str, str],
) -> None:
    tree = parsed(client.get(address).get_data(as_text=True))

    links = tree.xpath("//head/link[@rel='alternate' and @hreflang]")

    assert {one.get("hreflang"): one.get("href") for one in links} == expected


def test_an_original_is_shown_in_a_language_that_the_interface_does_not_speak(
    client: FlaskClient, told: list[dict[str, Any]]
) -> None:
    """One click from every translation, and marked as what it is."""
    answer = client.get("/entries/moon?lang=de")
    tree = parsed(answer.get_data(as_text=True))

    assert (tree.get("lang"), answer.headers["Content-Language"]) == ("en", "en")
    (title,) = tree.xpath("//h1/*")
    assert (title.text, title.get("lang"), title.get("dir")) == ("Mond", "de", "auto")
    original = tree.xpath("//header//a[@hreflang='fr']")
    assert [one.text_content() for one in original] == ["Français (original)"]


def test_what_is_wrong_is_said_in_the_readers_language(client: FlaskClient) -> None:
    """To programs in English, which whoever writes them looks up."""
    for address, words in {
        "/?from=2025-02-30&lang=it": "Il mese di febbraio 2025 ha 28 giorni, non 30.",
        "/?order=x&lang=it": "Serve uno di questi valori: asc, desc.",
        "/views/nope?lang=it": "La sezione «nope» non esiste.",
        "/nothing?lang=it": "Qui non c’è nulla",
        "/views?lang=it&order=x": "Un parametro è sbagliato",
    }.items():
        assert words in client.get(address).get_data(as_text=True), address
    problem = client.get("/api/entries?from=2025-02-30&lang=it").get_json()
    assert problem["title"] == "A parameter is wrong"
    assert problem["detail"].startswith("February 2025 has 28 days, not 30.")


def test_right_to_left_pages_are_laid_out_from_the_right(timeline: Timeline) -> None:
    """None is offered yet; the sheet names no left and no right."""
    arabic = Languages("ar", {"ar": NullTranslations()})
    app = create_app(timeline=timeline, languages=arabic)
    for path in ("/", "/nothing"):
        page = app.test_client().get(path).get_data(as_text=True)
        tree = parsed(page)
        assert (tree.get("lang"), tree.get("dir")) == ("ar", "rtl")

    sheet = (files("timeline") / "static" / "timeline.css").read_text()
    plain = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    # A list that overflows, or what is drawn beside, may have a rule for each.
    plain = re.sub(r"[^{}]*:dir\(rtl\)[^{}]*\{[^{}]*\}", "", plain)
    assert re.findall(r"[^;{}]*\b(?:left|right)\b[^;{}]*", plain) == []
    for shorthand in re.findall(r"(?:margin|padding|inset):\s*([^;}]+)", plain):
        sides = re.sub(r"\([^()]*(?:\([^()]*\)[^()]*)*\)", "()", shorthand).split()
        assert len(sides) < 4 or sides[1] == sides[3], shorthand


def test_a_reader_who_asks_for_nothing_gets_the_sites_language(
    timeline: Timeline,
) -> None:
    """Whatever a browser says of itself: one address, one page."""
    app = create_app(timeline=timeline, languages=load_languages("it"))
    accept = {"Accept-Language": "en"}
    page = app.test_client().get("/views", headers=accept).get_data(as_text=True)
    tree = parsed(page)

    assert tree.get("lang") == "it"
    switch = tree.xpath("//ul[contains(@class, 'languages')]//a/@href")
    assert switch == ["/views?lang=en", "/views"]
