"""A page as its elements, for tests that ask what a reader would find on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask.testing import FlaskClient

VOID = {"col", "wbr", "meta", "link", "input", "img", "br", "option", "path"}


@dataclass
class Element:
    """One element of a page, with the text inside it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""
    #: The elements that hold it, outermost first.
    inside: list[Element] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]


class Html(HTMLParser):
    """The elements of a page in their order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.all: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, inside=list(self._open))
        self.all.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while tag not in VOID and self._open and self._open.pop().tag != tag:
            pass

    def updatepos(self, i: int, j: int) -> int:
        """See ParserBase: lines are counted for those who ask where a tag stands, which nobody does here."""
        return j

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def find(self, tag: str, **attributes: str) -> list[Element]:
        """Return the elements with this tag and these attributes (`class_` for class)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [one for one in self.all if one.tag == tag and wanted.items() <= one.attributes.items()]

    def one(self, tag: str, **attributes: str) -> Element:
        """Return the only such element."""
        (found,) = self.find(tag, **attributes)
        return found

    def messages(self) -> list[str]:
        """Return the messages in the table, from top to bottom."""
        return [one.text for one in self.find("bdi") if one.inside[-1].tag == "div"]

    def link(self, text: str) -> str | None:
        """Return where the first link with this text leads."""
        return next((one["href"] for one in self.find("a") if one.text.strip() == text), None)


def get(client: FlaskClient, url: str, status: int = 200, /, **params: Any) -> Html:
    """Return the page at *url*, redirects followed."""
    answer = client.get(url, query_string=params or None, follow_redirects=True)
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "text/html"
    return Html(answer.text)


def location(client: FlaskClient, **params: Any) -> dict[str, str]:
    """Return the parameters of the state that the page redirects to."""
    answer = client.get("/", query_string=params)
    assert answer.status_code == 303, answer.text
    return dict(parse_qsl(urlsplit(answer.location).query))
