"""Tests of bot/embedders/wav2vec2.py, on a small model with random weights where transformers is installed."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bot.embedders import load
from bot.embedders.weights import WEIGHTS, available
from bot.errors import EmbedderError, WeightsError

needs_transformers = pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None, reason="needs the extra wav2vec2"
)


def test_without_transformers_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(EmbedderError, match=r"pip install 'earworm\[wav2vec2\]'"):
        load("wav2vec2", tmp_path, weights=tmp_path / "w.bin")


def test_without_transformers_it_is_not_available(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = WEIGHTS["wav2vec2"].place(tmp_path)
    place.parent.mkdir()
    place.write_bytes(b"weights")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not available("wav2vec2", tmp_path)


def small_model() -> Any:
    from transformers import Wav2Vec2Config, Wav2Vec2ForPreTraining

    torch.manual_seed(0)
    config = Wav2Vec2Config(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=(16,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        proj_codevector_dim=16,
        codevector_dim=16,
    )
    return Wav2Vec2ForPreTraining(config).eval()


@needs_transformers
def test_the_vector_is_the_mean_of_the_last_layer(tmp_path: Path) -> None:
    from bot.embedders.wav2vec2 import RENAMED, Wav2Vec2

    model = small_model()
    tensors = model.state_dict()
    for old, new in RENAMED.items():  # as the published file calls them
        tensors = {name.replace(new, old): tensor for name, tensor in tensors.items()}
    torch.save(tensors, tmp_path / "w.bin")
    sound = np.random.default_rng(0).normal(0.1, 0.1, 80_000).astype(np.float32)
    with torch.inference_mode():
        standard = torch.from_numpy((sound - sound.mean()) / sound.std())[None]
        expected = model.wav2vec2(standard).last_hidden_state[0].mean(0).numpy()
    embedding = Wav2Vec2(tmp_path / "w.bin", config=model.config).embed(sound, 16_000)
    assert np.allclose(embedding.vector, expected, atol=1e-4)


@needs_transformers
def test_another_network_is_refused(tmp_path: Path) -> None:
    from bot.embedders.wav2vec2 import Wav2Vec2

    torch.save({"fc.weight": torch.zeros(3)}, tmp_path / "w.bin")
    with pytest.raises(WeightsError, match="not Wav2Vec2's"):
        Wav2Vec2(tmp_path / "w.bin", config=small_model().config)
