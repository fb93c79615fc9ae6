"""Type aliases for NumPy arrays that several rooms exchange."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Samples = NDArray[np.float32]  # sound, full scale ±1
Vector = NDArray[np.float32]  # (d,)
Vectors = NDArray[np.float32]  # (n, d), of length 1 where nothing else is said
Matches = NDArray[np.float32] | Array  # (n, m): 1 for the same recording, 0 for chance, −∞ for unknown
