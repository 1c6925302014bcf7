"""Sphinx extension: what search engines and link previews show of a page.

The description is the page's first paragraph, up to a full stop. A preview's
picture needs an address of its own, so it is named only where the address of
the published book is known, by the environment variable AECOURSE_ADDRESS.
"""

import os
import re
from html import escape

from docutils import nodes

PICTURE = "_static/cover.png"
LONGEST = 200  # characters; search engines show less than this


def shorten(text, longest=LONGEST):
    """Return the first sentences of ``text`` that fit, or its first words."""
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    ends = [m.end() for m in re.finditer(r"[.?!](?=\s)", text)]
    ends = [end for end in ends if longest / 3 <= end <= longest]
    if ends:
        return text[: ends[-1]]
    return text[: longest - 1].rsplit(" ", 1)[0] + "\N{HORIZONTAL ELLIPSIS}"


def description(doctree):
    """Return a page's description, or None for a page without text."""
    for paragraph in doctree.findall(nodes.paragraph):
        inside = isinstance(paragraph.parent, nodes.section | nodes.document)
        if inside and len(paragraph.astext()) > 40:
            return shorten(paragraph.astext())
    return None


def head_tags(title, told, address, page):
    """Return the tags for a page's head."""
    tags = {"og:type": "article", "og:title": title}
    if told:
        tags["og:description"] = told
    if address:
        tags["og:url"] = f"{address}/{page}"
        tags["og:image"] = f"{address}/{PICTURE}"
    lines = [
        f'<meta property="{name}" content="{escape(content)}">'
        for name, content in tags.items()
    ]
    if told:
        lines.append(f'<meta name="description" content="{escape(told)}">')
    return "\n".join(lines)


def _take_address(app, config):
    address = os.environ.get("AECOURSE_ADDRESS", "")
    if address and not address.startswith("https://"):
        raise ValueError(
            "AECOURSE_ADDRESS must be the https address of the book. "
            f"Received: {address!r}."
        )
    config.html_baseurl = address.rstrip("/") + "/" if address else ""


def _add_tags(app, pagename, templatename, context, doctree):
    told = description(doctree) if doctree is not None else None
    title = re.sub(r"<[^>]*>", "", context.get("title") or "")
    address = app.config.html_baseurl.rstrip("/")
    tags = head_tags(title, told, address, f"{pagename}.html")
    context["metatags"] = context.get("metatags", "") + "\n" + tags


def setup(app):
    app.connect("config-inited", _take_address)
    app.connect("html-page-context", _add_tags)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
