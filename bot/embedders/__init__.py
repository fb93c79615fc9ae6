"""The embedders by name; PyTorch and the like are imported only when one is loaded."""

from pathlib import Path

from bot.embedders.base import Embedder
from bot.embedders.registry import EMBEDDERS
from bot.embedders.weights import find
from bot.errors import EmbedderError

__all__ = ["EMBEDDERS", "load"]


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
