"""What can be the user's fault, and how the program ends because of it.

Every cause is one class with one stable code. Its docstring is what `segeval explain` prints: first line the cause,
then what to do. Codes are never reused.
"""

import os
from collections.abc import Iterable

OK, GATE_FAILED, USAGE, INPUT, BASELINE, BUG = 0, 1, 2, 3, 4, 70
INTERRUPTED, PIPE_CLOSED, TERMINATED = 130, 141, 143

EXIT_CODES = {
    OK: "done",
    GATE_FAILED: "the gate failed, and nothing else",
    USAGE: "wrong usage or configuration",
    INPUT: "input data: a folder, mask or run that does not exist or cannot be read; what could be scored was scored",
    BASELINE: "baseline missing or incompatible",
    BUG: "internal error, or the disk is full",
    INTERRUPTED: "interrupted (SIGINT)",
    PIPE_CLOSED: "the reader of stdout went away",
    TERMINATED: "terminated (SIGTERM)",
}

_GRAVEST_FIRST = (BUG, USAGE, BASELINE, INPUT, GATE_FAILED, OK)


def ending(codes: Iterable[int]) -> int:
    """The exit code where several apply: the one that says most clearly that the answer is not known."""
    return min(codes, key=_GRAVEST_FIRST.index, default=OK)


def debugging() -> bool:
    """Whether the user wants to see tracebacks."""
    return os.environ.get("SEGEVAL_DEBUG", "") not in ("", "0")


class SegevalError(Exception):
    """Something that the user can mend."""

    code = ""
    exit_code = BUG

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SegevalError):
    """Wrong use or wrong configuration."""

    exit_code = USAGE


class InputError(SegevalError):
    """A file or folder that cannot be scored."""

    exit_code = INPUT


class Remark(SegevalError):
    """Worth saying; changes no number. Kept as a value, never raised."""

    exit_code = OK


class Doubt(Remark):
    """The numbers mean little if it is so: a problem in `check`, first among the notes of `score`."""

    exit_code = INPUT  # where it is told as a problem


class BadOption(UsageError):
    """An option has a value that makes no sense.

    The message says which values do. `segeval COMMAND --help all` shows every option.
    """

    code = "SEG101"


class NoEffect(BadOption):
    """An option has no effect: no image, metric, loss or rule is touched by it.

    What was typed is meant, so that something is not as it was thought to be: look at what the files hold, with
    `segeval check`, or leave the option out. In a configuration, which may be of several data sets, it is only noted.
    """

    code = "SEG117"

    def __init__(self, message: str, hint: str = "", option: str = "") -> None:
        super().__init__(message, hint)
        self.option = option  # the name of its parameter


class UnknownName(UsageError):
    """A name that no catalogue holds.

    `segeval list metrics` and `segeval list formats` print the names; the message suggests the nearest.
    """

    code = "SEG102"


class BadConfig(UsageError):
    """The configuration file cannot be used.

    `segeval.toml` (or the table `tool.segeval` of `pyproject.toml`) holds a table `data` whose keys are the long
    options of `segeval score`, with `_` for `-`. The message gives the line. A file that was merely found must be ours
    and cannot say what writes, overwrites or follows links: `--config FILE` can. `--isolated` reads no configuration.
    """

    code = "SEG103"


class BadClassTable(UsageError):
    """The class table cannot be used.

    A class file is CSV with a header, JSON or TOML, with `id` and, if wanted, `name`, `color`, `group` and `ignore` for
    each class; a class in several groups has them with `|` between them. Ids are whole numbers from 0 and stand once;
    names and colours stand once too. Read as well are `id2label` (Hugging Face), `categories` (COCO), `labels` of
    nnU-Net's `dataset.json`, regions too, a CVAT `labelmap.txt`, and a text with a name a line. Other columns are left
    alone. `segeval list classes` names the tables that need no file.
    """

    code = "SEG104"


class SameFolder(UsageError):
    """Predictions and truth are the same folder.

    A folder compared with itself scores 1. Give the folder of predictions first, then the folder of true masks. Both
    may lie in one folder where `--pred-pattern` and `--gt-pattern` find no file twice.
    """

    code = "SEG105"


