"""Where a prediction is wrong, to be looked at: layers of pixels, and the pictures that are made of them."""
