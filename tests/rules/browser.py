"""Rules for the built pages as a browser shows them: nothing fails, all is drawn, and everybody can read it."""

import contextlib
import functools
import gzip
import http.server
import os
import shutil
import threading
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rules import html

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MISSING = (
    "NO CHROMIUM: the pages were NOT looked at in a browser. Install it (Debian and Ubuntu: apt-get install chromium), "
    "or name it in the environment variable AECOURSE_CHROMIUM."
)
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
VIEWS = [(scheme, size) for scheme in ("light", "dark") for size in (WIDE, NARROW)]
# Faults of the theme on every page, out of reach from here: its search button is labelled otherwise than it reads,
# and its skip link and sidebars lie outside of landmarks.
KNOWN_OF_THE_THEME = ("label-content-name-mismatch", "region")
MOST_BYTES = 2_000_000
TEXTS = {".html", ".css", ".js", ".json", ".svg"}

# All in one go: each call to the page costs a few milliseconds.
DRAWN = """async () => {
  if (window.MathJax?.startup) await MathJax.startup.promise;
  const told = [];
  for (const math of document.querySelectorAll(".math:not(.math .math)"))
    if (!math.querySelector("mjx-container")) told.push(`formula not rendered: ${math.textContent.slice(0, 60)}`);
  for (const fault of document.querySelectorAll("[data-mjx-error], mjx-merror"))
    told.push(`formula with an error: ${fault.dataset.mjxError ?? fault.textContent}`);
  for (const image of document.images) {
    image.loading = "eager";
    await image.decode().catch(() => told.push(`image failed: ${image.getAttribute("src").slice(0, 100)}`));
  }
  await document.fonts.ready;
  for (const font of document.fonts) if (font.status === "error") told.push(`font failed: ${font.family}`);
  return told;
}"""
# A chapter's code is thousands of coloured words, and looking at each takes axe most of its time: of each kind the
# first word in each kind of box stands for all, and the others become plain text.
SAMPLED = """() => {
  const kindOf = (word) => {
    const box = word.closest("pre").parentElement.className;
    return `${word.className}, ${getComputedStyle(word).color}, in ${box}`;
  };
  // All are looked at before any is changed: after a change the browser would work its styles out anew.
  const words = [...document.querySelectorAll("pre span:not(:has(*))")].map((word) => [word, kindOf(word)]);
  const seen = new Set();
  for (const [word, kind] of words) {
    const first = !seen.has(kind) && word.textContent.trim().length > 1;  // axe judges no single letter
    if (first) seen.add(kind);
    else word.replaceWith(word.textContent);
  }
  for (const code of document.querySelectorAll("pre")) code.normalize();
}"""
AXE = """async (known) => {
  const rules = Object.fromEntries(known.map((name) => [name, {enabled: false}]));
  const {violations} = await axe.run(document, {preload: false, resultTypes: ["violations"], rules});
  return violations.map(({id, help, nodes}) =>
    `${id} (${help}), ${nodes.length} times, first in ${nodes[0].html.slice(0, 160)} ${nodes[0].failureSummary}`);
}"""
# In the first frame after a change the page hears of it, by the second it has answered.
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# The theme and course.js let what scrolls be reached by key, some time after the window has changed; colours may fade.
SETTLED = """([scheme, width]) =>
  document.documentElement.dataset.theme === scheme &&
  innerWidth === width &&
  !document.getAnimations().some(({playState}) => playState === "running") &&
  [...document.querySelectorAll("pre")].every((code) => code.tabIndex === 0 || code.scrollWidth <= code.clientWidth)
"""


def find_chromium():
    """Return the path of a Chromium or Chrome, or None."""
    named = os.environ.get("AECOURSE_CHROMIUM")
    if named:
        if not shutil.which(named):
            raise FileNotFoundError(f"AECOURSE_CHROMIUM must name a browser. Received: {named}")
        return named
    return next(filter(None, map(shutil.which, NAMES)), None)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(folder):
    """Serve a folder on this machine; yields its address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextlib.contextmanager
def launched(executable):
    """Start the browser, without a way to other hosts; yields it."""
    from playwright.sync_api import sync_playwright  # slow to import, and needed here alone

    with sync_playwright() as playwright:
        # A page that asks another host fails here as it would without a network.
        arguments = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--disable-quic"]
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What goes wrong while a page is open, and the paths of what it loads."""

    page: object
    complaints: list = field(default_factory=list)
    loaded: set = field(default_factory=set)

    def __post_init__(self):
        self.page.on("request", self._asked)
        self.page.on("response", self._answered)
        self.page.on("requestfailed", lambda request: self._tell(f"request failed: {request.url}"))
        self.page.on("pageerror", lambda error: self._tell(f"script error: {error}"))
        self.page.on("console", self._said)

    def _tell(self, complaint):
        self.complaints.append(complaint)

    def _asked(self, request):
        parts = urlsplit(request.url)
        local = parts.scheme in {"file", "data", "blob"} or parts.hostname == "127.0.0.1"
        if not local:
            self._tell(f"request to another host: {request.url}")

    def _answered(self, response):
        if response.status >= 400:
            self._tell(f"answer {response.status}: {response.url}")
        self.loaded.add(unquote(urlsplit(response.url).path).lstrip("/"))

    def _said(self, message):
        if message.type == "error":
            self._tell(f"console error: {message.text}")


