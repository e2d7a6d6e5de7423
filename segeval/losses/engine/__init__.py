"""From images to the evidence of losses, and from evidence to their values."""
