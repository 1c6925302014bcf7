"""Sphinx extension: two processes read the pages, and so execute the chapters.

Sphinx can read its sources in parallel, but the command of Jupyter Book has no
option to ask for it. Each process then gets its share of the processors.
"""

import os
from itertools import chain, islice
from pathlib import Path

from myst_nb.core.read import is_myst_markdown_notebook
from sphinx.util.parallel import make_chunks

PROCESSES = 2  # each needs a gigabyte or two, with the kernel that it starts
# sphinx_external_toc brings it along. It numbers sections when all pages have
# been read, in one process, but does not declare that it is safe.
UNDECLARED = "sphinx_multitoc_numbering"
# TensorFlow's, and those of scikit-learn and NumPy.
THREADS = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS")


def in_shares(pages, chapters, last, sizes):
    """Order pages so that consecutive shares of the given sizes end together.

    Chapters are dealt in turn to the first ``PROCESSES`` shares, those of
    ``last`` go to the last share, which waits until one of the first is done,
    and all other pages fill up, the first share last: it has the most to do.
    """
    shares = [[] for _ in sizes]
    dealt = [page for page in chapters if page not in last]
    for place, page in enumerate(dealt):
        shares[place % min(PROCESSES, len(shares))].append(page)
    shares[-1] += [page for page in chapters if page in last]
    others = iter([page for page in pages if page not in chapters])
    for share, size in zip(shares[::-1], sizes[::-1], strict=True):
        share += islice(others, max(0, size - len(share)))
    return [*chain(*shares), *others]


def _start(app, config):
    n_processors = os.cpu_count() or 1
    app.parallel = min(PROCESSES, n_processors)
    app.extensions[UNDECLARED].parallel_read_safe = True
    # With as many threads in each as there are processors they would wait
    # for one another.
    for name in THREADS:
        os.environ.setdefault(name, str(n_processors // app.parallel))


def _is_executed(path):
    """Whether a page is a notebook, in either format."""
    path = Path(path)
    return path.suffix == ".ipynb" or is_myst_markdown_notebook(
        path.read_text(encoding="utf-8")
    )


def _deal(app, env, docnames):
    if not docnames:  # nothing has changed since the last build
        return
    in_book = [
        page for page in app.config.external_site_map if page in docnames
    ]
    in_book += [page for page in docnames if page not in in_book]
    chapters = [page for page in in_book if _is_executed(env.doc2path(page))]
    sizes = [len(chunk) for chunk in make_chunks(docnames, app.parallel)]
    docnames[:] = in_shares(in_book, chapters, app.config.read_last, sizes)


def setup(app):
    app.add_config_value("read_last", [], "", [list])
    app.connect("config-inited", _start)
    app.connect("env-before-read-docs", _deal)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
