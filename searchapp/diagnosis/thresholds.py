"""Every threshold of the diagnosis, and where it was set.

Unless a comment says otherwise, a threshold was set with the bundled model and all-MiniLM-L6-v2 on NFCorpus,
SciFact and the sample, healthy and with faults (`python -m tests.faults --calibration`). The comments give
the range of healthy and of faulty values; where they name another corpus or model, its values were in sight.
`docs/faults.md` describes the procedure and what it does not show. "Not fitted" marks limits that were chosen
by argument.
"""

# Strength of a finding.
CERTAIN = 1.1  # read off files, ids or judgements before anything is computed: named before its consequences
PROOF = 1.0  # the fault was reproduced or counted; nothing else produces the same evidence
NEAR_PROOF = 0.95  # counted, but a second cause may be behind it
CLEAR = 0.9  # seen where the fault lies, before its consequences
STRONG = 0.8  # a signature that only this fault has shown, with a measured fix or a second sign
LESSER = 0.7  # the same, where a more specific cause explains it too
LIKELY = 0.6  # a signature that this fault shows and others may share
SYMPTOM = 0.5  # something is broken, but this does not say what
HINT = 0.3  # worth knowing, not a fault by itself
FAULT = 0.5  # a cause of at least this strength means that the pipeline is broken; below, it is a remark

# Corpus. Not fitted, except for the duplicates (healthy: NFCorpus 0.011, sample 0.007).
DUPLICATES = 0.05  # share of documents that are copies, from which it is worth a remark
COPIES_COST, COPIES_PART = 0.01, 0.03  # nDCG@10 that copies must cost, and as a share of the score
REACHABLE = 0.995  # best nDCG@10 that the documents present allow
TOUCHED = 0.01  # share of rows from which a deviation is a fault, not a remark

# Query texts and judgements: the share of other queries' texts that fit the judged documents less than
# their own does, with control and BM25 (healthy: NFCorpus 0.90-0.91, SciFact 0.99, sample 0.99; shuffled
# 0.50-0.51, 30 % of the queries shuffled 0.77, 0.84, 0.86).
FEWEST_FITTED = 8  # queries and documents
QUERY_FITS = 0.98  # with the control alone, above which nothing more is asked
FITS_LOST = 0.01  # and the share of queries below chance
FIT_CHANCE = 0.62
FIT_BEFORE = 0.80  # a stretch of queries that fit less than this
FIT_AFTER = 0.80  # and more than this when moved
FIT_GAIN = 0.2
WHOLE_ERRORS, PART_ERRORS = 4.0, 6.0  # standard errors above chance: all queries moved, or the best stretch
FITS_WELL = 0.9
FITS_SHARPLY = (
    0.84  # share of queries that fit well, so that a few others stand out: NFCorpus 0.78, others 0.95
)
FITS_MOSTLY = 0.5  # share of queries that must fit well for the others to say anything (not fitted)
FITS_CLEARLY = 2.0  # standard deviations by which another text must fit
LOST_RANK = 0.6  # rank below which a query is lost with the control as with BM25
LOST_QUERIES = 0.07  # share of lost queries: healthy 0-0.037; 30 % shuffled 0.12-0.16
LOST_APART = 0.8  # times the documents between chance and well: healthy 0-0.64; 30 % exchanged 0.6-1.2
EXCHANGED = 0.03  # queries below chance whose judgements fit another text: healthy 0-0.006; 10 % 0.06-0.08
FEWEST_LOST = 3
LOST_DOCUMENTS = 0.08  # the same of documents: healthy 0-0.16, but then apart from those between 0.64 at most
FINDS_OWN = 0.05  # nDCG@10 by which the examined must find judged documents rather than others

# Grades. Not fitted.
LARGEST_GRADE = 10  # of the scales in use
RANKED_QUERIES = 0.9  # share of queries whose grades are 1, 2, 3 ...
NEGATIVE_SHARE = 0.1  # share of negative grades that is worth a look
PREFERRED = 0.58  # pairs in which the control prefers the relevant document: Cranfield 0.7, lost grades 0.5

