"""What holds of every page, however it is looked at."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

#: Widths of a desk's and a phone's screen, light and dark.
LOOKS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]


def fine(page: Page) -> None:
    """Hold that axe-core finds nothing, and that nothing is wider than the screen, however the page is looked at."""
    page.wait_for_load_state()
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
