"""What settings and menus say, in the user's language.

JupyterLab's server translates the texts of our schemas, but looks for them in its own language
packs only; the words of the page it does find with us (`jupyterlab.locale`). So its bundle for
our domain is given our catalogue, the very file that the page gets.

The bundle is none of JupyterLab's public interfaces: without it, or should it look otherwise one
day, settings are in English.
"""

from __future__ import annotations

import json
from gettext import NullTranslations
from pathlib import Path

from jupyterlab_server import translation_utils

__all__ = ["offer_translations"]

DOMAIN = "jupyterlab_cauce"
_LOCALES = Path(__file__).parents[1] / "locale"


class _Catalogue(NullTranslations):
    """The messages of one language, as the page gets them: a message → its forms."""

    def __init__(self, language: str) -> None:
        super().__init__()
        file = _LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.json"
        self._forms: dict[str, list[str]] = {}
        if file.is_file():
            self._forms = {key: forms for key, forms in json.loads(file.read_text("utf-8")).items() if key != ""}

    def gettext(self, message: str) -> str:
        return self._forms.get(message, [message])[0]

    def pgettext(self, context: str, message: str) -> str:
        return self._forms.get(f"{context}\x04{message}", [message])[0]


class _Bundle(translation_utils.TranslationBundle):
    """JupyterLab's bundle, but for where it looks."""

    def update_locale(self, locale_: str) -> None:
        self._locale = locale_
        self._translator = _Catalogue(locale_)


def offer_translations() -> None:
    """Let JupyterLab's server translate our schemas."""
    translator = translation_utils.translator
    bundles = getattr(translator, "_TRANSLATORS", None)
    if isinstance(bundles, dict):
        bundles[DOMAIN] = _Bundle(DOMAIN, getattr(translator, "_LOCALE", translation_utils.DEFAULT_LOCALE))
