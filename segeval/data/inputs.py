"""What every kind of input is taken for, what is said about it, and how to say otherwise."""

from typing import NamedTuple

from segeval import errors
from segeval.errors import SegevalError


class Kind(NamedTuple):
    """One kind of input."""

    holds: str
    taken: str
    said: tuple[type[SegevalError], ...]  # remarks, or errors
    otherwise: str  # the options that say otherwise


KINDS = [
    Kind(
        "integers, of the truth's shape",
        "labels: each value is an id",
        (errors.UnknownPredIds, errors.UnknownTruthIds),
        "--binary: everything but 0 is foreground; --map: other ids",
    ),
    Kind("whole numbers in floating point", "labels", (errors.FloatLabels,), "--logits"),
    Kind(
        "fractions, of the truth's shape",
        "probability of the foreground",
        (errors.ForegroundOfMany, errors.LikeProbabilities, errors.NotProbabilities),
        "--logits; --threshold",
    ),
    Kind(
        "floating point (C, …), one axis more than the truth",
        "probabilities of C classes, the largest wins",
        (errors.LikeProbabilities, errors.NotProbabilities),
        "--logits; --multilabel: classes do not exclude each other",
    ),
    Kind(
        "0 and 1 for each class (C, …) or (…, C)",
        "labels of a volume",
        (errors.OneHotLabels, errors.NotOneHot, errors.ShapesDiffer),
        "--one-hot; --multilabel",
    ),
    Kind(
        "grey of 8 or 16 bits",
        "labels",
        (errors.GreyAsLabels, errors.LabelsAsGrey),
        "--probability; --truth-threshold for a truth",
    ),
    Kind(
        "one class: a folder or a suffix for each",
        "an error, or one class alone",
        (errors.UnfitChannels, errors.EmptyClass),
        "--pred-pattern or --gt-pattern '{class}/{id}.png', with --multilabel and --classes NAMES",
    ),
    Kind("a palette", "its indices are ids", (errors.OtherPalette,), "--colors, where it holds every colour in use"),
    Kind(
        "colours",
        "grey where all channels are equal, else an error",
        (errors.EqualChannels, errors.ColoursNeedTable, errors.UnknownColour),
        "--colors; --one-hot for three classes",
    ),
    Kind("0 and 255", "the ids 0 and 255", (errors.BinaryTruth, errors.ForegroundIgnored), "--binary"),
    Kind(
        "nearly 0 and 255, with --binary", "all above 0 is foreground", (errors.NearlyBinary,), "--truth-threshold 0.5"
    ),
    Kind(
        "255 or 65535 in the truth alone",
        "an id like others",
        (errors.VoidAsClass,),
        "--ignore 255; --classes, if it is one",
    ),
    Kind(
        "NaN, or a number for no data",
        "an error, or an id like others",
        (errors.NotFinite, errors.NodataKept),
        "--ignore nan; --ignore nodata; --ignore -9999",
    ),
    Kind("ids below 0 in the truth", "an error", (errors.UnknownTruthIds, errors.VoidAsClass), "--ignore -1; --map"),
    Kind("ids 1, 2, … n, anew in each file", "classes", (errors.InstanceIds,), "--binary: all objects together"),
    Kind(
        "ids of classes, with --instances labels",
        "numbers of objects",
        (errors.ClassesAsObjects,),
        "--instances components",
    ),
    Kind(
        "ids of two kinds: shifted, multiplied, or of two tables, as Cityscapes ids beside train ids",
        "ids as they stand",
        (errors.ShiftedIds, errors.ScaledIds, errors.TranslatedIds, errors.NothingInCommon, errors.UnmappedIds),
        "--map pred:shift:-1; --map gt:cityscapes-ids-to-trainids; --map gt:FILE",
    ),
    Kind(
        "foreground and background swapped, or no background",
        "ids as they stand",
        (errors.Inverted, errors.NoBackground),
        "--map",
    ),
    Kind("a truth of 0, with --ignore 0", "no pixel at all", (errors.BackgroundIgnored,), "--mean-without 0"),
    Kind(
        "fractions in the truth",
        "an error",
        (errors.FractionalTruth,),
        "--soft-truth: fractions of each class, for losses; --truth-threshold",
    ),
    Kind("an NPZ of several arrays", "an error", (errors.SeveralFrames,), "--pred-array; --gt-array"),
    Kind(
        "volumes: NIfTI, MHA, NRRD",
        "z, y, x; channels first; labels rounded; spacing by pixdim",
        (errors.AxesDropped, errors.VolumesCounted, errors.UnclearSpacing),
        "--one-hot; --multilabel",
    ),
    Kind("pixels of two sizes or places", "an error", (errors.GeometryDiffers,), "--ignore-geometry"),
    Kind("pixels sized in some files alone", "distances as they come", (errors.MixedUnits,), "--spacing"),
    Kind("two shapes", "an error that names the cure", (errors.ShapesDiffer,), "nothing: masks are never resized"),
    Kind(
        "two folders; two files; one folder and two patterns",
        "pairs by relative path and name",
        (errors.NothingMatched, errors.MissingPrediction, errors.SameFolder),
        "--pred-pattern; --gt-pattern; --ids; --missing",
    ),
]
