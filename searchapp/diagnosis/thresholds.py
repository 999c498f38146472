"""Every threshold of the probes, with what was measured on either side of it.

The ranges are those of the calibration cases (`python -m tests.faults --calibration` and
`--splits`): the healthy ones (bundled model and all-MiniLM-L6-v2; NFCorpus, SciFact, all their splits, and
the sample), and the faulty ones that a threshold must separate from them. `docs/faults.md` says how.
"""

EXACT = 0.9995  # cosine of one text's two vectors: rounding to int8 0.9999, half precision 1.0; "None " 0.993
TOUCHED = 0.01  # share of rows beyond which a deviation is a fault, not a remark

MOSTLY = 0.6  # share of rows out of place from which the order as a whole is lost: shuffled 0.78-1.0
ONE_TO_ONE = 0.4  # distinct places over displaced rows: shuffled 0.58-1.0; loud directions and hubs 0.08-0.19
ALIKE = 0.3  # share of displaced rows that are displaced alike: shifted 0.51-1.0; shuffled up to 0.02

AGREES = 0.85  # documents' agreement with the control: healthy 0.94-1.0; rows lost 0.49-0.69
LOST = (
    0.64  # the same: order lost 0.49-0.58 (shifted rows of a topical corpus 0.66-0.69 are told by the shift)
)
SHIFT_MARGIN = 0.10  # agreement gained by reading rows shifted: true shifts 0.28-0.48, healthy below 0
CROSS_LOST = 0.60  # queries' agreement with documents: other coordinates 0.41-0.49, healthy 0.88-1.0
REVERSED = 0.25  # the same: wrong sign 0.001-0.12
FLAT = 0.75  # evenness of disagreement: misplaced rows about 1 (each place is equally likely), noise 0.1-0.5
FEWEST_DOCUMENTS = 40  # below that agreement is too uneven to judge
FEWEST_QUERIES = 10

GAIN = 0.15  # relative gain of a repair: healthy at most 0.04, loud directions from 0.6, hubs from 0.4
GAIN_ERRORS = 2.5  # the same in standard errors of the paired difference
CONCENTRATED = 30.0  # participation ratio: healthy 54-78; loud directions 4-8, squared spectrum 8-12
HUB_SKEW = 3.0  # skewness of N10: healthy 0.8-2.1; hubs 3.7-17
MEANT = (
    0.90  # documents' agreement with the control: steep spectra keep it (0.92-0.99), loud directions do not
)
NOISE_TAIL = 0.85  # smallest tenth of the spectrum over that of noise: healthy 0.05-0.45; noise 1.07-1.68
NOISE_DIMENSIONS = 100  # a cloud of fewer dimensions has no tail to speak of
LENGTHS_VARY = 0.05  # coefficient of variation of lengths: unit vectors 0; faults from 0.09
FEW_DIMENSIONS = 64  # published static models have 64 or more

MISALIGNED = 0.60  # spellings nearer than strangers: bundled 0.976; permuted and random 0.50
REALIGNED = 0.20  # gain of alignment by another shift: true shifts 0.4
SAME_ROW = 0.03  # share of the vocabulary in one group of equal rows: bundled 0.0; faults from 0.1
FEW_ROWS = 0.5  # distinct rows over tokens: bundled 1.0; quantised 0.03
EVEN_NORMS = 0.06  # coefficient of variation of centred rows' lengths: bundled 0.36; unit rows near 0
RARITY = (
    0.30  # Spearman of a row's length with its token's count: bundled negative; inverted weights above 0.5
)
LENGTH_SCORES = 0.99  # correlation of Unigram scores with log length: only rebuilt tokenizers reach it
CUT_TOKENS = 0.5  # share of all tokens of the documents that is never read
PROMPT_SHARE = 0.4  # share of a query's tokens that is prompt

OVERLAP = 0.97  # of the run's top ten with exact search's: exact 1.0, HNSW at 256 0.99; lossy 0.4-0.92
RUN_GAIN = 0.25  # of the run's score, by reading it some rows away: sound runs lose, shifted ones gain 0.5
RUN_LEAST_GAIN = 0.02  # and at least so much: a random run gains 0.002
RUN_STRANGERS = 0.7  # of documents the control puts below what is found: sound 0.89-1, shuffled 0.5
EXPLAINED = 0.6  # units of the last reported decimal
