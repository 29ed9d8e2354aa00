"""What building preference prediction from Amazon's files costs, on generated ones.

    python -m guided_profile.evals.benches.datasets --millions 1 --layout 2014

writes that many million reviews (gzipped, about 600 bytes each, two for each user in the middle and
many for few) and a tenth as many products into a temporary folder, builds 673 examples from them,
and prints the seconds and the peak of memory of the process.
"""

import argparse
import gzip
import json
import resource
import sys
import tempfile
from pathlib import Path
from random import Random
from time import perf_counter

from guided_profile.evals.datasets.load import load
from guided_profile.evals.datasets.sampling import CANDIDATES


def generated(folder: Path, reviews: int, layout: str) -> list[Path]:
    """Write files of reviews and of products."""
    random = Random(0)
    products = reviews // 10
    text = " ".join(random.choice(("good", "bad", "tea", "bought", "again")) for _ in range(80))
    paths = [folder / "reviews.json.gz", folder / "meta.json.gz"]
    with gzip.open(paths[0], "wt", compresslevel=1) as file:
        for number in range(reviews):
            review = {
                "reviewerID": f"A{int(random.paretovariate(0.9) * reviews / 40):013d}",
                "asin": f"B{random.randrange(products):09d}",
                "reviewText": text,
                "overall": 5.0,
                "unixReviewTime": 1_300_000_000 + number,
            }
            file.write(json.dumps(review) + "\n")
    with gzip.open(paths[1], "wt", compresslevel=1) as file:
        for number in range(products):
            names = ["Grocery", f"Aisle {number % 50}", f"Shelf {number % 900}"]
            product = {
                "asin": f"B{number:09d}",
                "title": f"Product {number} of the finest kind, pack of {number % 9}",
                "related": {"also_bought": [f"B{(number + one):09d}" for one in range(40)]},
                "categories" if layout == "2014" else "category": [names]
                if layout == "2014"
                else names,
            }
            file.write((repr(product) if layout == "2014" else json.dumps(product)) + "\n")
    return paths


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--millions", type=float, default=1)
    parser.add_argument("--layout", choices=("2014", "2018"), default="2014")
    parser.add_argument("--candidates", type=int, default=CANDIDATES)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = generated(Path(folder), round(given.millions * 1e6), given.layout)
        before = _peak()
        started = perf_counter()
        found = list(load("amazon", paths, n=673, candidates=given.candidates))
        seconds = perf_counter() - started
    print(
        f"{given.millions:g} million reviews of {given.layout}, {given.candidates} candidates: "
        f"{len(found)} examples in {seconds:.0f} s, peak {_peak():.0f} MiB "
        f"({before:.0f} before the build)"
    )


def _peak() -> float:
    """Return the most memory that the process has held, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


if __name__ == "__main__":
    main()
