"""Units of length, as headers write them."""

METRES = {"nm": 1e-9, "µm": 1e-6, "mm": 1e-3, "cm": 1e-2, "m": 1.0, "inch": 0.0254}
_OTHERWISE = {
    **dict.fromkeys(
        ("um", "μm", "\\u00b5m", "&#181;m", "&#xb5;m", "micron", "microns", "micrometer", "micrometre"), "µm"
    ),
    **dict.fromkeys(("nanometer", "nanometre"), "nm"),
    **dict.fromkeys(("millimeter", "millimetre", "millimeters"), "mm"),
    **dict.fromkeys(("centimeter", "centimetre"), "cm"),
    **dict.fromkeys(("meter", "metre"), "m"),
    **dict.fromkeys(("in", "inches"), "inch"),
}


def named(text: str) -> str:
    """A unit by one name, however it is written; one that nobody knows stays as it is."""
    text = text.strip()
    return text if text in METRES else _OTHERWISE.get(text.lower(), text)


def ratio(one: str, other: str) -> float:
    """How many of the other unit make one; 1 where one of them is not known: nothing says that they differ."""
    return METRES[one] / METRES[other] if one in METRES and other in METRES else 1.0
