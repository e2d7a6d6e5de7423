"""The U-Net's weight of each pixel: of an array, and of a folder of masks."""

from segeval.weightmap.formula import unet_weights

__all__ = ["unet_weights"]
