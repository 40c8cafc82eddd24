"""Translations: the catalogues that the page and the settings are translated by."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from jupyterlab_server import translation_utils

from cauce.server.translation import DOMAIN, offer_translations

SETTING = "Notify when a build ends"


@pytest.fixture
def spanish() -> Iterator[None]:
    """The server speaks Spanish, as after the user has chosen it."""
    offer_translations()
    before = translation_utils.translator._LOCALE
    translation_utils.translator.set_locale("es_ES")
    yield
    translation_utils.translator.set_locale(before)


def test_settings_are_translated_by_the_catalogue_of_the_page(spanish: None) -> None:
    schema = {
        "title": "x",
        "jupyter.lab.internationalization": {"domain": "jupyterlab-cauce"},
        "properties": {"notifyOnFinish": {"title": SETTING, "type": "boolean"}},
    }
    translated = translation_utils.translator.translate_schema(schema)
    catalogue, _ = translation_utils.get_installed_packages_locale("es_ES")
    assert translated["properties"]["notifyOnFinish"]["title"] == catalogue[DOMAIN][f"settings\x04{SETTING}"][0]
    assert translated["properties"]["notifyOnFinish"]["title"] not in ("", SETTING)
    assert translated["title"] == "x"


def test_the_page_gets_the_catalogue_with_jupyterlabs_language_pack() -> None:
    data, message = translation_utils.get_language_pack("es_ES")
    assert message == ""
    assert data[DOMAIN][""]["language"] == "es-ES"  # the page looks by this name