class BadPattern(UsageError):
    """A file pattern cannot be used.

    A pattern is a path below the folder with `{id}` once, for example `{id}_pred.png` or `*/{id}_gtFine_labelIds.png`;
    `*` stands for anything but `/`, and `**/` for any number of folders. `{class}` names the class of masks that have a
    file for each: `{class}/{id}.png`.
    """

    code = "SEG106"


class BadOutput(UsageError):
    """The output folder cannot be used.

    It must be writable, must not be one of the input folders or lie inside one, and must not hold files of a run of
    other inputs or options unless `--force` is given.
    """

    code = "SEG107"


class BadParameter(UsageError):
    """A loss has no such parameter, or the parameter a value that makes no sense.

    `segeval explain loss.NAME` prints the parameters of a loss with their defaults and what they may be. They are set
    with `-p NAME.PARAMETER=VALUE`; several numbers have commas between them.
    """

    code = "SEG108"


class Unfit(UsageError):
    """A loss cannot be computed for these inputs.

    Some losses want hard truths, classes that exclude each other, a weight map, or an image larger than their window.
    `--losses all` leaves such losses out and says why.
    """

    code = "SEG109"


class NoGradient(UsageError):
    """The formula is not a loss of a prediction and a truth, so that it has no value or gradient by them.

    Detection and adversarial formulas take other inputs: call them directly, as `segeval.losses.minimax_gan(…)`.
    """

    code = "SEG110"


class BadRule(UsageError):
    """A rule of the gate cannot be used.

    `NAME[CLASS] over images STAT drop <= LIMIT`, of which only NAME and a limit are needed: `miou_dataset >= 0.78`,
    `iou[person] drop <= 0.01`, `dice over images p05 >= 0.5`. A rule that asks for nothing, for a name that the run
    does not have, or for a limit that is no finite number is refused, so that no misspelt rule ever passes.
    """

    code = "SEG111"


class BadGroup(UsageError):
    """`--group-by` is no regular expression, or does not match the id of an image.

    What it matches is the group of the image: images of one group (a patient, a scene, a city) are drawn together when
    intervals are computed. The part called `group` counts, as in `^(?P<group>[^_]+)_`, or else the first part in
    brackets.
    """

    code = "SEG112"


class UpdateRefused(UsageError):
    """`--update-baseline` was asked for where `CI` is set.

    A gate that moves its own baseline passes everything in the end. Update it by hand, or say `--allow-ci`.
    """

    code = "SEG113"


class BadReport(UsageError):
    """A report of the gate cannot be written where it was asked for.

    `--junit`, `--markdown` and `--openmetrics` want a file each, which is none of the run's or the baseline's own, and
    a verdict: with `segeval score` they stand beside `-r`. Folders are made; the message says what the system refused.
    """

    code = "SEG114"


class Unmergeable(UsageError):
    """Runs do not add up to one.

    `segeval merge` wants runs of one version, of the same options and classes, that share no image. Name the classes
    (`--num-classes`, `--classes`) where each part would find its own.
    """

    code = "SEG115"


class MissingPackage(UsageError):
    """An extra package is needed for what was asked, and is not installed.

    The message names it, and the hint is the line that installs it.
    """

    code = "SEG116"


class EmptyFile(InputError):
    """The file has no bytes.

    Usually a copy or a download that broke off: fetch it again.
    """

    code = "SEG201"


class UnknownFormat(InputError):
    """The content is not one of the formats that can be read.

    The content decides, not the suffix: a web page or a git-lfs pointer under the name of a mask lands here.
    `segeval list formats` prints what can be read.
    """

    code = "SEG202"


class RefusedFormat(InputError):
    """The format is known, and unfit for masks.

    JPEG and lossy WebP invent label ids, EPS and pickle run code, PDF and SVG have no pixels. Save masks as PNG,
    TIFF or NPY from their source.
    """

    code = "SEG203"


