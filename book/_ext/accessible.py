"""Sphinx extension: what the theme's pages lack for readers by ear and by key.

- A table's corner is no heading: pandas marks it as an empty one.
- All data frames have one look: their own styles and borders go.
- The bibliography is a plain list; its role `doc-biblioentry` is obsolete.
- The arrow that unfolds a part of the contents has a name.
- What scrolls can be scrolled by key (book/_static/course.js).
"""

from pathlib import Path

from bs4 import BeautifulSoup
from docutils import nodes

# What the theme and docutils write, and what should stand there
MENDED = {
    '<summary><span class="toctree-toggle"': (
        '<summary aria-label="Its pages"><span class="toctree-toggle"'
    ),
    '<th class="head"><p></p></th>': "<td></td>",
}


def mend_tables(markup):
    """Return HTML whose tables have no empty headings and no borders."""
    tree = BeautifulSoup(markup, "html.parser")
    for head in tree.select("table th"):
        if not head.get_text(strip=True):
            head.name = "td"
        elif not head.has_attr("scope"):
            in_head = head.find_parent("thead") is not None
            head["scope"] = "col" if in_head else "row"
    for table in tree.find_all("table"):
        del table["border"]
    return str(tree)


def _mend_all_tables(app, doctree, docname):
    for raw in doctree.findall(nodes.raw):
        markup = raw.astext()
        if "html" in raw.get("format", "") and "<table" in markup:
            raw.replace_self(nodes.raw("", mend_tables(markup), format="html"))


def _enter_citation(writer, node):
    siblings = node.parent.children
    place = siblings.index(node)
    first = place == 0 or not isinstance(siblings[place - 1], nodes.citation)
    if first:
        writer.body.append('<div role="list" class="citation-list">\n')
    writer.body.append(
        writer.starttag(node, "div", CLASS="citation", role="listitem")
    )


def _leave_citation(writer, node):
    writer.body.append("</div>\n")
    following = node.next_node(descend=False, siblings=True)
    if not isinstance(following, nodes.citation):
        writer.body.append("</div>\n")


def mend_page(text):
    """Return a page whose arrows have a name and whose headings a text."""
    for found, better in MENDED.items():
        text = text.replace(found, better)
    return text


def _mend_pages(app, exception):
    if exception or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        page.write_text(mend_page(text), encoding="utf-8")


def setup(app):
    app.add_js_file("course.js", loading_method="defer")
    app.add_node(
        nodes.citation, override=True, html=(_enter_citation, _leave_citation)
    )
    app.connect("doctree-resolved", _mend_all_tables)
    app.connect("build-finished", _mend_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
