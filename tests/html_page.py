"""What a browser would see of a page: its elements and its text."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """The elements of a page in their order, and its text outside scripts and styles.

    Attributes:
        elements: (tag, attributes).
        text: as it stands in the file, entities resolved.
    """

    def __init__(self, html: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside = ""
        self.feed(html)
        self.close()

    @property
    def tags(self) -> list[str]:
        return [tag for tag, _ in self.elements]

    @property
    def links(self) -> list[str | None]:
        """What the page points at or loads."""
        return [held[name] for _, held in self.elements for name in ("href", "src") if name in held]

    @property
    def words(self) -> str:
        """The text in one line."""
        return " ".join(self.text.split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element with this tag."""
        return [attributes for name, attributes in self.elements if name == tag]

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside not in ("script", "style"):
            self.text += data
