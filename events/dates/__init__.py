"""Dates of stated precision: EDTF read, bounded, ordered and told in words. Pure."""

from events.dates.days import civil, day_of
from events.dates.edtf import from_instant, parse
from events.dates.historic import OPEN, HistoricDate, parts, span_of
from events.dates.refusal import DateError, Sentence
from events.dates.units import LEVELS, Level, unit_of, unit_start, units_of
from events.dates.words import label, month_label, year_label

__all__ = [
    "LEVELS",
    "OPEN",
    "DateError",
    "HistoricDate",
    "Level",
    "Sentence",
    "civil",
    "day_of",
    "from_instant",
    "label",
    "month_label",
    "parse",
    "parts",
    "span_of",
    "unit_of",
    "unit_start",
    "units_of",
    "year_label",
]
