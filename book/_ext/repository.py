"""Sphinx extension: links to the repository, and launch buttons.

They show only where a public repository is known: the environment variable
AECOURSE_REPOSITORY (an https address) names it; otherwise the git remote
`origin` does if it is on GitHub. A copy that has neither gets no buttons.
"""

import os
import re
import subprocess

_ON_GITHUB = re.compile(
    r"^(?:https://|git@|ssh://git@)github\.com[:/](?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?$"
)


def find_repository(folder):
    """Return the repository as ``https://github.com/owner/name``, or None."""
    address = os.environ.get("AECOURSE_REPOSITORY")
    if not address:
        try:
            git = subprocess.run(
                ["git", "remote", "get-url", "origin"],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
        except (
            FileNotFoundError
        ):  # a machine without git, a book from an archive
            return None
        address = git.stdout.strip()
    match = _ON_GITHUB.match(address)
    return f"https://github.com/{match['name']}" if match else None


def _add_links(app, config):
    repository = find_repository(app.srcdir)
    if repository is None:
        return
    config.html_theme_options.update(
        repository_url=repository,
        repository_branch="main",
        path_to_docs="",
        use_repository_button=True,
        use_edit_page_button=True,
        use_issues_button=True,
        launch_buttons={
            "notebook_interface": "jupyterlab",
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        },
    )


def setup(app):
    app.connect("config-inited", _add_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
