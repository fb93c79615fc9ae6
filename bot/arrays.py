"""What arrays are called that many rooms hand to each other; each docstring says the shape."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Vectors = NDArray[np.float32]  # (n, d), of length 1 where nothing else is said
Matches = NDArray[np.float32] | Array  # (n, m): 1 for the same recording, 0 for chance, −∞ for unknown
