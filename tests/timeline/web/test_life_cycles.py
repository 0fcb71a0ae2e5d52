"""The bundled story's life cycles, as their pages tell them at one moment and another.

Days are of what was known; positions, by the entry after whose last event the log is
cut, of what was shown.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.builders import FixedClock
from tests.timeline.web.test_pages import all_words, find, page, words
from timeline.schemas import parse_append
from timeline.service import Timeline

STORY = (files("events") / "seed" / "story.json").read_bytes()


@pytest.fixture
def story(timeline: Timeline) -> Mapping[str, Sequence[int]]:
    """The story is in the log; by entry the positions of its events."""
    timeline.append(parse_append(STORY)[0], author="seed")
    positions: dict[str, list[int]] = {}
    for position, event in enumerate(json.loads(STORY), start=1):
        positions.setdefault(event.get("entry", ""), []).append(position)
    return positions


def told(client: FlaskClient, entry: str, **args: Any) -> list[str]:
    """What the head of an entry's page says: its date, how it stands, what changed."""
    query = "&".join(f"{name}={value}" for name, value in args.items())
    header = find(page(client, f"/entries/{entry}?{query}"), ".entry > header")[0]
    return all_words([*find(header, ".when"), *find(header, ".note")])


def steps(client: FlaskClient, entry: str, **args: Any) -> list[str]:
    """Its history in short, the first thing first."""
    query = "&".join(f"{name}={value}" for name, value in args.items())
    tree = page(client, f"/entries/{entry}?{query}")
    return all_words(reversed(find(tree, ".history > li")))


def both(client: FlaskClient, entry: str, **args: Any) -> list[list[str]]:
    """As `told`, in both languages."""
    return [told(client, entry, lang=lang, **args) for lang in ("en", "it")]


# -- announced, window, released -------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "english", "italian"),
    [
        (
            "2025-08-01",
            [
                "by end of 2025",
                "expected due by end of 2025, open since 26 July 2025",
            ],
            [
                "entro la fine del 2025",
                "atteso previsto entro la fine del 2025, aperto dal 26 luglio 2025",
            ],
        ),
        (
            "2025-11-26",
            [
                "by end of 2025",
                "expected due by end of 2025, open since 26 July 2025",
            ],
            [
                "entro la fine del 2025",
                "atteso previsto entro la fine del 2025, aperto dal 26 luglio 2025",
            ],
        ),
        (
            "2025-12-01",
            [
                "27 November 2025",
                "fulfilled 27 November 2025, 34 days before the window closed",
            ],
            [
                "27 novembre 2025",
                "realizzato il 27 novembre 2025, 34 giorni prima del termine",
            ],
        ),
    ],
)
def test_the_glasses_are_promised_awaited_and_released(
    client: FlaskClient,
    story: Mapping[str, Sequence[int]],
    known: str,
    english: list[str],
    italian: list[str],
) -> None:
    assert both(client, "quark-ai-glasses-release", known=known) == [english, italian]


def test_the_story_of_the_glasses_reads_from_promise_to_release(
    client: FlaskClient, story: Mapping[str, Sequence[int]]
) -> None:
    assert steps(client, "quark-ai-glasses-release") == [
        "Recorded 23 November 2026 due by end of 2025; made public 26 July 2025",
        "Fulfilled 27 November 2025 27 November 2025, 34 days before the window closed",
    ]
    assert steps(client, "quark-ai-glasses-release", lang="it") == [
        (
            "Registrato 23 novembre 2026 "
            "previsto entro la fine del 2025; reso pubblico: 26 luglio 2025"
        ),
        "Realizzato 27 novembre 2025 27 novembre 2025, 34 giorni prima del termine",
    ]


