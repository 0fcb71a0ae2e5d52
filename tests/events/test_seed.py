"""The bundled story tells what its source told, each statement by its number.

The source is an Italian article of 28 July 2025, the closing day of the World
Artificial Intelligence Conference. S1 to S16 are what it says that can be dated.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import pytest

from events.model import EntryCorrected, EntryRecorded, EntryRevised, RecordedEvent
from tests.builders import FixedClock
from timeline.app import open_timeline
from timeline.config import Settings
from timeline.projections import Entry, State
from timeline.schemas import parse_append, parse_filter
from timeline.service import Timeline

STORY = (files("events") / "seed" / "story.json").read_bytes()

_ARTICLE_DAY = "2025-07-28"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """An entry and what it has to state.

    Attributes:
        occurred: EDTF, as first recorded.
        said: Day a source made it public, as first recorded.
        now_occurred, now_said: After all events; empty: as first recorded.
        names: Stand in title or summary, in both languages.
        english, italian: Words of title or summary.
    """

    entry: str
    occurred: str
    said: str
    now_occurred: str = ""
    now_said: str = ""
    actors: Sequence[str] = ()
    places: Sequence[str] = ()
    names: Sequence[str] = ()
    english: Sequence[str] = ()
    italian: Sequence[str] = ()


_WAIC_DAYS = "2025-07-26/2025-07-28"

_LIMITS = Telling(
    entry="us-chip-limits",
    occurred="2022-10-07/..",
    said=_ARTICLE_DAY,
    actors=["Nvidia"],
    places=["China", "United States"],
    names=["Nvidia"],
    english=["most advanced chips made with US technology", "graphics processors"],
    italian=["chip più evoluti prodotti con tecnologia statunitense"],
)

_ALLIANCE = Telling(
    entry="model-chip-alliance",
    occurred=_WAIC_DAYS,
    said=_ARTICLE_DAY,
    actors=["Enflame", "Zhao Lidong", "Huawei", "Biren", "Moore Threads"],
    places=["Shanghai"],
    names=["Model-Chip Ecosystem Innovation Alliance", "Zhao Lidong", "Enflame"],
    english=["GPUs", "language models", "integrated chain", "platforms"],
    italian=["GPU", "LLM", "catena tecnologica integrata", "piattaforme"],
)

_COMMITTEE = Telling(
    entry="shanghai-ai-committee",
    occurred=_WAIC_DAYS,
    said=_ARTICLE_DAY,
    actors=["SenseTime", "StepFun", "MiniMax", "MetaX", "Iluvatar CoreX"],
    places=["Shanghai"],
    names=["SenseTime", "StepFun", "MiniMax", "MetaX", "Iluvatar CoreX"],
    english=["Shanghai General Chamber of Commerce", "AI Committee", "industry"],
    italian=["Camera generale del commercio di Shanghai", "Comitato AI", "produzione"],
)

STATEMENTS: Mapping[str, Sequence[Telling]] = {
    "S1": [
        Telling(
            entry="waic-2025",
            occurred=_WAIC_DAYS,
            said="2025-07-26",
            places=["Shanghai"],
            names=["World Artificial Intelligence Conference", "Shanghai"],
        )
    ],
    "S2": [_LIMITS],
    "S3": [_LIMITS],
    "S4": [_ALLIANCE],
    "S5": [_ALLIANCE],
    "S6": [
        Telling(
            entry="huawei-entity-list",
            occurred="2019-05-16T16:15:00-04:00",
            said="2019-05-16",
            actors=["Huawei"],
            names=["Huawei", "Entity List"],
        ),
        Telling(
            entry="biren-moore-threads-entity-list",
            occurred="2023-10-17",
            said="2023-10-17",
            actors=["Biren", "Moore Threads"],
            names=["Biren", "Moore Threads", "Entity List"],
        ),
        Telling(
            entry="model-chip-alliance",
            occurred=_WAIC_DAYS,
            said=_ARTICLE_DAY,
            names=["Huawei", "Biren", "Moore Threads"],
            english=["under US sanctions"],
            italian=["colpite dalle sanzioni statunitensi"],
        ),
    ],
    "S7": [_COMMITTEE],
    "S8": [
        Telling(
            entry="sensetime-turns-to-llms",
            occurred="2019-10/..",
            said=_ARTICLE_DAY,
            actors=["SenseTime"],
            names=["SenseTime"],
            english=["language models", "face recognition", "does not say when"],
            italian=[
                "modelli linguistici",
                "riconoscimento facciale",
                "non dice quando",
            ],
        ),
        Telling(
            entry="sensetime-entity-list",
            occurred="2019-10-09",
            said="2019-10-09",
            actors=["SenseTime"],
            names=["SenseTime", "Entity List"],
            english=["face recognition"],
            italian=["riconoscimento facciale"],
        ),
    ],
    "S9": [_COMMITTEE],
    "S10": [
        Telling(
            entry="cloudmatrix-384-shown",
            occurred=_WAIC_DAYS,
            said=_ARTICLE_DAY,
            now_occurred="2025-07-26",
            now_said="2025-07-26",
            actors=["Huawei"],
            places=["Shanghai"],
            names=["Huawei", "CloudMatrix 384", "910C"],
            english=["384 chips"],
            italian=["384 chip"],
        ),
        Telling(
            entry="cloudmatrix-384-announced",
            occurred="2025-04-10",
            said="2025-04-10",
            actors=["Huawei"],
            places=["Wuhu"],
            names=["CloudMatrix 384"],
            english=["384 Ascend chips"],
            italian=["384 chip Ascend"],
        ),
    ],
    "S11": [
        Telling(
            entry="semianalysis-cloudmatrix",
            occurred="2025-04-16",
            said="2025-04-16",
            actors=["SemiAnalysis", "Huawei", "Nvidia"],
            names=["SemiAnalysis", "CloudMatrix 384", "GB200 NVL72"],
            english=["on some measures"],
            italian=["in alcune metriche"],
        )
    ],
    "S12": [
        Telling(
            entry="metax-c550-supernode",
            occurred=_WAIC_DAYS,
            said=_ARTICLE_DAY,
            actors=["MetaX"],
            places=["Shanghai"],
            names=["MetaX", "128", "C550"],
            english=["supernode", "liquid cooling"],
            italian=["supernodo", "raffreddamento a liquido"],
        )
    ],
    "S13": [
        Telling(
            entry="hunyuan3d-world-model",
            occurred="[2025-07-26,2025-07-27]",
            said="2025-07-27",
            actors=["Tencent"],
            names=["Tencent", "Hunyuan3D World Model 1.0", "open source"],
            english=["three-dimensional", "from a text or a picture"],
            italian=["tridimensionali", "da un testo o da un’immagine"],
        )
    ],
    "S14": [
        Telling(
            entry="baidu-digital-human",
            occurred=_WAIC_DAYS,
            said=_ARTICLE_DAY,
            actors=["Baidu"],
            places=["Shanghai"],
            names=["Baidu"],
            english=["digital humans", "ten minutes", "tone, voice and body language"],
            italian=["umani digitali", "dieci minuti", "linguaggio del corpo"],
        )
    ],
    "S15": [
        Telling(
            entry="quark-ai-glasses-announced",
            occurred="2025-07-26?",
            said="2025-07-26",
            actors=["Alibaba"],
            places=["Shanghai"],
            names=["Alibaba", "Quark AI Glasses", "Qwen"],
            english=["maps, voice services and payments"],
            italian=["mappe, servizi vocali e pagamenti"],
        )
    ],
    "S16": [
        Telling(
            entry="quark-ai-glasses-release",
            occurred="../2025-12-31",
            said="2025-07-26",
            now_occurred="2025-11-27",
            actors=["Alibaba"],
            places=["China"],
            names=["Quark AI Glasses", "Alibaba"],
            english=["Chinese market", "end of the year"],
            italian=["mercato cinese", "fine dell’anno"],
        )
    ],
}

CITE_ONLY_THE_ARTICLE = {"sensetime-turns-to-llms"}
"""Entries for which nothing but the article, which has no address, was found."""

VIEWS: Mapping[str, set[str]] = {
    "waic-2025": {
        "baidu-digital-human",
        "cloudmatrix-384-shown",
        "hunyuan3d-world-model",
        "metax-c550-supernode",
        "model-chip-alliance",
        "quark-ai-glasses-announced",
        "shanghai-ai-committee",
        "waic-2025",
        "waic-2025-exhibition-closes",
    },
    "sanctions": {
        "affiliates-rule",
        "affiliates-rule-published",
        "affiliates-rule-resumes",
        "affiliates-rule-suspended",
        "affiliates-rule-suspension-announced",
        "ai-diffusion-rule",
        "ai-diffusion-rule-compliance",
        "ai-diffusion-rule-rescinded",
        "biren-moore-threads-entity-list",
        "entity-list-140-additions",
        "huawei-entity-list",
        "huawei-entity-list-announced",
        "huawei-entity-list-published",
        "huawei-temporary-licence",
        "nvidia-h20-charge",
        "nvidia-h20-licence-indefinite",
        "nvidia-h20-licence-required",
        "nvidia-h20-sales-to-resume",
        "sensetime-entity-list",
        "sensetime-entity-list-announced",
        "sensetime-listing-narrowed",
        "sensetime-turns-to-llms",
        "us-chip-limits",
        "us-chip-rule-2022",
        "us-chip-rule-2022-published",
        "us-chip-rule-2023",
        "us-chip-rule-2023-effective",
        "us-chip-rule-2023-published",
        "us-memory-controls-2024",
        "us-memory-controls-2024-compliance",
    },
    "quark-release": {
        "quark-ai-glasses-announced",
        "quark-ai-glasses-overseas",
        "quark-ai-glasses-release",
        "quark-s1-g1",
    },
}


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Timeline]:
    """The story as `timeline serve` brings it in, on 23 November 2026."""
    settings = Settings(data=tmp_path_factory.mktemp("seed"))
    opened = open_timeline(settings, clock=FixedClock())
    opened.append(parse_append(STORY)[0], author="Timeline")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def entries(timeline: Timeline) -> Mapping[str, Entry]:
    """All entries as they stand after all events, by id."""
    return {entry.id: entry for entry in _selected(timeline, {})}


@pytest.fixture(scope="module")
def events(timeline: Timeline) -> Sequence[RecordedEvent]:
    return timeline.events(after=0, limit=1_000)


def _selected(timeline: Timeline, wanted: Mapping[str, list[str]]) -> Sequence[Entry]:
    with timeline.snapshot() as snapshot:
        page = snapshot.page(parse_filter(wanted), order="asc", limit=1_000)
    assert page.next is None
    return page.entries


def _first(timeline: Timeline, entry: str) -> EntryRecorded:
    """The event that began the entry."""
    event = timeline.entry_events(entry)[0].event
    assert isinstance(event, EntryRecorded)
    return event


def _english(entry: Entry) -> str:
    return f"{entry.title}\n{entry.summary}"


def _italian(entry: Entry) -> str:
    return f"{entry.translations['it'].title}\n{entry.translations['it'].summary}"


# -- the article -----------------------------------------------------------------


def test_the_article_makes_sixteen_statements() -> None:
    assert list(STATEMENTS) == [f"S{number}" for number in range(1, 17)]


@pytest.mark.parametrize("number", STATEMENTS)
def test_a_statement_of_the_article_is_told(
    number: str, timeline: Timeline, entries: Mapping[str, Entry]
) -> None:
    for telling in STATEMENTS[number]:
        first, entry = _first(timeline, telling.entry), entries[telling.entry]
        english, italian = _english(entry), _italian(entry)

        assert first.fields["occurred"] == telling.occurred
        assert first.said == telling.said
        assert entry.occurred.edtf == (telling.now_occurred or telling.occurred)
        assert entry.said == (telling.now_said or telling.said)
        assert [one for one in telling.actors if one not in entry.actors] == []
        assert [one for one in telling.places if one not in entry.places] == []
        wanted = [*telling.names, *telling.english]
        assert [words for words in wanted if words not in english] == []
        wanted = [*telling.names, *telling.italian]
        assert [words for words in wanted if words not in italian] == []


def test_the_first_telling_of_the_cloudmatrix_reads_as_the_article_does(
    timeline: Timeline,
) -> None:
    """S10: as if the system were new at WAIC; the correction says otherwise."""
    fields = _first(timeline, "cloudmatrix-384-shown").fields

    assert "launches" in str(fields["title"])
    assert "384 chips of type 910C" in str(fields["summary"])


def test_the_release_was_awaited_and_came_inside_its_window(
    timeline: Timeline, entries: Mapping[str, Entry]
) -> None:
    """S16: by the end of 2025 and no day, until there was one."""
    first = _first(timeline, "quark-ai-glasses-release")
    entry = entries["quark-ai-glasses-release"]

    assert first.fields["awaited"] is True
    assert entry.state is State.HAPPENED
    assert entry.promised is not None
    assert entry.promised.edtf == "../2025-12-31"
    assert entry.occurred.hi < entry.promised.hi


@pytest.mark.parametrize(
    "words",
    [
        # The name of Baidu's technology is not in the article, nor confirmed.
        "NOVA",
        # Sales of the H200 (E31): month from memory, day not confirmed.
        "H200",
        "25 %",
        "25%",
    ],
)
def test_what_is_not_confirmed_is_not_told(words: str) -> None:
    assert not re.search(rf"\b{words}(?!\w)", STORY.decode(), re.IGNORECASE)


# -- every entry -----------------------------------------------------------------


def test_every_entry_can_be_read_in_italian(entries: Mapping[str, Entry]) -> None:
    for entry in entries.values():
        assert entry.lang == "en"
        assert entry.title
        assert entry.summary
        italian = entry.translations["it"]
        assert italian.title not in ("", entry.title)
        assert italian.summary not in ("", entry.summary)


def test_a_change_of_words_is_made_in_both_languages(
    events: Sequence[RecordedEvent],
) -> None:
    for one in events:
        if isinstance(one.event, EntryCorrected | EntryRevised):
            changed = one.event.changes.keys() & {"title", "summary"}
            translations = one.event.changes.get("translations", {})
            assert isinstance(translations, Mapping)
            italian = translations.get("it", {})
            assert isinstance(italian, Mapping)
            assert italian.keys() == changed, one.id


def test_every_event_says_the_day_it_became_known() -> None:
    """Without one it would be known only from the day of recording."""
    for one in json.loads(STORY):
        if not one["type"].startswith("view-"):
            assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", one["data"]["said"]), one["id"]


def test_only_what_the_article_alone_tells_has_no_sources(
    entries: Mapping[str, Entry],
) -> None:
    without = {entry.id for entry in entries.values() if not entry.sources}

    assert without == CITE_ONLY_THE_ARTICLE
    for entry in without:
        assert entries[entry].said == _ARTICLE_DAY
        assert "Italian article" in entries[entry].summary
        assert "articolo italiano" in entries[entry].translations["it"].summary


def test_every_change_of_an_entry_has_sources_and_a_reason(
    events: Sequence[RecordedEvent],
) -> None:
    for one in events:
        if one.version > 1:
            told = one.event
            assert getattr(told, "sources", ()), one.id
            assert getattr(told, "reason", ""), one.id


def test_every_link_leads_to_another_entry(entries: Mapping[str, Entry]) -> None:
    for entry in entries.values():
        targets = [link.entry for link in entry.links]
        assert set(targets) <= entries.keys() - {entry.id}, entry.id
        assert len(targets) == len(set(targets)), entry.id


def test_ids_are_unique_and_name_stream_and_version(
    events: Sequence[RecordedEvent],
) -> None:
    assert [one["id"] for one in json.loads(STORY)] == [one.id for one in events]
    assert max(Counter(one.id for one in events).values()) == 1
    assert [one.id for one in events] == [
        f"seed:{one.entry}:{one.version}" for one in events
    ]


def test_the_story_is_stored_as_it_is_written(
    events: Sequence[RecordedEvent],
) -> None:
    """Spelling, such as NFC, is right in the file already."""
    written = {
        one["id"]: one["data"]
        for one in json.loads(STORY)
        if one["type"] == "entry-recorded"
    }
    for one in events:
        if isinstance(one.event, EntryRecorded):
            told = written[one.id]
            assert one.event.fields == {
                name: told[name] for name in told if name not in ("said", "sources")
            }


def test_events_stand_in_the_order_in_which_they_became_known() -> None:
    days = [
        one["data"]["said"]
        for one in json.loads(STORY)
        if not one["type"].startswith("view-")
    ]
    assert days == sorted(days)


def test_appending_the_story_again_changes_nothing(timeline: Timeline) -> None:
    head, tag = timeline.head(), timeline.tag()
    before = timeline.events(after=0, limit=1_000)

    again = timeline.append(parse_append(STORY)[0], author="Timeline")

    assert again.repeated
    assert list(again.events) == before
    assert (timeline.head(), timeline.tag()) == (head, tag)


# -- views -----------------------------------------------------------------------


def test_the_story_has_three_views(timeline: Timeline) -> None:
    with timeline.snapshot() as snapshot:
        views = {view.name: view for view in snapshot.views()}

    assert views.keys() == VIEWS.keys()
    assert all(view.title and view.description for view in views.values())


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_selects_its_entries(name: str, timeline: Timeline) -> None:
    with timeline.snapshot() as snapshot:
        view = snapshot.view(name)
        assert view is not None
        found = snapshot.page(parse_filter(view.filter), order="asc", limit=1_000)

    assert {entry.id for entry in found.entries} == VIEWS[name]


def test_what_is_in_no_view_is_about_the_cloudmatrix_before_the_conference(
    entries: Mapping[str, Entry],
) -> None:
    assert entries.keys() - set().union(*VIEWS.values()) == {
        "cloudmatrix-384-announced",
        "semianalysis-cloudmatrix",
    }


# -- life cycles -----------------------------------------------------------------


def test_the_day_of_the_2023_rule_was_wrong_and_is_corrected(
    timeline: Timeline, entries: Mapping[str, Entry]
) -> None:
    """E21x: early notes gave 16 November, the rule itself 17 November."""
    first = _first(timeline, "us-chip-rule-2023-effective")
    entry = entries["us-chip-rule-2023-effective"]

    assert first.fields["occurred"] == "2023-11-16"
    assert entry.occurred.edtf == "2023-11-17"
    assert entry.corrected
    (change,) = entry.changes
    assert (change.before, change.after) == (
        {"occurred": "2023-11-16"},
        {"occurred": "2023-11-17"},
    )
    assert "16 November" in change.reason


def test_the_showing_of_the_cloudmatrix_is_corrected_not_revised(
    entries: Mapping[str, Entry],
) -> None:
    """The world did not change: the first reports read as if it were new."""
    entry = entries["cloudmatrix-384-shown"]

    assert [change.kind for change in entry.changes] == ["corrected"]
    assert "launches" in str(entry.changes[0].before["title"])
    assert "launches" not in entry.title
    assert "announced in April" in entry.summary


def test_the_licence_of_huawei_is_extended_not_corrected(
    timeline: Timeline, entries: Mapping[str, Entry]
) -> None:
    """E24a: each end was right when it was said."""
    first = _first(timeline, "huawei-temporary-licence")
    entry = entries["huawei-temporary-licence"]

    assert first.fields["occurred"] == "2019-05-20/2019-08-19"
    assert not entry.corrected
    ends = [str(change.after["occurred"]).split("/")[1] for change in entry.changes]
    assert ends == [
        "2019-11-18",
        "2020-02-16",
        "2020-04-01",
        "2020-05-15",
        "2020-08-13",
    ]


def test_compliance_with_the_diffusion_rule_is_cancelled(
    timeline: Timeline, entries: Mapping[str, Entry]
) -> None:
    """E23: rescinded two days before it would have bound anyone."""
    assert _first(timeline, "ai-diffusion-rule-compliance").fields["awaited"] is True
    compliance = entries["ai-diffusion-rule-compliance"]
    rescinded = entries["ai-diffusion-rule-rescinded"]

    assert compliance.state is State.CANCELLED
    assert compliance.occurred.edtf == "2025-05-15"
    assert "rescinded" in compliance.ending
    assert rescinded.occurred.edtf == "2025-05-13"
    assert ("rescinds", "ai-diffusion-rule") in [
        (link.rel, link.entry) for link in rescinded.links
    ]


def test_the_return_of_the_affiliates_rule_is_awaited_and_never_told_as_a_fact(
    timeline: Timeline, entries: Mapping[str, Entry]
) -> None:
    """E30: whether the rule applies again was not known on 23 November 2026."""
    entry = entries["affiliates-rule-resumes"]

    assert (entry.occurred.edtf, entry.awaited) == ("2026-11-10", True)
    assert entry.state is State.OVERDUE
    assert len(timeline.entry_events(entry.id)) == 1
    assert "is due to resume" in entry.title
    assert "unless the authorities decide otherwise" in entry.summary
    assert "dovrebbe" in entry.translations["it"].title
    assert "salvo decisioni diverse" in entry.translations["it"].summary


def test_nothing_else_is_told_that_was_not_known_to_have_happened(
    entries: Mapping[str, Entry],
) -> None:
    """What is awaited and not resolved, as of the day on which it was recorded."""
    unresolved = {
        entry.id: entry.state
        for entry in entries.values()
        if entry.awaited and entry.state is not State.HAPPENED
    }

    assert unresolved == {
        "affiliates-rule-resumes": State.OVERDUE,
        "ai-diffusion-rule-compliance": State.CANCELLED,
        "quark-ai-glasses-overseas": State.OPEN,
    }


def test_what_is_promised_reads_the_same_before_and_after_it_is_resolved(
    entries: Mapping[str, Entry],
) -> None:
    """`entry-fulfilled` and `entry-cancelled` cannot change the words.

    So a summary may tell what was promised and when, but not promise.
    """
    for entry in entries.values():
        if entry.awaited and entry.state in (State.HAPPENED, State.CANCELLED):
            words = f"{_english(entry)}\n{_italian(entry)}"
            assert not re.search(
                r"\bwill\b|\bpromises\b|are to\b|promette|sarà|saranno|\bdeve\b", words
            ), entry.id