# Texts in the files.
FOREIGN_WORDS = 0.4  # of the usual share of known words: whole corpora healthy 0.92-1.17, scrambled 0-0.03
FOREIGN_QUERIES = 0.12  # share of queries with so few known words: healthy 0-0.082
FOREIGN_SCORE = 0.5  # of the other queries' score that these must stay below
MULTILINGUAL = 0.2  # nDCG@10 that shows that the model needs no common words (not fitted)
EMPTY_RELEVANT = 0.02  # share of relevant judgements whose document says nothing (not fitted)
LOOKS = 0.5  # share of texts that must look alike (not fitted)
CAPITALS = 0.5  # share of letters that are capitals: healthy 0-0.15
TITLED = 0.8  # share of words that begin with a capital (not fitted)
PROMPT_LETTERS, LONG_PROMPT = 7, 30  # letters with which all texts begin, before a colon or not (not fitted)
LOOK_COST, LOOK_PART = 0.01, 0.03  # nDCG@10 that a look must cost, and as a share of the score

# The verdict without a cause. Not fitted.
SAME_RESULTS = 0.9  # share of the model's first ten in a run that is partly its own (not fitted)
BEATS_CHANCE = 3.0  # times chance that the better of BM25 and control must score to be compared with
NEAR_CHANCE = 0.1  # share of the way from chance to the better one that a score must have come
CHANCE_ERRORS = 2.0  # and by how many standard errors it must exceed chance
FAR_BELOW = 0.4  # share of the worse of BM25 and control below which a score needs an explanation
UNKNOWN_COSTS = 0.5  # share of the control's score from which unknown tokens are no fault
WEAKER = 0.8  # share of the worse of both below which a model is weak

# Baselines.
CONTROL_ERROR = 0.0005  # deviation from the control's known score (not fitted)
BELOW_RANDOM = 0.8  # score over the random-embedding baseline: healthy 1.3-1.7
TITLES_FOUND = 0.5  # titles with their document in the top ten: healthy 0.92-0.99, random tables above 0.6
SAME_DISTANCE = 0.2  # share of titles that find a document the same number of rows away (not fitted)
FEWEST_TITLES = 10

# Stored rows against vectors encoded again.
EXACT = 0.9995  # cosine of two vectors of one text: int8 0.9999, half precision 1.0; "None " in front 0.993
CLEARLY_CLOSER = 0.02  # cosine by which another row must fit better to count as displaced
RESEMBLES = 0.5  # and the least cosine of that row
ROUNDING = 1e-4  # cosine by which two rows may differ through rounding
MOSTLY = 0.6  # share of rows out of place from which the whole order is lost: shuffled 0.78-1.0
ONE_TO_ONE = 0.4  # distinct places per displaced row: shuffled 0.58-1.0; dominant directions, hubs 0.08-0.19
ALIKE = 0.3  # share of displaced rows that are displaced alike: shifted 0.51-1.0; shuffled up to 0.02

# Agreement with the control model.
AGREES = 0.85  # documents: healthy 0.94-1.0; rows lost 0.49-0.69
LOST = 0.64  # documents: order lost 0.49-0.58 (shifts of a topical corpus, 0.66-0.69, have a rule)
SHIFT_MARGIN = 0.10  # gained by reading rows shifted: true shifts 0.28-0.48, healthy below 0
CROSS_LOST = 0.60  # queries with documents: other coordinates 0.41-0.49, healthy 0.88-1.0
REVERSED = 0.25  # the same: wrong sign 0.001-0.12
UNRELATED = 0.2  # the same, distance from chance: other coordinates 0.01-0.09
FLAT = 0.75  # evenness of disagreement: misplaced rows about 1 (each place is equally likely), noise 0.1-0.5
FEWEST_DOCUMENTS = 40  # below this, agreement varies too much to judge (not fitted)
FEWEST_QUERIES = 10

FITS_OWN = 0.75  # rank of a query's own text among all by which documents are near
RESTORED = 0.1  # correlation of the queries' similarities that another order must gain
BLENDED = 2.0  # standard deviations by which next rows are too alike: mixed 3.6-8.7, healthy up to 1.04
BATCHED = 0.9  # the same, more within batches than across: averaged batches 1.3-2.7, healthy up to 0.36
FEWEST_BOUNDARIES = 8
FITTING = 0.3  # correlation of a row's profile with the control's that the better rows must reach
ODD = 0.35  # share of that below which a row belongs elsewhere
LEAST_PART = 0.03  # share of a side that may be another model's
FEWEST_IN_PART = 5
AGREES_INSIDE = 0.3  # correlation with the control among the rows of one model: 0.39-1.0; misplaced rows 0.02
BETWEEN = 0.4  # share of that between rows of two models: -0.05 to 0.17 in all
CLEARLY_ALIKE = 0.1  # correlation that a change of the texts must gain
ALIKE_AT_LEAST = 0.5  # and must reach

