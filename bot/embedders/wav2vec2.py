"""Wav2Vec2 base (Baevski et al. 2020): meant for speech, here for comparison; needs the extra `wav2vec2`."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bot.arrays import Samples
from bot.embedders.base import Embedder, Embedding
from bot.embedders.pickles import read_tensors
from bot.embedders.registry import EMBEDDERS
from bot.embedders.windows import clips, resampled
from bot.errors import EmbedderError, WeightsError

PREFIX = "wav2vec2."
RENAMED = {
    "conv.weight_g": "conv.parametrizations.weight.original0",
    "conv.weight_v": "conv.parametrizations.weight.original1",
}
"""How PyTorch's weight normalisation called its parts when the file was published, and calls them now."""

UNUSED = "masked_spec_embed"
"""A parameter of the training only."""

SECONDS = 10
MIN_SAMPLES = 400
"""Samples that the first layers need."""


class Wav2Vec2(Embedder):
    """The mean over time, then over ten-second clips, of the last layer; `config` as transformers' default."""

    def __init__(self, path: Path, *, config: Any = None) -> None:
        try:
            from transformers import Wav2Vec2Config, Wav2Vec2Model
        except ImportError:
            raise EmbedderError(
                "Wav2Vec2 needs the package transformers. Install it with: pip install 'earworm[wav2vec2]'"
            ) from None
        self.info = EMBEDDERS["wav2vec2"]
        self._model = Wav2Vec2Model(config or Wav2Vec2Config()).eval()
        _fill(self._model, read_tensors(path, "wav2vec2"))

    def embed(self, samples: Samples, rate: int, *, budget: int | None = None) -> Embedding:
        """See `Embedder.embed`; a window is ten seconds, or what is left."""
        sound = resampled(samples, rate, self.info.rate)
        chosen, timestamps = clips(sound, SECONDS * self.info.rate, self.info.rate, budget)
        with torch.inference_mode():
            frames = np.stack(
                [self._model(_standardised(c)).last_hidden_state[0].mean(0).numpy() for c in chosen]
            )
        return Embedding(vector=frames.mean(axis=0), frames=frames, timestamps=timestamps)


def _standardised(clip: Samples) -> Tensor:
    """What transformers' feature extractor does: zero mean, unit variance."""
    standardised = (clip - clip.mean()) / np.sqrt(clip.var() + 1e-7)
    return torch.from_numpy(np.pad(standardised, (0, max(0, MIN_SAMPLES - len(clip)))))[None]


def _fill(model: Any, tensors: dict[str, Tensor]) -> None:
    named = {}
    for key, tensor in tensors.items():
        for old, new in RENAMED.items():
            key = key.replace(old, new)
        named[key.removeprefix(PREFIX)] = tensor
    wanted = model.state_dict()
    missing = [k for k in wanted if k != UNUSED and (k not in named or named[k].shape != wanted[k].shape)]
    if missing:
        raise WeightsError(f"These are not Wav2Vec2's weights: {missing[0]} is missing or of another shape.")
    model.load_state_dict({key: named.get(key, wanted[key]) for key in wanted})