class DamagedFile(InputError):
    """The file is cut, altered or inconsistent.

    A check sum, a length or the decoder says so. Fetch or write the file again; no number is made from a damaged file.
    """

    code = "SEG204"


class TailMissing(Remark):
    """The PNG ends without its end mark, but all pixel data are there and their check sums are right.

    The numbers are not affected. Save the file again to be rid of the remark.
    """

    code = "SEG205"


class TrailingBytes(Remark):
    """The file goes on after its end.

    The extra bytes are not read and the numbers are not affected.
    """

    code = "SEG206"


class PartsNotStored(Remark):
    """A TIFF leaves out strips or tiles that hold nothing, and they were filled up.

    GDAL does so (`SPARSE_OK`): such parts hold the file's nodata, or 0 where it has none. Write the file in full to be
    rid of the remark.
    """

    code = "SEG210"


class UnusedMask(Remark):
    """A TIFF holds a page that says where another one is valid, and it was not applied.

    Pixels outside such a mask are scored as they stand in the other page. Give them an id of their own, and ignore it
    with `--ignore`.
    """

    code = "SEG213"


class AxesDropped(Remark):
    """A volume has axes of one element, and was read without them.

    A single slice of a NIfTI volume is a picture, and a single channel or moment is none: 240 x 240 x 1 and
    240 x 240 fit each other. The numbers are not affected.
    """

    code = "SEG217"


class VolumesCounted(Remark):
    """A file of labels holds several volumes, and they were counted as one image.

    Labels that are one-hot along the axis of channels want `--one-hot`; channels that do not exclude each other want
    `--multilabel`. Otherwise save one volume for each case.
    """

    code = "SEG218"


class UnclearSpacing(Doubt):
    """A volume says two lengths of a voxel, or has axes that are no right angle.

    A NIfTI header holds lengths (`pixdim`) and a matrix (sform or qform), and a program that changes one of them may
    forget the other; programs differ in which they believe. Here lengths are believed. Write the file again, or give
    those that are meant with `--spacing`.
    """

    code = "SEG219"


class SeveralFrames(InputError):
    """The file holds an animation, or pages that do not form a stack.

    One mask per file. A TIFF whose pages have all one size is a 3-D stack; a pyramid or an animation is refused.
    """

    code = "SEG207"


class Rotated(InputError):
    """The file asks to be rotated or mirrored when shown.

    Programs disagree on whether to obey the EXIF or TIFF orientation, and a wrong guess gives a wrong number. Save the
    mask in the orientation that is meant, without the tag.
    """

    code = "SEG208"


class UnfitPixels(InputError):
    """The pixels are of a kind that holds neither labels nor probabilities.

    Labels are integers (8 to 64 bits); probabilities are float16, float32 or float64. Object arrays are never
    unpickled, 16-bit colour is not a mask, complex numbers and records have no meaning here.
    """

    code = "SEG209"


class TooLarge(InputError):
    """The header announces more elements than `--max-pixels`, or more bytes than as many elements of 32 bits.

    The limit (2^28 by default, 1 GiB of bytes) guards against files made to exhaust memory: elements of 64 bits and
    channels of colours count twice, or each, once they take more than 64 MiB. Raise it for large masks of your own.
    """

    code = "SEG211"


class OutOfMemory(InputError):
    """There was not enough memory to score the file.

    Use fewer workers (`-j 1`) or lower `--max-pixels`, so that such files are refused by their header.
    """

    code = "SEG212"


class ShapesDiffer(InputError):
    """The two files of a pair have different sizes.

    Masks are compared pixel by pixel and never resized: resample one of them first, nearest neighbour for labels.
    Probabilities have one axis more than the truth, the classes first: `(C, height, width)`.
    """

    code = "SEG214"


class UnfitChannels(InputError):
    """A file has not one channel for each class.

    With `--multilabel`, prediction and truth are both arrays `(C, height, width)`: a channel for each class, in order;
    with `--soft-truth` the truth is, unless it is `--binary`. Labels, one id a pixel, want neither option; regions of
    them, which may overlap, are scored with `--regions`.
    """

    code = "SEG215"