# Texts behind the stored vectors. Not fitted: a hypothesis reproduces the vector, or it does not.
ROUNDED = 1 - 3e-6  # cosine of two vectors of one text up to half precision
LOOKED_AT = 48  # texts for which hypotheses are tried
TRIED_FIRST = 6  # texts on which a hypothesis must show first that it brings any nearer
TRIED_SLOWLY = 3  # the same for a model that is not static
SOLVED_FROM = 512  # texts from which an unknown addition is computed
FEWEST_SOLVED = 8
CLOSER = 0.1  # share of the distance that may remain when a hypothesis hits
NEARER = 0.25  # the same when it nearly hits
MOST = 0.5  # share of the texts that one hypothesis must explain
MOST_EXPLANATIONS = 3  # of one side
EXPLAINED_SHARE = 0.1  # share of the examined texts that another explanation must account for
FEWEST_ALIKE = 1
APART = 0.3  # cosine below which two vectors of one text are unrelated
IN_PLACE = 0.65  # agreement with the control among vectors that another model made
PLANE = 0.995  # squared cosine of an added direction with the plane of each text's own and stored vector
OWN_PART = 0.05  # share of a text's own vector that must be left where something was added (not fitted)
STEADY = 0.05  # relative spread of the amounts added, below which they are equal
SPELT = 0.02  # what a few tokens' rows may leave of a direction that they make up
ADDED = 0.15  # share that a few tokens may leave: tags, dicts, stop words 0.003-0.14; other changes from 0.21
SAME_ANGLE = 0.002  # mean difference of cosines in two spaces that are rotations of each other
MAPPED = 0.98  # cosine that a map of one space to another must reach on rows it was not fitted on

# The cloud of stored vectors.
GAIN = 0.15  # relative gain of a fix: healthy at most 0.04, dominant directions from 0.6, hubs from 0.4
GAIN_ERRORS = 2.5  # the same in standard errors of the paired difference
SURE_ERRORS = 3.0  # the same, from which a gain needs no other sign (not fitted: ten fixes are tried)
LEAST_GAIN = 0.005  # and the least absolute gain (not fitted)
PAYS = 0.02  # relative gain below which nothing is blamed (not fitted)
ALMOST = 0.95  # share of the best gain at which a simpler fix is preferred (not fitted)
CONCENTRATED = 30.0  # participation ratio: healthy 54-78; dominant directions 4-8, squared spectrum 8-12
CONCENTRATED_SHARE = 0.125  # the same, of the dimensions: PPMI 0.21-0.25, faults 0.02-0.09
HUB_SKEW = 3.0  # skewness of N10: healthy 0.8-2.1; hubs 3.7-17
MEANINGFUL = 0.90  # documents' agreement with the control: steep spectra 0.92-0.99, dominant directions below
NOISE_TAIL = 0.85  # smallest tenth of the spectrum over pure noise's: healthy 0.05-0.45; noise 1.07-1.68
NOISE_DIMENSIONS = 100  # a cloud of fewer dimensions has no tail to speak of
OUTLYING = 6.0  # variance of a dimension over the median one at which the fix drops it (not fitted)
NORMS_VARY = 0.01  # coefficient of variation of norms: unit vectors 0; faults from 0.05
FEW_DIMENSIONS = (
    24  # honest reductions to 32 and more stay silent; truncations to 8 and 16 do not (not fitted)
)
USUAL_DIMENSIONS = 64  # published static models have 64 or more; fewer have no tail to speak of
LEADING = 0.99  # cosine of stored vectors with the leading dimensions of the model's own (not fitted)
TINY = 1e-6  # norm of a zero vector
SOME_ZERO = 0.001  # share of zero vectors that a corpus with odd texts may well have
MANY_ZERO = 0.02  # and the share from which it comes first (not fitted)
INT8_EDGE = 112  # of 127
FEWEST_LEVELS = 20  # distinct values; fewer are a chosen quantisation (not fitted)
SATURATED = 0.05  # share of the values at the ends: sound 0; int8 up to 0.01 (not fitted)
EDGE_SHARE = 0.01  # int8 values at the edge: sound and clipped scales up to 0.004, overflowed from 0.0102
EDGE_SURELY = 0.04  # the same where the score does not suffer
EDGE_LAST = 0.1  # share of these that are the very last value: overflowed 0.03, clipped 0.25