def test_glasses_that_nobody_reported_are_overdue_by_the_clock(
    client: FlaskClient, timeline: Timeline, clock: FixedClock
) -> None:
    """E12 without E13: what is said is that nothing was recorded, and by whom."""
    clock.move_to(datetime(2025, 7, 28, 12, tzinfo=UTC))
    promise = [
        one
        for one in json.loads(STORY)
        if one["id"] == "seed:quark-ai-glasses-release:1"
    ]
    timeline.append(parse_append(json.dumps(promise).encode())[0], author="desk")
    clock.move_to(datetime(2026, 1, 1, 13, tzinfo=UTC))
    assert timeline.append_due(upto=clock()) == 1

    assert both(client, "quark-ai-glasses-release") == [
        [
            "by end of 2025",
            "overdue was due by end of 2025; no outcome recorded",
        ],
        [
            "entro la fine del 2025",
            "scaduto era previsto entro la fine del 2025; nessun esito registrato",
        ],
    ]
    tree = page(client, "/entries/quark-ai-glasses-release/history")
    closed, promised = find(tree, ".history > li")
    assert words(find(closed, "h2")[0]) == "Overdue 1 January 2026"
    assert all_words(find(closed, "p"))[0] == (
        "31 December 2025 passed without a recorded outcome"
    )
    assert "recorded 1 January 2026 by the clock, not by a person" in words(closed)
    assert "by desk" in words(promised)
    assert told(client, "quark-ai-glasses-release", as_of=1) == [
        "by end of 2025",
        "expected due by end of 2025, open since 26 July 2025",
    ]


# -- listed, suspended, due to resume --------------------------------------------------


@pytest.mark.parametrize(
    ("args", "english", "italian"),
    [
        (
            {"known": "2025-10-01"},
            "In force since 29 September 2025",
            "In vigore dal 29 settembre 2025",
        ),
        (
            {"known": "2025-12-01"},
            (
                "Suspended from 10 November 2025 to 9 November 2026"
                " (The Affiliates Rule is suspended for a year)"
            ),
            (
                "Misura sospesa dal 10 novembre 2025 al 9 novembre 2026"
                " (La Affiliates Rule è sospesa per un anno)"
            ),
        ),
        (
            {},
            (
                "Due to resume since 10 November 2026: no return recorded"
                " (The Affiliates Rule is suspended for a year;"
                " The Affiliates Rule is due to resume)"
            ),
            (
                "Ripristino previsto dal 10 novembre 2026: nessun ripristino registrato"
                " (La Affiliates Rule è sospesa per un anno;"
                " La Affiliates Rule dovrebbe tornare in vigore)"
            ),
        ),
    ],
)
def test_the_affiliates_rule_is_in_force_suspended_and_due_to_resume(
    client: FlaskClient,
    story: Mapping[str, Sequence[int]],
    args: dict[str, str],
    english: str,
    italian: str,
) -> None:
    assert both(client, "affiliates-rule", **args) == [
        ["29 September 2025", english],
        ["29 settembre 2025", italian],
    ]


def test_a_return_that_is_recorded_brings_the_affiliates_rule_back(
    client: FlaskClient,
    timeline: Timeline,
    story: Mapping[str, Sequence[int]],
) -> None:
    """And a page of before stays what it was."""
    head = timeline.head()
    back = {
        "type": "entry-fulfilled",
        "entry": "affiliates-rule-resumes",
        "data": {"occurred": "2026-11-10", "said": "2026-11-20"},
    }
    timeline.append(parse_append(json.dumps(back).encode())[0], author="desk")

    _, now = told(client, "affiliates-rule")
    _, then = told(client, "affiliates-rule", as_of=head)
    _, before = told(client, "affiliates-rule", known="2026-11-19")

    assert now == (
        "In force again since 10 November 2026 (The Affiliates Rule is due to resume)"
    )
    assert then.startswith("Due to resume since 10 November 2026")
    assert before.startswith("Due to resume since 10 November 2026")


def test_the_page_of_a_position_knows_nothing_of_later_links(
    client: FlaskClient, story: Mapping[str, Sequence[int]]
) -> None:
    """Though all of it was recorded on the day on which the suspension was over."""
    (rule,) = story["affiliates-rule"]
    (pause,) = story["affiliates-rule-suspended"]

    assert told(client, "affiliates-rule", as_of=rule)[1] == (
        "In force since 29 September 2025"
    )
    assert told(client, "affiliates-rule", as_of=pause)[1].startswith(
        "Due to resume since 10 November 2026"
    )


