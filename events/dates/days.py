"""Civil days of any year as integers, proleptic Gregorian. Pure.

Python's ``date`` stops at the years 1 and 9999, and SQLite divides towards zero.
"""

DAY_S = 86_400

_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def day_number(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to this day; year 0 is 1 BCE.

    https://howardhinnant.github.io/date_algorithms.html#days_from_civil
    """
    if month > 2:
        month -= 3
    else:
        month += 9
        year -= 1
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * month + 2) // 5 + day - 1
    leap_days = year_of_era // 4 - year_of_era // 100
    return era * 146_097 + year_of_era * 365 + leap_days + day_of_year - 719_468


def civil(epoch_s: int) -> tuple[int, int, int]:
    """Year, month and day in which this second lies; year 0 is 1 BCE.

    https://howardhinnant.github.io/date_algorithms.html#civil_from_days
    """
    era, day_of_era = divmod(epoch_s // DAY_S + 719_468, 146_097)
    year_of_era = (
        day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    leap_days = year_of_era // 4 - year_of_era // 100
    day_of_year = day_of_era - 365 * year_of_era - leap_days
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return era * 400 + year_of_era + (month <= 2), month, day


def month_days(year: int, month: int) -> int:
    """Number of days of this month."""
    if month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
        return 29
    return _MONTH_DAYS[month - 1]


def months_bounds(year: int, month: int, count: int) -> tuple[int, int]:
    """First and last second of *count* months in a row, inclusive."""
    years, after = divmod(month - 1 + count, 12)
    return (
        day_number(year, month, 1) * DAY_S,
        day_number(year + years, after + 1, 1) * DAY_S - 1,
    )


def day_text(year: int, month: int, day: int) -> str:
    """``2025-07-26``; ``-0044-03-15`` and ``+10000-01-01`` outside 0 to 9999.

    The sign and the digits a year needs, at least four, as ISO 8601 expands them.
    """
    years = f"{year:04}" if 0 <= year <= 9_999 else f"{year:+05}"
    return f"{years}-{month:02}-{day:02}"


def day_of(epoch_s: int) -> str:
    """The day in which this second lies, written as by ``day_text``."""
    return day_text(*civil(epoch_s))


def instant_text(epoch_s: int) -> str:
    """This second in UTC: ``2025-07-26T01:00:00Z``."""
    minutes, second = divmod(epoch_s % DAY_S, 60)
    return f"{day_of(epoch_s)}T{minutes // 60:02}:{minutes % 60:02}:{second:02}Z"
