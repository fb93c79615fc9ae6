"""Loads PyTorch state dicts without executing code that a pickle may contain."""

import pickle
from pathlib import Path

import torch
from torch import Tensor

from bot.errors import WeightsError


def read_tensors(path: Path, name: str) -> dict[str, Tensor]:
    """The tensors of a state dict, also one kept under `model`. Raises WeightsError for any other file."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise WeightsError(f"There is no weight file {path}.") from None
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, pickle.UnpicklingError):
        raise WeightsError(
            f"{path.name} is damaged or no PyTorch weight file. Fetch it with: earworm models pull {name}"
        ) from None
    found = found.get("model", found) if isinstance(found, dict) else {}
    return {key: tensor.float() for key, tensor in found.items() if isinstance(tensor, Tensor)}