# -- announced, rescinded --------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "rule", "regola"),
    [
        (
            {"known": "2025-03-01"},
            (
                "Not yet in force: due to take effect on 15 May 2025"
                " (Companies are due to comply with the AI Diffusion Rule)"
            ),
            (
                "Non ancora in vigore: entrata in vigore prevista il 15 maggio 2025"
                " (Le aziende devono adeguarsi alla AI Diffusion Rule)"
            ),
        ),
        (
            {"known": "2025-05-13"},
            (
                "Rescinded on 13 May 2025, before it took effect"
                " (The US announces that the AI Diffusion Rule is rescinded)"
            ),
            (
                "Misura revocata il 13 maggio 2025, prima dell’entrata in vigore"
                " (Gli Stati Uniti annunciano il ritiro della AI Diffusion Rule)"
            ),
        ),
        (
            {},
            (
                "Rescinded on 13 May 2025, before it took effect"
                " (The US announces that the AI Diffusion Rule is rescinded)"
            ),
            (
                "Misura revocata il 13 maggio 2025, prima dell’entrata in vigore"
                " (Gli Stati Uniti annunciano il ritiro della AI Diffusion Rule)"
            ),
        ),
    ],
)
def test_the_diffusion_rule_is_issued_and_rescinded_before_it_took_effect(
    client: FlaskClient,
    story: Mapping[str, Sequence[int]],
    args: dict[str, str],
    rule: str,
    regola: str,
) -> None:
    assert both(client, "ai-diffusion-rule", **args) == [
        ["15 January 2025", rule],
        ["15 gennaio 2025", regola],
    ]


@pytest.mark.parametrize(
    ("args", "english", "italian"),
    [
        (
            {"known": "2025-03-01"},
            "expected due 15 May 2025",
            "atteso previsto il 15 maggio 2025",
        ),
        (
            {"known": "2025-05-13"},
            "cancelled 13 May 2025, 2 days before it was due: ",
            "annullato il 13 maggio 2025, 2 giorni prima del termine: ",
        ),
        (
            {},
            "cancelled 13 May 2025, 2 days before it was due: ",
            "annullato il 13 maggio 2025, 2 giorni prima del termine: ",
        ),
    ],
)
def test_its_compliance_date_is_awaited_and_called_off(
    client: FlaskClient,
    story: Mapping[str, Sequence[int]],
    args: dict[str, str],
    english: str,
    italian: str,
) -> None:
    (_, here), (_, there) = both(client, "ai-diffusion-rule-compliance", **args)

    assert (here[: len(english)], there[: len(italian)]) == (english, italian)


# -- a wrong date, corrected -----------------------------------------------------------


def test_a_wrong_date_is_shown_and_then_corrected(
    client: FlaskClient, story: Mapping[str, Sequence[int]]
) -> None:
    """What was shown stays so; what was known is seen through the correction."""
    entry = "us-chip-rule-2023-effective"
    wrong, right = story[entry]

    assert both(client, entry, as_of=wrong) == [
        ["16 November 2023"],
        ["16 novembre 2023"],
    ]
    corrected = [
        ["17 November 2023", "corrected 23 November 2026: was 16 November 2023"],
        ["17 novembre 2023", "rettificato il 23 novembre 2026: era 16 novembre 2023"],
    ]
    assert both(client, entry, as_of=right) == corrected
    assert both(client, entry) == corrected
    assert told(client, entry, known="2023-11-16") == [
        "17 November 2023 upcoming",
        "corrected 23 November 2026: was 16 November 2023",
    ]


@pytest.mark.parametrize(
    ("args", "english", "italian"),
    [
        (
            {"known": "2023-10-20"},
            "Not yet in force: takes effect on 17 November 2023",
            "Non ancora in vigore: ha effetto il 17 novembre 2023",
        ),
        (
            {"known": "2023-11-17"},
            "In force since 17 November 2023",
            "In vigore dal 17 novembre 2023",
        ),
        (
            {},
            "In force since 17 November 2023",
            "In vigore dal 17 novembre 2023",
        ),
    ],
)
def test_the_rule_takes_effect_on_the_corrected_day(
    client: FlaskClient,
    story: Mapping[str, Sequence[int]],
    args: dict[str, str],
    english: str,
    italian: str,
) -> None:
    (_, here), (_, there) = both(client, "us-chip-rule-2023", **args)

    assert here == f"{english} (The 2023 chip rule takes effect)"
    assert there == f"{italian} (Entra in vigore la norma del 2023 sui chip)"


