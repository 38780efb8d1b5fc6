#!/usr/bin/env python3
"""Converts SVHN's cropped digits (http://ufldl.stanford.edu/housenumbers) from MATLAB files to the IDX format.

    python3 scripts/convert_svhn.py train_32x32.mat test_32x32.mat DIR/svhn

writes train-images-idx4-ubyte, train-labels-idx1-ubyte, test-images-idx4-ubyte and test-labels-idx1-ubyte, which flsim
reads as the data set svhn with --data-dir DIR. Images become N x 32 x 32 x 3 bytes, channels varying fastest; the label 10
of the digit 0 becomes 0. Needs NumPy and SciPy.
"""
import os
import struct
import sys

import numpy as np
from scipy.io import loadmat

UINT8 = 8  # IDX's code for the type of the elements


def read(path):
    """Returns images (N x rows x columns x channels) and labels (N, 0 to 9) of a MATLAB file."""
    try:
        mat = loadmat(path, variable_names=["X", "y"])
    except (OSError, ValueError, NotImplementedError) as reason:
        sys.exit(f"{path}: not a MATLAB file that SciPy can read: {reason}")
    if "X" not in mat or "y" not in mat:
        sys.exit(f"{path}: want the variables X and y, as train_32x32.mat has them")
    images, labels = mat["X"], mat["y"].ravel()
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[2] != 3 or images.shape[3] != len(labels):
        sys.exit(f"{path}: want X of rows x columns x 3 x {len(labels)} bytes, got {images.shape} of {images.dtype}")
    if len(labels) == 0 or labels.min() < 1 or labels.max() > 10:
        sys.exit(f"{path}: want at least one label, and labels from 1 to 10")
    return images.transpose(3, 0, 1, 2), (labels % 10).astype(np.uint8)


def write(path, array):
    """Writes an array of bytes: two zeros, type, number of dimensions, dimensions, elements, the last axis fastest."""
    with open(path, "wb") as file:
        file.write(bytes([0, 0, UINT8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape))
        file.write(np.ascontiguousarray(array).tobytes())
    print(f"{path}: {' x '.join(map(str, array.shape))}")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    folder = sys.argv[3]
    parts = [(name, *read(path)) for name, path in zip(["train", "test"], sys.argv[1:3])]
    os.makedirs(folder, exist_ok=True)
    for name, images, labels in parts:
        write(os.path.join(folder, f"{name}-images-idx4-ubyte"), images)
        write(os.path.join(folder, f"{name}-labels-idx1-ubyte"), labels)


if __name__ == "__main__":
    main()