# What a cosine says. Not fitted; these make remarks, not findings.
CROWDED = 0.9  # mean cosine of random pairs from which a cosine by itself says nothing
NO_CONTRAST = 0.55  # area under the curve: chance is 0.5
FEWEST_RELATED = 20  # judged pairs

# The table of a static model. Besides the bundled model: a table of PPMI with SVD on NFCorpus and SciFact,
# one
# with words as tokens on the sample; both sides measured on the sample, NFCorpus and SciFact.
FEWEST_PAIRS = 100  # spelling variants below which their distances say little
ALIGNED = (
    0.85  # variants closer than strangers: bundled 0.998, PPMI 0.91; a quarter of the rows permuted 0.78
)
MISALIGNED = 0.65  # the same: all rows permuted or random 0.49-0.52, half of them 0.56-0.64
REALIGNED = 0.20  # gain of alignment by another shift: true shifts 0.4
LATE_START = 0.01  # share of the vocabulary: a shift that begins earlier begins at the first row
CHANCE_COSINE = (
    2.2  # over the root of d: the highest tenth of cosines of rows that are unrelated, at most 1.5
)
COHERENT = 0.62  # halves of texts: random rows 0.45-0.54, sound ones 0.77-1.0 (texts without a topic 0.47)
STRANGE_HALVES = 0.56  # the same where the vocabulary has no variants
LIKE_RANDOM = 1.15  # score over the random-embedding baseline (not fitted)
WORDS_SUFFICE = 0.65  # share of the control's score that random rows may have (not fitted)
STRANGERS = 0.3  # share of variants that are strangers: sound 0-0.2; a quarter of the rows permuted 0.4-0.5
KIN = 0.15  # highest tenth of the variants' cosines over chance: sound 0.6-0.9 where a part is misplaced
SAME_ROW = 0.03  # share of the tokens in use: bundled 0.0; faults from 0.1
ZERO_ROWS = 0.08  # the same: PPMI, which leaves rare tokens without a row, up to 0.05
ASKED = 0.02  # share of what queries ask for that lies in such tokens (not fitted)
FEW_ROWS = 0.5  # distinct rows over tokens in use: bundled 1.0; quantised 0.03
FREQUENT_UNKNOWN = 0.10  # share of the most frequent words that are unknown: sound 0 (not fitted)
ASKED_UNKNOWN = 0.25  # share of what queries ask for that is unknown (not fitted)
FAMILIAR_TEXTS = 500  # texts from which a lost step of the tokenizer is told
FREQUENT = 100  # tokens that count as the most frequent
EVEN_NORMS = 0.06  # coefficient of variation of the rows' norms: bundled 0.36; unit rows near 0
WEIGHING_GAIN = 0.3  # relative gain of weighting by rarity: sound below 0, PPMI 0.13-0.4; inverted 1.3-15
HEAVIER = (
    0.25  # power of a token's frequency that its norm grows with: sound -0.29 and less; inverted 0.3, 0.7
)
MUCH = 0.65  # relative gain that no honest weakness leaves: PPMI up to 0.6
BIAS_SPREAD = 0.11  # spread of the rows along their mean over its length: PPMI from 0.15; a bias below 0.09
NOTHING_IN_FRONT = 0.15  # cosine of variants in the first directions: sound 0.55-0.87; meaningless below 0.13
SOMETHING_BEHIND = 0.3  # the same in the last quarter: sound 0.2-0.9
NOISY_TAIL = 0.36  # the same with noise of 0.6 of a row's norm: up to 0.34
NOISY_SHARE = 0.6  # and over that of the first directions: sound 0.94-1, PPMI 0.59, noise up to 0.55
LEAST_NORM = 0.55  # least norm over the mean: sound 0.28-0.5, noise 0.5-0.85
NOISY_TAILS = 0.8  # excess kurtosis of rows along these directions: noise up to 0.48, sound 1.4, PPMI 7.8
NEARLY = 0.9  # share of the control's score from which no such damage is looked for (not fitted)
HEADLESS = 1.25  # variance of the first direction over a later one's: sound 1.4-2.3; tails of a PCA 1.0-1.22
LEVEL = 1.02  # the same of a later one over one near the end: whitened tables 1.0
CLOUD_HEADLESS = 1.35  # the first for documents: tails of a PCA 1.06-1.27; sound 7-13, noise 1.45 and more
CLOUD_LEVEL = 1.5  # the second for documents: tails of a PCA 3.5-14, whitened 1.0
SURELY_ALIGNED = 0.75  # variants closer than strangers in a tail: 0.94-1, PPMI 0.8
LENGTH_SCORES = 0.99  # correlation of Unigram scores with log length: only rebuilt tokenizers reach it
UNREAD_TOKENS = 0.5  # share of the documents' tokens beyond the maximum length
PROMPT_SHARE = 0.4  # share of a query's tokens that is prompt, from which its cost needs no proof