class TwoReadings(InputError):
    """Two arrays can be read in two ways, which give different numbers.

    `batch=` says whether the first axis counts images, `channels=` whether there is an axis of classes (the first, or
    the second of a batch), `multilabel=True` that these do not exclude each other. The message names both readings.
    """

    code = "SEG216"


class ColoursNeedTable(InputError):
    """A mask is in colour, or transparent in places, and nothing says which class a colour is.

    Give `--colors FILE`, a class file with a `color` for each class. Grey, palette and equal-channel images need none.
    """

    code = "SEG221"


class UnknownColour(InputError):
    """A mask holds a colour that the colour table does not.

    Colours are matched exactly. The message names the colour, how often and where it first stands, and the nearest
    class.
    """

    code = "SEG222"


class UnfitSegments(InputError):
    """A panoptic mask and its table do not fit each other, or there is no table.

    `--instances panoptic` takes COCO's form: masks in colour, of which R + 256 G + 65536 B is the id of a segment, and
    a JSON whose annotations name the segments of each file and the class of each. Every segment must be in both, or
    else mask and table are of two versions. The JSON is FOLDER.json beside the folder, the only JSON in it, or what
    `--pred-json` and `--gt-json` name. Grey masks without a table are taken for the instance ids of Cityscapes.
    """

    code = "SEG236"


class UnknownTruthIds(InputError):
    """The truth holds ids that are no class.

    Every truth id must be a class or be ignored (`--ignore ID`). A {0, 255} mask wants `--binary`. Ids below 0 are
    never classes. With `--multilabel`, every value of a true channel must be 0, 1 or ignored.
    """

    code = "SEG223"


class NotFinite(InputError):
    """Probabilities hold NaN or infinity.

    The message says how many and where the first one is. argmax would return the NaN channel.
    """

    code = "SEG225"


class NotProbabilities(InputError):
    """A floating-point prediction is not what the options say.

    Probabilities lie within [0, 1] and sum to 1 over the first axis (tolerance 5e-3, enough for float16). Raw network
    outputs want `--logits`; channels come first.
    """

    code = "SEG226"


class FractionalTruth(InputError):
    """The truth holds fractions, and a truth must be labels.

    Floating-point files are labels only if all their values are whole numbers. Are the folders swapped? Fractions of
    each class, for the losses, are read with `--soft-truth`.
    """

    code = "SEG227"


class ForegroundIgnored(InputError):
    """`--ignore` removes all foreground.

    The truth holds just 0 and 255, and 255 is ignored, so that only background would be scored. Such masks are binary:
    use `--binary` and leave 255 out of `--ignore`.
    """

    code = "SEG228"


class IdTooLarge(InputError):
    """A label lies outside the range of 32-bit integers.

    Labels are class ids. Is the file a depth map, a hash or an uninitialised array?
    """

    code = "SEG229"


class NothingMatched(InputError):
    """No truth has a prediction.

    Files pair by relative path and name without suffix. Where names differ by a suffix, say how:
    `--pred-pattern "{id}_pred.png" --gt-pattern "{id}_gtFine_labelIds.png"`. In Python: no image was given.
    """

    code = "SEG231"


class MissingPrediction(InputError):
    """A truth has no prediction.

    `--missing worst` scores it as all wrong, `--missing skip` leaves it out; both are counted in the result.
    """

    code = "SEG232"


class Ambiguous(InputError):
    """Several files claim the same id.

    `a.png` beside `a.npy`: remove one, or say which is meant with `--pred-pattern` or `--gt-pattern`.
    """

    code = "SEG233"


class NameCollision(InputError):
    """Two names differ only by case or by Unicode form.

    They are one file on some systems and two on others. Rename one.
    """

    code = "SEG234"


class MissingFolder(InputError):
    """A folder does not exist, or is not a folder.

    Give two folders: predictions first, then truth.
    """

    code = "SEG240"


class NotRegular(InputError):
    """The name belongs to a folder, pipe, socket or device, not to a file.

    Only regular files are read.
    """

    code = "SEG241"


