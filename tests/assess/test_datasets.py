"""The data that submissions are tested with: read, checked, and made."""

import gzip
import io
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

from tasks.assess import datasets
from tasks.assess.datasets import cifar10, mnist, stories
from tasks.errors import BadInput


@pytest.fixture
def digits() -> Path:
    folder = mnist.find()
    if folder is None:
        pytest.skip("MNIST is not on this machine")
    return folder


def test_test_digits_are_mnists(digits: Path) -> None:
    data = mnist.load(digits, "test")
    assert data.images.shape == (10_000, 28, 28)
    assert data.labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_damaged_digits_are_refused(digits: Path, tmp_path: Path) -> None:
    for name in mnist.FILES:
        (tmp_path / name).symlink_to(digits / name)
    labels = tmp_path / "t10k-labels-idx1-ubyte.gz"
    content = bytearray(gzip.decompress(labels.read_bytes()))
    content[100] ^= 1
    labels.unlink()
    labels.write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(BadInput, match="t10k-labels"):
        mnist.check(tmp_path)


def test_digits_are_downloaded_and_checked(digits: Path, tmp_path: Path) -> None:
    folder = mnist.download(tmp_path / "mnist", source=digits.as_uri())
    assert len(mnist.load(folder, "test")) == 10_000


def test_cut_off_digits_are_bad_input(digits: Path, tmp_path: Path) -> None:
    for name in mnist.FILES:
        shutil.copy(digits / name, tmp_path / name)
    cut = tmp_path / "t10k-images-idx3-ubyte.gz"
    cut.chmod(0o644)
    cut.write_bytes(cut.read_bytes()[:1000])
    with pytest.raises(BadInput, match="cannot be read"):
        mnist.load(tmp_path, "test")


@pytest.mark.slow
def test_pictures_are_cifar10s() -> None:
    folder = cifar10.find()
    if folder is None:
        pytest.skip("CIFAR-10 is not on this machine")
    cifar10.check(folder)
    data = cifar10.load(folder, "test")
    assert data.images.shape == (10_000, 32, 32, 3)
    assert np.bincount(data.labels).tolist() == [1000] * 10


def test_vendors_archive_is_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 20, dtype=np.uint8)
    images = rng.integers(0, 256, (20, 32, 32, 3), dtype=np.uint8)
    rows = np.concatenate([labels[:, None], images.transpose(0, 3, 1, 2).reshape(20, -1)], axis=1)
    with tarfile.open(tmp_path / cifar10.ARCHIVE, "w:gz") as archive:
        entry = tarfile.TarInfo("cifar-10-batches-bin/test_batch.bin")
        entry.size = rows.size
        archive.addfile(entry, io.BytesIO(rows.tobytes()))
    data = cifar10.load(tmp_path, "test")
    assert np.array_equal(data.labels, labels)
    assert np.array_equal(data.images, images)
    with pytest.raises(BadInput, match="damaged"):
        cifar10.check(tmp_path)


def test_wrong_download_is_not_kept(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.tar.gz"
    wrong.write_bytes(b"not found")
    with pytest.raises(BadInput, match="damaged"):
        cifar10.download(tmp_path / "cifar10", source=wrong.as_uri())
    assert list((tmp_path / "cifar10").iterdir()) == []


def test_unreachable_source_may_be_tried_again(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        mnist.download(tmp_path / "mnist", source=(tmp_path / "nowhere").as_uri())
    assert list((tmp_path / "mnist").iterdir()) == []


def test_missing_data_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.base, "data_folders", list)
    with pytest.raises(BadInput, match="prepare-data"):
        datasets.located("cifar10")


def test_subsets_are_drawn_by_the_seed() -> None:
    data = datasets.LabelledImages(np.arange(50)[:, None, None], np.arange(50))
    one, other = (data.subset(np.random.default_rng(seed), 10) for seed in (1, 2))
    assert len(one) == 10
    assert len(set(one.labels.tolist())) == 10
    assert np.array_equal(one.images[:, 0, 0], one.labels)
    assert one.labels.tolist() != other.labels.tolist()


def test_stories_know_their_chances() -> None:
    """A sentence's chance under the grammar, counted by drawing very many of them."""
    rng = np.random.default_rng(0)
    seen = [stories.write_stories(rng, 1) for _ in range(4000)]
    # Every story has 3 to 6 sentences, each of these lengths as likely as the others.
    counts = np.bincount([text.content.count(".") for text in seen], minlength=7)[3:7]
    assert (np.abs(counts / len(seen) - 0.25) < 0.03).all()
    first = [text.content.split(".")[0] for text in seen]
    rain = np.mean([sentence == "there was rain over the lake at night" for sentence in first])
    assert rain == pytest.approx(1 / (4 * 5 * 8 * 4), abs=0.003)
    assert all(text.nats > np.log(4) for text in seen)


def test_training_text_is_always_the_same(tmp_path: Path) -> None:
    folder = stories.download(tmp_path)
    stories.check(folder)
    (folder / stories.FILE).write_text("another text")
    with pytest.raises(BadInput, match="was changed"):
        stories.check(folder)


def test_letters_alone_foresee_less_than_the_grammar() -> None:
    text = stories.write_stories(np.random.default_rng(9), 3000)
    letters = stories.unigram_perplexity(stories.training_text(), text.content)
    assert 1.1 < np.exp(text.nats / len(text.content)) < 1.5
    assert 15 < letters < 20
    assert stories.unigram_perplexity("ab", "zz") == pytest.approx(5.0)


def test_data_are_made_once_and_then_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "PROJECT_ROOT", tmp_path)
    monkeypatch.setattr(datasets.base, "data_folders", lambda: [tmp_path / "data"])
    folder = datasets.prepare("stories")
    assert folder == tmp_path / "data" / "stories"
    before = (folder / stories.FILE).stat().st_mtime_ns
    assert datasets.prepare("stories") == datasets.located("stories") == folder
    assert (folder / stories.FILE).stat().st_mtime_ns == before
