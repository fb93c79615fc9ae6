"""MusiCNN (Pons & Serra 2019): features and tags of a music tagger, over windows of three seconds."""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from bot.arrays import Samples, Vector
from bot.embedders.base import Embedder, Embedding
from bot.embedders.mel import mel_filters
from bot.embedders.musicnn_net import BANDS, STEPS, MusicnnNetwork, MusicnnOutput
from bot.embedders.registry import EMBEDDERS
from bot.embedders.tf_checkpoint import read_checkpoint
from bot.embedders.windows import resampled, spread
from bot.errors import EmbedderError, WeightsError

N_FFT = 512
HOP = 256
PATCHES_AT_ONCE = 4

TAGS = {
    "msd": (
        "rock,pop,alternative,indie,electronic,female vocalists,dance,00s,alternative rock,jazz,beautiful,metal,"
        "chillout,male vocalists,classic rock,soul,indie rock,Mellow,electronica,80s,folk,90s,chill,instrumental,punk,"
        "oldies,blues,hard rock,ambient,acoustic,experimental,female vocalist,guitar,Hip-Hop,70s,party,country,"
        "easy listening,sexy,catchy,funk,electro,heavy metal,Progressive rock,60s,rnb,indie pop,sad,House,happy"
    ),
    "mtt": (
        "guitar,classical,slow,techno,strings,drums,electronic,rock,fast,piano,ambient,beat,violin,vocal,synth,female,"
        "indian,opera,male,singing,vocals,no vocals,harpsichord,loud,quiet,flute,woman,male vocal,no vocal,pop,soft,"
        "sitar,solo,man,classic,choir,voice,new age,dance,male voice,female vocal,beats,harp,cello,no voice,weird,"
        "country,metal,female voice,choral"
    ),
}
"""The tags of the two published models, trained on the Million Song Dataset and on MagnaTagATune."""


class MusiCNN(Embedder):
    """The mean and the maximum over the patches of the network's features, each standardised.

    Features are averaged over a patch's time (`mean_pool`, 753) and standardised with what the network's own batch
    norm learned of them in training: raw, some are a thousand times as large as others. Leave one out, standardised:
    precision@5 .58 over 368 clips in ten genres (penultimate layer .59, MFCC .29) and .31 over 100 mostly
    instrumental tracks by artist (.21, .19). As it is here, over 27 tracks by artist: mean average precision .41
    (not standardised .37, penultimate layer .28, MFCC .33, by chance .12).
    """

    info = EMBEDDERS["musicnn"]

    def __init__(self, path: Path, *, model: str = "msd") -> None:
        if model not in TAGS:
            raise EmbedderError(f"MusiCNN's model is {' or '.join(TAGS)}, not {model!r}.")
        variables = _read(path, model)
        self._network = MusicnnNetwork(variables)
        self._tags = TAGS[model].split(",")
        self._mean, self._deviation = _training_statistics(variables)
        self._taper = torch.hann_window(N_FFT, periodic=True)
        self._mel = torch.from_numpy(mel_filters(self.info.rate, N_FFT, BANDS))

    def embed(self, samples: Samples, rate: int, *, budget: int | None = None) -> Embedding:
        """See `Embedder.embed`; a window is a patch of 187 steps, 2.99 s, and the tags are averages."""
        sound = resampled(samples, rate, self.info.rate)
        chosen = spread(max(1, (1 + len(sound) // HOP) // STEPS), budget)
        with torch.inference_mode():
            heard = [self._network(patches) for patches in self._patches(sound, chosen)]
        pooled = (_join(heard, "mean_pool") - self._mean) / self._deviation
        tags = _join(heard, "tags").mean(axis=0)
        return Embedding(
            vector=np.concatenate([pooled.mean(axis=0), pooled.max(axis=0)]),
            frames=np.concatenate([pooled, pooled], axis=1),
            timestamps=(chosen * (STEPS * HOP / self.info.rate)).astype(np.float64),
            tags={tag: float(value) for tag, value in zip(self._tags, tags, strict=True)},
        )

    def _patches(self, sound: Samples, chosen: NDArray[np.int64]) -> Iterator[Tensor]:
        """The chosen patches, a few at a time: (b, 187, 96) log-mel."""
        length = (STEPS - 1) * HOP + N_FFT
        if len(sound) < length - N_FFT:
            # A short sound is looped: silence would be heard as a part of it.
            sound = np.resize(sound, length - N_FFT)
        padded = np.pad(sound, N_FFT // 2)
        for start in range(0, len(chosen), PATCHES_AT_ONCE):
            starts = chosen[start : start + PATCHES_AT_ONCE] * STEPS * HOP
            yield self._log_mel(torch.from_numpy(np.stack([padded[s : s + length] for s in starts])))

    def _log_mel(self, sound: Tensor) -> Tensor:
        frames = sound.unfold(1, N_FFT, HOP) * self._taper
        power = torch.fft.rfft(frames).abs() ** 2
        # In single precision throughout: the published extractor overflows half precision on loud music.
        return (10_000 * functional.linear(power, self._mel) + 1).log10()


def _read(path: Path, model: str) -> dict[str, NDArray[np.float32]]:
    """A model's variables, out of the published wheel."""
    folder = f"musicnn/{model.upper()}_musicnn/"
    try:
        with zipfile.ZipFile(path) as wheel:
            index, data = wheel.read(f"{folder}.index"), wheel.read(f"{folder}.data-00000-of-00001")
        return read_checkpoint(index, data)
    except FileNotFoundError:
        raise WeightsError(f"There is no weight file {path}.") from None
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, IndexError):
        raise WeightsError(
            f"{path.name} is damaged or not the package musicnn 0.1.0. Fetch it with: earworm models pull musicnn"
        ) from None


def _training_statistics(variables: dict[str, NDArray[np.float32]]) -> tuple[Vector, Vector]:
    """Mean and deviation of the mean-pooled features over the training set, as the dense layer's norm holds them."""
    mean, variance = (
        variables[f"batch_normalization_9/moving_{kind}"].reshape(-1, 2)[:, 1]
        for kind in ("mean", "variance")
    )
    # The norm's own epsilon is the floor, so that features which never speak stay at zero.
    return mean, np.sqrt(variance + np.float32(1e-3))


def _join(heard: list[MusicnnOutput], kind: str) -> Vector:
    joined: Vector = torch.cat([getattr(h, kind) for h in heard]).numpy()
    return joined