class LinkOutside(InputError):
    """A symbolic link leads out of its folder.

    Links that stay inside are followed, but a folder is read only once, under its own name. `--follow-symlinks` follows
    the others too.
    """

    code = "SEG242"


class DanglingLink(InputError):
    """A symbolic link leads nowhere, or in a circle.

    Fetch what it points to (git-annex, DVC), or remove it.
    """

    code = "SEG243"


class Unreadable(InputError):
    """The system refuses to read the file.

    The message has the system's reason: permission, a file that is gone, a broken disk.
    """

    code = "SEG244"


class Changed(InputError):
    """The file changed while it was read.

    Score when nothing writes into the folders.
    """

    code = "SEG245"


class EqualChannels(Remark):
    """A colour image has the same value in all channels, and was read as grey.

    Save it as grey to be rid of the remark.
    """

    code = "SEG251"


class FloatLabels(Remark):
    """A floating-point file holds whole numbers only, and was read as labels.

    Save labels as integers to be rid of the remark.
    """

    code = "SEG252"


class ShiftedIds(Doubt):
    """Predicted ids look shifted against the true ones.

    Adding a constant to every predicted id makes far more pixels right: a label map with and one without an "other"
    class at 0 (ADE20K) do this. Bring both to the same ids: `--map pred:shift:+1`, as the message gives it.
    """

    code = "SEG253"


class OtherArea(Remark):
    """The table of a panoptic mask says that a segment has another number of pixels than the mask.

    The pixels of the mask count. It happens where masks were resized after the table was written.
    """

    code = "SEG237"


class ScaledIds(Doubt):
    """The ids of one side are those of the other times a number.

    Dividing by the largest number that divides them all makes far more pixels right, or counting greys at equal
    distances from black to white, rounded: ids that were spread over the greys of a picture, as 0, 127 and 254, or 0,
    127 and 255. Bring both to the same ids: `--map pred:FILE` has a row for each id and what it becomes. One stray
    value hides this.
    """

    code = "SEG299"


class TranslatedIds(Doubt):
    """The sides look like two ways to number the classes of one data set, such as Cityscapes ids and train ids.

    Translating the ids of one side makes far more pixels right. The option `--map SIDE:NAME` that the message gives
    does that; `segeval list maps` names all maps that are known.
    """

    code = "SEG254"


class Transposed(Remark):
    """A square mask, or a cube, agrees far better when it is transposed.

    Rows and columns were probably swapped when one of the two was written. Volumes are read as z, y, x; an array that
    was saved as nibabel has it is x, y, z.
    """

    code = "SEG255"


class UnknownPredIds(Remark):
    """The prediction holds ids that are no class.

    Such pixels count as wrong for their true class, in the column `other` of the confusion matrix.
    """

    code = "SEG256"


class SameFile(Remark):
    """Prediction and truth are one and the same file.

    A link from one folder into the other: the pair scores 1.
    """

    code = "SEG257"


class LikeProbabilities(Remark):
    """What was said to be logits looks like probabilities.

    All values lie within [0, 1], and those of a pixel sum to 1 where classes exclude each other. They were taken as
    logits, as `--logits` says. If a softmax or sigmoid was applied already, leave `--logits` out.
    """

    code = "SEG281"


class VoidAsClass(Doubt):
    """The truth holds an id that data sets use for void, and the prediction never does.

    255, or 65535 in 16 bits, usually marks pixels that are not to be looked at. Scored as a class, every such pixel is
    wrong: give `--ignore 255`. If it is a class of yours, name it: `--classes FILE`.
    """

    code = "SEG282"


class InstanceIds(Doubt):
    """The ids look like single objects, numbered in each file anew.

    Cellpose, StarDist and the like write the cells of an image as 1, 2, 3, …: such numbers are no classes, and the mean
    over them means nothing. `--instances labels` scores them as objects; `--binary` scores all objects together, pixel
    by pixel, against the background.

    It is said where nearly all files count from 1 without a gap, to 8 or more in one and not to the same number in all;
    or, where there is one file or all count to one number, to 20 or more, and several such files only if no option
    names classes. Fewer objects, and ids with gaps, as after a crop, look like classes.
    """

    code = "SEG283"


