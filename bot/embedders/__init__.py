"""The embedders by name; nothing heavy is imported before one is loaded.

`chance` counts while a server has too few tracks to measure its own (bot.vectors.calibration). That of MFCC and
MusiCNN is measured: the median cosine between 38 clips of songs by different artists, .878 and .281, which
`earworm eval` prints as `unrelated`. Those of OpenL3 (.75), PANNs (.5) and Wav2Vec2 (.9) are estimates, measured on
nothing, since their trained weights were not at hand; OpenL3 with random weights has .985.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from bot.embedders.base import Embedder, EmbedderInfo
from bot.embedders.weights import find
from bot.errors import EmbedderError

EMBEDDERS: Mapping[str, EmbedderInfo] = MappingProxyType(
    {
        info.name: info
        for info in (
            EmbedderInfo(
                name="openl3",
                version=1,
                dimension=512,
                rate=48_000,
                chance=0.75,
                licence="CC BY 4.0",
                citation="Cramer, Wu, Salamon & Bello: Look, Listen and Learn More. ICASSP 2019",
            ),
            EmbedderInfo(
                name="musicnn",
                version=1,
                dimension=1506,
                rate=16_000,
                chance=0.28,
                budget=10,
                standardise=True,
                licence="ISC",
                citation="Pons & Serra: musicnn: pre-trained convolutional neural networks for music. LBD ISMIR 2019",
            ),
            EmbedderInfo(
                name="mfcc",
                version=1,
                dimension=80,
                rate=22_050,
                chance=0.88,
                licence="none needed",
                citation="McFee et al.: librosa: audio and music signal analysis in Python. SciPy 2015",
            ),
            EmbedderInfo(
                name="panns",
                version=1,
                dimension=2048,
                rate=32_000,
                chance=0.5,
                budget=30,
                licence="CC BY 4.0",
                citation="Kong et al.: PANNs: large-scale pretrained audio neural networks. IEEE/ACM TASLP 2020",
            ),
            EmbedderInfo(
                name="wav2vec2",
                version=1,
                dimension=768,
                rate=16_000,
                chance=0.9,
                budget=30,
                licence="Apache 2.0",
                citation="Baevski et al.: wav2vec 2.0. NeurIPS 2020",
            ),
        )
    }
)


def load(
    name: str,
    home: Path,
    *,
    weights: Path | None = None,
    precision: str = "fast",
    size: int = 512,
    hop: float = 1.0,
    input_repr: str = "mel256",
    content: str = "music",
    center: bool = True,
    model: str = "msd",
) -> Embedder:
    """Load an embedder; its weights from `weights`, else from `home`/weights.

    `precision` is fast or fp32. `size` (512 or 6144), `hop` (seconds), `input_repr` (mel256, mel128, linear),
    `content` (music, env) and `center` are OpenL3's; `model` (msd, mtt) is MusiCNN's. Raises EmbedderError for a
    name or an option that there isn't, WeightsError for weights that are missing or damaged.
    """
    if name == "openl3":
        from bot.embedders.keras_weights import read_layers
        from bot.embedders.openl3 import OpenL3, Options

        options = Options(
            input_repr=input_repr, content=content, size=size, hop=hop, center=center, precision=precision
        )
        return OpenL3(options, read_layers(weights or options.find_weights(home)))
    if name == "mfcc":
        from bot.embedders.mfcc import Mfcc

        return Mfcc()
    if name == "musicnn":
        from bot.embedders.musicnn import MusiCNN

        return MusiCNN(weights or find(name, home), model=model)
    if name == "panns":
        from bot.embedders.panns import Panns

        return Panns(weights or find(name, home))
    if name == "wav2vec2":
        from bot.embedders.wav2vec2 import Wav2Vec2

        return Wav2Vec2(weights or find(name, home))
    raise EmbedderError(f"There is no embedder called {name!r}; take one of {', '.join(EMBEDDERS)}.")
