"""The book shows launch buttons where a public repository is known, and only there."""

import importlib.util
import subprocess

import pytest

from rules import ROOT

SPEC = importlib.util.spec_from_file_location("repository", ROOT / "book" / "_ext" / "repository.py")
repository = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(repository)

ADDRESS = "https://github.com/ada/autoencoders"


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """An empty git checkout, and a function that gives it a remote."""
    monkeypatch.delenv("AECOURSE_REPOSITORY", raising=False)

    def git(*arguments):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    return tmp_path, lambda address: git("remote", "add", "origin", address)


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        (ADDRESS, ADDRESS),
        (f"{ADDRESS}.git", ADDRESS),
        ("git@github.com:ada/autoencoders.git", ADDRESS),
        ("ssh://git@github.com/ada/autoencoders", ADDRESS),
        ("https://git.example.org/ada/autoencoders.git", None),
        ("/srv/git/autoencoders.git", None),
    ],
)
def test_remote_names_the_repository(checkout, remote, expected):
    folder, add_remote = checkout
    add_remote(remote)
    assert repository.find_repository(folder) == expected


def test_environment_goes_before_the_remote(checkout, monkeypatch):
    folder, add_remote = checkout
    add_remote("https://github.com/fork/autoencoders")
    monkeypatch.setenv("AECOURSE_REPOSITORY", ADDRESS)
    assert repository.find_repository(folder) == ADDRESS


def test_no_remote_no_repository(checkout):
    folder, _ = checkout
    assert repository.find_repository(folder) is None