class BinaryTruth(Doubt):
    """The truth holds only 0 and 255, and the prediction only 0 and 1.

    Both are binary masks, in other numbers: give `--binary`, which takes everything but 0 as foreground.
    """

    code = "SEG284"


class Inverted(Doubt):
    """Two classes agree far better when they are swapped in the prediction.

    One side probably has foreground and background the other way round, or a palette whose first colour is white.
    """

    code = "SEG285"


class BackgroundIgnored(Remark):
    """`--ignore 0` leaves out all pixels whose truth is 0.

    What is predicted there counts nowhere, so that a prediction of foreground everywhere loses nothing by it. To see
    such false positives and leave the background out of the means alone, give `--mean-without 0` instead.
    """

    code = "SEG286"


class Doubtful(InputError):
    """`--strict` was given, and a note says that the numbers may mean nothing.

    The message is the note's. Mend what it names, or leave `--strict` out.
    """

    code = "SEG287"


class OneHotLabels(Doubt):
    """The truth looks one-hot, and was read as labels.

    Along its first or last axis one value of every pixel is 1 and the others are 0. Integers are labels, so that it
    was taken for a volume of the ids 0 and 1. If the axis holds a channel for each class, give `--one-hot`.
    """

    code = "SEG288"


class NotOneHot(InputError):
    """With `--one-hot`, a mask has no axis along which one channel of every pixel is set.

    One-hot masks are `(C, height, width)` or `(height, width, C)`, integers or floating point, 0 but for one channel
    of each pixel; pixels to be left out hold a value of `--ignore`. Either side may be one-hot, or both.
    """

    code = "SEG289"


class ClassesAsObjects(Doubt):
    """With `--instances labels`, the ids of an image look like classes.

    They are few, with gaps between them, and most pixels that truth and prediction both hold have one id in both, as
    those of classes do and numbers of objects hardly ever. Each id was taken for one object, in however many parts it
    lies. Of class masks objects are connected parts: `--instances components`. Nothing is said of ids without gaps, nor
    of a copy of the truth.
    """

    code = "SEG238"


class GreyAsLabels(Doubt):
    """A prediction looks like grey probabilities, and was read as labels.

    It holds many values, up to the brightest ones, beside a truth of two, or of several when it has eight times as many
    and most are no classes. Integers are labels, so that everything above 0 was taken as foreground, or each value as a
    class. Give `--probability` if 255 (or 65535) stands for 1; several classes want one channel for each.
    """

    code = "SEG291"


class NearlyBinary(Doubt):
    """With `--binary`, a truth holds values near black and near white.

    They come from a picture that was resized, drawn smoothly or saved with losses. Everything above 0 is foreground;
    `--truth-threshold 0.5` draws the line in the middle.
    """

    code = "SEG292"


class OtherPalette(Doubt):
    """The palettes of a pair say that equal numbers do not mean the same.

    The ids of a palette image are its indices. Two palettes give one index two colours, or the colours are greys whose
    values, not their indices, are the ids of the other side. Give `--colors FILE` with a colour for each class, or save
    both sides as grey.
    """

    code = "SEG293"


class MissingTruth(InputError):
    """An image that `--ids` names has no true mask.

    Each line of the file begins with an id: the path of a true mask below its folder, without suffix.
    """

    code = "SEG294"


class NodataKept(Doubt):
    """The truth declares a value as no data, and pixels that hold it are scored.

    GeoTIFF files name such a value. `--ignore nodata` leaves these pixels out; `--ignore nan` those that are NaN.
    """

    code = "SEG295"


class UnmappedIds(InputError):
    """A mask holds ids that the table of `--map` has no row for.

    Every id that occurs needs a row, ids of `--ignore` aside: what is no class may become one of those.
    """

    code = "SEG296"


