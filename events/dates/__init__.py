"""Dates of stated precision: EDTF read, bounded, ordered and told in words. Pure."""

from events.dates.days import DAY_S, civil, day_of
from events.dates.edtf import from_instant, parse, restore
from events.dates.historic import OPEN, REACH, HistoricDate, parts, span_of
from events.dates.refusal import DateError, Sentence
from events.dates.scale import Scale, scale_between, scale_upto
from events.dates.units import LEVELS, Level, unit_of, unit_start, units_of
from events.dates.words import (
    from_to,
    label,
    month_label,
    since,
    when,
    year_label,
)

__all__ = [
    "DAY_S",
    "LEVELS",
    "OPEN",
    "REACH",
    "DateError",
    "HistoricDate",
    "Level",
    "Scale",
    "Sentence",
    "civil",
    "day_of",
    "from_instant",
    "from_to",
    "label",
    "month_label",
    "parse",
    "parts",
    "restore",
    "scale_between",
    "scale_upto",
    "since",
    "span_of",
    "unit_of",
    "unit_start",
    "units_of",
    "when",
    "year_label",
]
