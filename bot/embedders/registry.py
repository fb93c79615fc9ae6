"""What is known of each embedder, by name, before it is loaded.

`chance` counts while a server has too few tracks to measure its own (bot.vectors.calibration). That of MFCC and
MusiCNN is measured: the median cosine between 38 clips of songs by different artists, .878 and .281, which
`earworm eval` prints as `unrelated`. Those of OpenL3 (.75), PANNs (.5) and Wav2Vec2 (.9) are estimates, measured on
nothing, since their trained weights were not at hand; OpenL3 with random weights has .985.
"""

from collections.abc import Mapping
from types import MappingProxyType

from bot.embedders.base import EmbedderInfo

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
