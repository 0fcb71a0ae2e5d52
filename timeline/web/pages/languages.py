"""The languages of the interface: which there are, and the words of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files

from timeline.config import LANGUAGES
from timeline.web.pages.words import Reader, same_language


@dataclass(frozen=True, slots=True)
class Languages:
    """What the interface speaks.

    Attributes:
        site: Spoken unless asked otherwise; one of the catalogues.
        catalogues: By language, in the order in which a page offers them.
    """

    site: str
    catalogues: Mapping[str, NullTranslations]

    def reader(
        self,
        asked: str | None,
        *,
        at: datetime | None = None,
        moment: Sequence[tuple[str, str]] = (),
    ) -> Reader:
        """The reader who asked for the language *asked*; None: who did not ask.

        A language that the interface does not speak is that of the entries only, as
        far as there are translations: so an original can be read in any language.
        """
        lang = reads = self.site
        if asked is not None:
            reads = asked
            for offered in self.catalogues:
                if same_language(offered, asked):
                    lang = reads = offered
        return Reader(
            lang=lang,
            reads=reads,
            asked=reads != self.site,
            site=self.site,
            offered=tuple(self.catalogues),
            at=at,
            moment=moment,
            catalogue=self.catalogues[lang],
        )


def load_languages(site: str) -> Languages:
    """All that this package has catalogues for.

    English stands in the code. The compiled catalogues are part of the package, so
    that installing needs no build step.
    """
    return Languages(site, {lang: _catalogue(lang) for lang in LANGUAGES})


def _catalogue(lang: str) -> NullTranslations:
    if lang == "en":
        return NullTranslations()
    path = files("timeline") / "locale" / lang / "LC_MESSAGES" / "messages.mo"
    with path.open("rb") as compiled:
        return GNUTranslations(compiled)