class UnusedOption(Remark):
    """An option had no effect on some pairs.

    For example `--threshold` where predictions are labels. Where it has none on any pair, and was typed, it is an error
    (SEG101), so that nobody believes in what did not happen.
    """

    code = "SEG297"


class GeometryDiffers(InputError):
    """The two files of a pair say that their pixels have different sizes, or lie elsewhere.

    Then pixel and pixel are not the same place, however equal the shapes are: resample one side to the grid of the
    other. Volumes agree to a hundredth of a voxel. `--ignore-geometry` compares them all the same, pixel by pixel.
    """

    code = "SEG298"


class LabelsAsGrey(Doubt):
    """A mask holds small whole numbers, and was read as grey.

    `--probability` and `--truth-threshold` take 255 (or 65535) as 1, so that 1, 2 and 3 are black. Labels want neither.
    """

    code = "SEG249"


class NothingInCommon(Doubt):
    """Prediction and truth hold no id in common.

    Then every pixel is wrong: the ids are of two kinds, or one side is no label map. `--map` translates ids.
    """

    code = "SEG246"


class NoBackground(Doubt):
    """With `--binary`, one side has no pixel of 0 in the whole data set.

    All of it is foreground then. Ids that begin with 1 look like that: `--map pred:shift:-1` brings them to 0.
    """

    code = "SEG247"


class ForegroundOfMany(Doubt):
    """A prediction is a map of the foreground, and the truth has more than two classes.

    Such a map says only 0 or 1. Predictions of several classes have one channel for each: `(C, height, width)`.
    """

    code = "SEG248"


class EmptyClass(Remark):
    """An image has no file of a class.

    With a file for each class, by `{class}` in a pattern, a class without a file was taken as nowhere in the image.
    """

    code = "SEG260"


class FractionalMask(InputError):
    """A mask holds fractions, and weight maps are made from labels.

    Whole numbers in floating point are labels; probabilities are not. Threshold them first, or give the true masks.
    """

    code = "SEG261"


class NegativeIds(InputError):
    """A mask holds ids below 0.

    In an instance or class mask 0 is background and ids above 0 are objects or classes. Ids below 0 can only be
    ignored: `--ignore -1` gives their pixels the weight 0.
    """

    code = "SEG262"


class NoSpacing(InputError):
    """A file does not say how long a pixel is.

    `--spacing file` needs TIFF files with OME or ImageJ metadata (a resolution for printing is no spacing). Otherwise
    give the numbers: `--spacing 2,0.5,0.5`, in the order of the array's axes.
    """

    code = "SEG263"


class UnfitSpacing(InputError):
    """`--spacing` has not one length for each axis of a mask.

    The lengths stand in the order of the array: of a volume `--spacing 3,0.8,0.8` for slices, rows and columns. One
    length is that of all axes. Without `--spacing` that of each file is taken, or pixels are counted.
    """

    code = "SEG224"


class UnclearLabels(InputError):
    """The masks do not show whether their ids are single cells or classes.

    `--labels instances` takes every id of a mask as one cell, `--labels semantic` every connected part of a class,
    `--labels binary` every connected part of what is not 0.
    """

    code = "SEG264"


class WorkerDied(InputError):
    """The process that worked on a file died.

    Usually it took more memory than there is: give fewer processes, `-j 1`, or a smaller `--max-memory`.
    """

    code = "SEG265"


class EmptyShard(Remark):
    """A shard holds no image.

    Ids spread by chance: with few images and many shards some of them are empty. They merge like all others.
    """

    code = "SEG267"


class MixedUnits(Doubt):
    """Some files say how large a pixel is, and others say something else or nothing.

    Distances in pixels and in millimetres have no mean. Give the size of a pixel of all files with `--spacing`, or
    score them apart.
    """

    code = "SEG220"


class ClassesFound(Remark):
    """Losses were asked for, and nobody named the classes: they are those that the files hold.

    Name them with `--num-classes` or `--classes`: classes in no file are listed then, and the files are read once.
    """

    code = "SEG259"