def test_the_history_tells_both_dates_who_why_and_when(
    client: FlaskClient, story: Mapping[str, Sequence[int]]
) -> None:
    tree = page(client, "/entries/us-chip-rule-2023-effective/history")

    latest = words(find(tree, ".history > li")[0])

    assert "Date 16 November 2023 → 17 November 2023" in latest
    assert "Why: Early notes and reports gave 16 November" in latest
    assert "recorded 23 November 2026 by seed" in latest


# -- extended, and over ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "english", "italian"),
    [
        (
            {"known": "2019-06-01"},
            [
                "20 May – 19 August 2019 ongoing",
                "In force since 20 May 2019, until 19 August 2019",
            ],
            [
                "20 maggio – 19 agosto 2019 in corso",
                "In vigore dal 20 maggio 2019, termine: 19 agosto 2019",
            ],
        ),
        (
            {"known": "2019-09-01"},
            [
                "20 May – 18 November 2019 ongoing",
                "extended from 19 August to 18 November 2019 on 19 August 2019",
                "In force since 20 May 2019, until 18 November 2019",
            ],
            [
                "20 maggio – 18 novembre 2019 in corso",
                "prorogato dal 19 agosto al 18 novembre 2019 il 19 agosto 2019",
                "In vigore dal 20 maggio 2019, termine: 18 novembre 2019",
            ],
        ),
        (
            {},
            [
                "20 May 2019 – 13 August 2020",
                "extended 5 times, last from 15 May to 13 August 2020 on 15 May 2020",
                "Ended on 13 August 2020",
            ],
            [
                "20 maggio 2019 – 13 agosto 2020",
                (
                    "prorogato 5 volte, l’ultima dal 15 maggio al 13 agosto 2020"
                    " il 15 maggio 2020"
                ),
                "Misura cessata il 13 agosto 2020",
            ],
        ),
    ],
)
def test_the_temporary_licence_is_extended_and_ends(
    client: FlaskClient,
    story: Mapping[str, Sequence[int]],
    args: dict[str, str],
    english: list[str],
    italian: list[str],
) -> None:
    assert both(client, "huawei-temporary-licence", **args) == [english, italian]


# -- the same words everywhere ---------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "it"])
@pytest.mark.parametrize(
    "entry",
    [
        "quark-ai-glasses-release",
        "ai-diffusion-rule-compliance",
        "affiliates-rule-resumes",
    ],
)
def test_page_feed_and_json_say_the_same(
    client: FlaskClient, story: Mapping[str, Sequence[int]], entry: str, lang: str
) -> None:
    said = client.get(f"/api/entries/{entry}?lang={lang}").get_json()["state_label"]

    note = told(client, entry, lang=lang)[1]
    feed = client.get(f"/entries/{entry}/feed.atom?lang={lang}").text

    # On the page the first word is a chip, which needs no colon behind it.
    assert note.startswith(said.replace(": ", " ", 1))
    assert said[1:] in feed


def test_the_api_says_whether_a_measure_is_in_force(
    client: FlaskClient, story: Mapping[str, Sequence[int]]
) -> None:
    def asked(entry: str, query: str = "") -> Any:
        return client.get(f"/api/entries/{entry}{query}").get_json()["in_force"]

    now = asked("affiliates-rule")
    assert {name: now[name] for name in ("state", "until", "by", "ahead", "label")} == {
        "state": "due-to-resume",
        "until": None,
        "by": "affiliates-rule-suspended",
        "ahead": {"rel": "resumes", "entry": "affiliates-rule-resumes"},
        "label": "Due to resume since 10 November 2026: no return recorded",
    }
    assert now["since"]["edtf"] == "2026-11-10"
    then = asked("affiliates-rule", "?known=2025-12-01&lang=it")
    assert then["state"] == "suspended"
    assert (then["since"]["edtf"], then["until"]["edtf"]) == (
        "2025-11-10",
        "2026-11-09",
    )
    assert then["label"].startswith("Misura sospesa dal 10 novembre 2025")
    assert asked("ai-diffusion-rule")["before_effect"] is True
    assert asked("waic-2025") is None
