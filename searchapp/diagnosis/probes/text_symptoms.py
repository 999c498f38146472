"""What `stored-texts` may find, in sentences."""

from searchapp.diagnosis.hypotheses import CHANGES, OBJECTS, PARTS
from searchapp.diagnosis.probe import Symptom
from searchapp.diagnosis.tokens import POOLINGS

ENCODE_AGAIN = "encoding the texts again as they are"
_TEXT_CAUSES = tuple(
    dict.fromkeys(
        cause
        for cause in (
            *(part[0] for part in PARTS),
            *(change[0] for change in CHANGES),
            *(tried.cause for tried in OBJECTS),
            *(cause for cause, _ in POOLINGS.values()),
        )
        if cause
    )
)
EXACTLY = {
    cause: Symptom(
        cause,
        "{share:percent} of the {side} are stored as the model encodes them {how}: of {looked_at} texts "
        "examined, {matching} vectors match exactly.",
        fix=ENCODE_AGAIN,
    )
    for cause in _TEXT_CAUSES
}
NEARLY = {
    cause: Symptom(
        cause,
        "{share:percent} of the {side} are stored almost as the model encodes them {how}: of {looked_at} "
        "texts examined, that brings {matching} much nearer to the stored vectors.",
        "Another change of the texts may look alike.",
        fix=ENCODE_AGAIN,
        key=f"nearly-{cause}",
    )
    for cause in _TEXT_CAUSES
}
ADDED_TEXT = {
    cause: Symptom(
        cause,
        "{share:percent} of the {side} {contain} the same text besides their own (its tokens, the heaviest "
        "first: {tokens}): with its vector, {matching:percent} of {looked_at} stored vectors match.",
        fix=ENCODE_AGAIN,
        key=f"added-{cause}",
    )
    for cause in ("prompt", "markup", "object-as-text", "pooling", "words-changed")
}
UNKNOWN_PROMPT = Symptom(
    "prompt",
    "{share:percent} of the {side} contain the same unknown text besides their own, {size:.1f} times as "
    "strong as an average one of them: with its vector added, {matching:percent} of {looked_at} stored "
    "vectors match.",
    fix=ENCODE_AGAIN,
    key="unknown-prompt",
)
BIAS = Symptom(
    "bias",
    "One vector, {size:.2f} times as long as they are, was added to {share:percent} of the {side} (or taken "
    "away): it explains {matching:percent} of {looked_at} stored vectors.",
    fix=ENCODE_AGAIN,
)
BLENDED = Symptom(
    "blended-rows",
    "{share:percent} of the {side} are mixed {how}: sums of these vectors reproduce {matching} of "
    "{looked_at} examined.",
    fix=ENCODE_AGAIN,
)
OTHER_MODEL = Symptom(
    "mixed-encoders",
    "The stored {side} are unrelated to what the model gives for their texts (median cosine {median:.2f}), "
    "while the {other} are stored as it encodes them.",
    fix="encoding both sides with this model",
)
OTHER_MODEL_IN_PART = Symptom(
    "mixed-encoders",
    "{share:percent} of the {side} ({where}) are unrelated to what the model gives for their texts (median "
    "cosine {median:.2f}), though the control finds them in place among each other ({agreement:.2f}, where "
    "0.5 is chance); the rest is stored as the model encodes it.",
    fix="encoding all texts with this model",
    key="mixed-in-part",
)
MAPPED = Symptom(
    "mixed-encoders",
    "The {side} keep {kept} of the model's vectors, but were {how}, and the {other} were not, or otherwise.",
    fix="encoding both sides with this model",
    key="mapped",
)
UNEXPLAINED = Symptom(
    "stale-index",
    "The stored {side} are not what the model gives for their texts (median cosine {median:.2f}), and no "
    "change of the texts explains it: the vectors were modified, or they come from another model.",
    fix=ENCODE_AGAIN,
)
NOISE = Symptom(
    "noise",
    "The stored {side} are the model's vectors and something that is different for each text and has no "
    "preferred direction: its variance is spread over {spread:percent} of what pure noise would fill (median "
    "cosine with the model's own {median:.2f}).",
    fix=ENCODE_AGAIN,
    key="noise-beside-the-model",
)
DIRECTIONS = Symptom(
    "dominant-directions",
    "The stored {side} are the model's vectors and something along {directions:.0f} directions that has "
    "nothing to do with them (median cosine with the model's own {median:.2f}).",
    fix=ENCODE_AGAIN,
    key="directions-beside-the-model",
)
ANOTHER_SIDE = Symptom(
    "mixed-encoders",
    "The stored {side} are not what the model gives for their texts (median cosine {median:.2f}), the "
    "{other} are, and no change of the texts explains it.",
    fix=ENCODE_AGAIN,
    key="another-side",
)
SYMPTOMS = (
    *EXACTLY.values(),
    *NEARLY.values(),
    *ADDED_TEXT.values(),
    UNKNOWN_PROMPT,
    BIAS,
    BLENDED,
    OTHER_MODEL,
    OTHER_MODEL_IN_PART,
    MAPPED,
    ANOTHER_SIDE,
    NOISE,
    DIRECTIONS,
    UNEXPLAINED,
)