class LacksScores(InputError):
    """A prediction does not tell how sure it is, and metrics were asked for that need to know.

    Calibration, curves and saliency are of probabilities (or logits, with `--logits`; grey files, with `--probability`)
    beside a truth of labels; saliency is of a foreground, and not of several classes. `--metrics all` leaves them out
    for images that have none, with a note.
    """

    code = "SEG268"


class LeftOut(Remark):
    """A family of metrics needs what an image does not have, and was left out of it.

    With `--metrics all` calibration, curves and saliency are of the images with probabilities alone.
    """

    code = "SEG269"


class HardMasks(Remark):
    """Losses were computed of a hard mask, taken as probabilities of 0 and 1.

    Losses with a logarithm then see the clip at 1e-7 (a wrong pixel costs 16.12) and little else. Save probabilities to
    learn how sure a model was. Runs say so below their losses; earlier versions had this note of each image.
    """

    code = "SEG258"


class LossesUndefined(Remark):
    """An image was scored, and the losses that are told unasked cannot be computed of it.

    Losses look at what a prediction says about every class of every pixel: probabilities that do not sum to 1, or a map
    of the foreground beside a truth of three classes, have metrics and no losses. They are undefined there, counted in
    `undefined`, and in no mean. Asked for by name (`--losses dice`) the same is an error.
    """

    code = "SEG235"


class UnreadableRun(InputError):
    """A run does not exist or cannot be read.

    A run is the `run.json` that `segeval score -o DIR` writes, or its folder. Statistics need the tables beside it
    (images.csv, records.csv), unaltered: their check sums are in run.json.
    """

    code = "SEG271"


class OtherMasks(InputError):
    """The masks are not those that the run was scored with.

    A picture of them would show errors that the numbers do not count. Give the folders of this run, or score again.
    """

    code = "SEG272"


class NoMatrix(InputError):
    """The run has no confusion matrix, because its classes do not exclude each other.

    A pixel of `--multilabel` is no class rather than another. Look at the scores of each class and image instead.
    """

    code = "SEG273"


class BaselineError(SegevalError):
    """The baseline is missing or cannot be compared with."""

    exit_code = BASELINE


class NoBaseline(BaselineError):
    """A rule asks for a drop, and there is no baseline to drop from.

    Give `--baseline RUN`, an earlier run of the same images; `--update-baseline` makes this run the baseline.
    """

    code = "SEG301"


class BadBaseline(BaselineError):
    """The baseline does not exist, is cut, was altered or was written by a later version.

    Score it again with `segeval score -o DIR`; keep run.json, images.csv and records.csv together.
    """

    code = "SEG302"


class OtherImages(BaselineError):
    """The baseline was made of other images, or of other true masks.

    A difference of scores means nothing then. `--intersect` compares the images that both have with the same truth.
    """

    code = "SEG303"


class OtherClasses(BaselineError):
    """The baseline was made with other classes or options.

    The message says which. Score both runs with the same options; how predictions are read may differ.
    """

    code = "SEG304"


class InternalError(SegevalError):
    """A fault of segeval itself.

    Please report it with the traceback that `SEGEVAL_DEBUG=1` shows.
    """

    code = "SEG901"


class DiskFull(SegevalError):
    """The system could not write the output.

    The message has the system's reason. Earlier files in the output folder are untouched.
    """

    code = "SEG902"


class FaultOfOurs(SegevalError):
    """One file tripped a fault of segeval itself.

    The other files were scored and written; the exit code is 70 all the same. Please report it with the traceback that
    `SEGEVAL_DEBUG=1` shows: the work then ends at this file.
    """

    code = "SEG903"


def is_doubt(code: str) -> bool:
    """Whether the remark with this code is a doubt."""
    return any(kind.code == code for kind in Doubt.__subclasses__())


def causes() -> dict[str, type[SegevalError]]:
    """Every cause by its code, in order."""
    found: dict[str, type[SegevalError]] = {}
    pending = [SegevalError]
    while pending:
        for kind in pending.pop().__subclasses__():
            pending.append(kind)
            if kind.code:
                found[kind.code] = kind
    return dict(sorted(found.items()))
