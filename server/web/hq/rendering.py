"""Templates of the HQ site, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from server.web.hq.words import LANGUAGES, RIGHT_TO_LEFT, words_for


class Renderer:
    """Fills a template with a page's content."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=PackageLoader("server.web.hq", "templates"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(self, request: Request, template: str, content: Mapping[str, Any]) -> HTMLResponse:
        """Render a template in the reader's language."""
        language = language_of(request)

        def link(path: str, **query: str) -> str:
            wanted = {"lang": language, **query}
            return f"{path}?" + "&".join(f"{key}={value}" for key, value in wanted.items())

        text = self._templates.get_template(template).render(
            w=words_for(language),
            language=language,
            languages=LANGUAGES,
            direction="rtl" if language in RIGHT_TO_LEFT else "ltr",
            link=link,
            path=request.url.path,
            query_round=request.query_params.get("round", ""),
            **content,
        )
        return HTMLResponse(text)


def language_of(request: Request, languages: Mapping[str, str] = LANGUAGES) -> str:
    """Return the language asked for in the address, else of the browser, else English."""
    asked = request.query_params.get("lang", "")
    if asked in languages:
        return asked
    for part in request.headers.get("accept-language", "").split(","):
        code = part.strip()[:2].lower()
        if code in languages:
            return code
    return "en"