# Runs and reported scores.
OVERLAP = 0.97  # top ten shared with exact search: exact 1.0, HNSW at 256 0.99; lossy 0.4-0.92
LOSSY = 0.9  # the same, below which a search is lossy whatever it costs
SAME_ORDER = 0.9  # correlation of the order of results with their similarity by the model
SAME_SCORES = 0.9  # share of the scores that the model's cosines explain
BEYOND = 0.12  # the order's correlation with BM25 beyond the model: quantised up to 0.11, others from 0.13
SCORED = 0.9995  # and that changed texts explain when they are the right ones
OWN_SCORES = 0.99999  # and from which they are the model's own
RANK = 1e-9  # eigenvalue over the largest one below which a direction is not determined (not fitted)
DUE = 3  # queries for which exact search finds a document often enough
NEVER = 0.02  # share of these documents that are never found
MOSTLY_FOUND = 0.9  # share of its queries in which a document must be found
PARTLY = 0.05  # share of the others that may be found less often
RUN_LEAST_GAIN = 0.02  # least absolute gain of a run that is turned round, reordered or shifted
MIXED_ERRORS = 3.0  # standard errors by which undoing a mixture must gain (not fitted)
PART = 0.1  # least share of the queries that another system may have answered (not fitted)
PART_COSTS = 0.05  # and what that must cost each of them (not fitted)
RUN_STRANGERS = 0.7  # documents that the control ranks below the results: sound 0.89-1, shuffled 0.5
ORDER = 0.1  # rank correlation of results with their similarity: sound 0.27-1.0; random up to 0.05 either way
ORDER_SEEN = 4.0  # the same in standard errors at which an order is seen
ORDER_UNSEEN = 3.0  # and up to which there is none
ORDER_AGREES = 2.0  # and from which somebody agrees
ORDER_GAIN = 0.03  # what another order of the same results must gain (not fitted)
FOUND_BEYOND_CHANCE = 0.15  # another ranking's first ten among the results: sound from 0.2; shuffled 0
TOP_LOST = 0.05  # how much rarer than later ones its first is found: sound below 0, without the first 0.1-0.5
TOP_LOST_ERRORS = 3.0  # and in standard errors (not fitted)
MOVED = 0.02  # least share of the pairs with another ranking's first ten at one distance (not fitted)
MOVED_ERRORS = 6.0  # and how far above the usual distance, in standard errors of its count (not fitted)
MOVED_MORE = 1.5  # and how many times as many as at no distance (not fitted)
OTHERS_TEXT = 0.9  # rank of the text that the results of a query are given to, among all (not fitted)
RESTORES = 0.5  # share of the control's score that these texts must make of the run (not fitted)
AHEAD = 0.5  # standard deviations by which it fits better than the next one (not fitted)
AT_CHANCE = 0.05  # the same two first tens in common: shuffled 0-0.01
MOSTLY_UNKNOWN = 0.5  # share of ids that the corpus does not know (not fitted)
MOSTLY_UNJUDGED = 0.5  # share of judged queries without a relevant document (not fitted)
MANY_MISSING = 0.2  # and the share from which nothing else comes first (not fitted)
FEW_MISSING = 0.02  # share of judged queries without results that is only a remark (not fitted)
DISTINCT = 0.8  # distinct scores among the first ten: exact scores 0.99 and more
LAST_RESULT = 0.2  # share of queries that find the last document (not fitted)
LAST_ENDING = 0.8  # share of these in which it is the last result
LAST_QUERIES = 3  # and at least so many
MISSING_SCORE = -1e30  # FAISS marks a missing result by the lowest single-precision number
EXPLAINED = 0.6  # units of the last reported decimal: half a unit is rounding
LEAST_DECIMALS, MOST_DECIMALS = 2, 5  # decimals that a reported score is taken to have
LOWEST_PUBLISHED = 0.05  # share of the published models below which a score is conspicuous (not fitted)

# What stored vectors have beside the model's own. Not fitted: pure noise fills all of what it can, a few
# directions are few.
BESIDE = 0.1  # cosine with the model's own from which the vectors are still its own
SPREAD_EVENLY = 0.7  # share of the directions that pure noise fills
FEW_DIRECTIONS = 15.0