@contextlib.contextmanager
def opened(browser, address, **settings):
    """Open a page, and wait until all in it is drawn; yields the page and its Watch."""
    with browser.new_context(viewport=WIDE, **settings) as context:
        page = context.new_page()
        watch = Watch(page)
        page.goto(address, wait_until="load")
        watch.complaints += page.evaluate(DRAWN)
        yield page, watch


def faults_from_folder(browser, path):
    """Complain of what fails where the page is opened as a file."""
    with opened(browser, Path(path).resolve().as_uri()) as (_, watch):
        return watch.complaints


@functools.cache
def weight(path):
    """Bytes of a file as a web server sends it: text is compressed, pictures and fonts are already."""
    content = Path(path).read_bytes()
    return len(gzip.compress(content, compresslevel=6)) if Path(path).suffix in TEXTS else len(content)


def _holds(page, condition, within, argument=None):
    """Wait until a condition holds, for so many seconds at most; tell whether it did."""
    from playwright.sync_api import TimeoutError as TooLong  # as slow to import

    try:
        page.wait_for_function(condition, arg=argument, timeout=1000 * within)
    except TooLong:
        return False
    return True


def faults_from_server(browser, address, build, *, views=VIEWS, settles_within=10):
    """Complain of what fails in a page, light and dark, wide and narrow; of what axe finds; of its weight."""
    with opened(browser, address) as (page, watch):
        travels = sum(weight(Path(build, name)) for name in watch.loaded if Path(build, name).is_file())
        if travels > MOST_BYTES:
            watch.complaints.append(f"{travels:,} bytes to show the page, more than {MOST_BYTES:,}")
        page.add_script_tag(path=resources.files("axe_playwright_python") / "axe.min.js")
        page.evaluate(SAMPLED)
        for scheme, size in views:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size(size)
            page.evaluate(TWO_FRAMES)
            settled = _holds(page, SETTLED, settles_within, [scheme, size["width"]])
            found = [] if settled else [f"not settled within {settles_within} s"]
            found += page.evaluate(AXE, KNOWN_OF_THE_THEME)
            if page.locator("html").get_attribute("data-theme") != scheme:
                found.append("the theme does not follow the browser's colour scheme")
            excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if excess > 0:
                found.append(f"the page is {excess} px wider than its window")
            watch.complaints += [f"{scheme}, {size['width']} wide: {fault}" for fault in found]
        return watch.complaints


def faults_of_search(browser, address, *, timeout=10):
    """Complain where the search page does not find a word that is in the book, with the text around it."""
    with opened(browser, f"{address}/search.html?q=autoencoder") as (page, watch):
        if not _holds(page, "document.querySelector('#search-results p.context')", timeout):
            watch.complaints.append(f"the search shows no results within {timeout} s")
        return watch.complaints


def content_pages(build):
    """Return the pages that hold more than a redirection."""
    return [page for page in html.pages(build) if 'http-equiv="Refresh"' not in page.read_text(encoding="utf-8")]


def explorer_after(page, keys):
    """Press keys on the latent explorer's plane; return its place, what it tells of it, and the picture drawn."""
    plane = page.locator("#explorer-plane")
    for key in keys:
        plane.press(key)
    page.evaluate(TWO_FRAMES)
    return {
        "place": page.evaluate("window.latentExplorer.place()"),
        "told": page.locator("#explorer-place").text_content(),
        "picture": page.locator("#explorer-digit").evaluate("canvas => canvas.toDataURL()"),
    }


def explorer_error(page):
    """Return the largest difference between the script's pictures and those by Keras that the page keeps."""
    return page.evaluate("""() => {
      const {decode, checked} = window.latentExplorer;
      const drawn = checked.z.flatMap(decode);
      if (!drawn.length || drawn.length !== checked.pictures.length) return Infinity;
      return Math.max(...drawn.map((value, i) => Math.abs(value - checked.pictures[i])));
    }""")
