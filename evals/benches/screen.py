"""What the screen holds back: of poisoned items, and, side by side, of ordinary messages.

    python -m guided_profile.evals.benches.screen tests/data/poison.jsonl \
        --ordinary tests/tools/safety/everyday.txt

No model is asked. A file of ordinary messages has one a line: as text, or, in JSONL, as a JSON
text, an object with a `text`, or a person with a `history` of such. What is held back of them is a
false alarm; `--show` names the lines, to look at them (they may be orders after all).
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.poison import read_corpus
from guided_profile.evals.scorers.statistics import wilson
from guided_profile.graph.errors import DatasetError
from guided_profile.tools.readers.records import Place, lines
from guided_profile.tools.safety.screen import flags


@dataclass
class Count:
    """How many texts of a kind the screen holds back."""

    what: str
    held_back: int = 0
    n: int = 0
    families: Counter[str] = field(default_factory=Counter)
    places: list[int] = field(default_factory=list)
    """The lines on which what is held back stands."""

    def take(self, text: str, line: int) -> None:
        """Screen one text."""
        found = flags(text)
        self.n += 1
        self.families.update(found)
        if found:
            self.held_back += 1
            self.places.append(line)

    @property
    def row(self) -> str:
        """The count with its share, in percent, and the share's 95 % interval."""
        low, high = wilson(self.held_back, self.n)
        share = f"{self.held_back / self.n:.1%} [{low:.1%}, {high:.1%}]"
        named = ", ".join(f"{name} {count}" for name, count in self.families.most_common())
        return "\t".join((self.what, str(self.held_back), str(self.n), share, named))


def poisoned(paths: Sequence[Path]) -> Iterator[Count]:
    """Count the poisoned items, those the screen was written for apart, and their controls."""
    attacks = [attack for path in paths for attack in read_corpus(path)]
    kinds = {
        "poisoned, of wordings that it was written for": [
            attack.text for attack in attacks if not attack.held_out
        ],
        "poisoned, of other wordings": [attack.text for attack in attacks if attack.held_out],
        "the same items without their orders": [attack.control for attack in attacks],
    }
    for what, texts in kinds.items():
        count = Count(what)
        for number, text in enumerate(texts, start=1):
            count.take(text, number)
        yield count


def ordinary(path: Path) -> Count:
    """Count the false alarms on a file of ordinary messages.

    Raises:
        DatasetError: It cannot be read, or holds no messages.
    """
    count = Count(f"ordinary, {path.name}")
    is_json = ".jsonl" in path.suffixes
    for number, line in lines(path):
        place = Place(path, number)
        for text in _texts(line, place) if is_json else [line.strip()]:
            count.take(text, number)
    return count


def _texts(line: str, place: Place) -> Iterator[str]:
    try:
        entry: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise place.error("it is no JSON", "name the file .txt, or mend it") from None
    for item in entry["history"] if isinstance(entry, dict) and "history" in entry else [entry]:
        text = item.get("text") if isinstance(item, dict) else item
        if not isinstance(text, str):
            raise place.error("it holds no text", "give a text, or an object with a 'text'")
        yield text


@command
def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description="Count what the screen holds back.")
    parser.add_argument("corpus", nargs="+", type=Path, help="poisoned items, as JSONL")
    parser.add_argument("--ordinary", nargs="+", type=Path, default=[], metavar="FILE")
    parser.add_argument("--show", action="store_true", help="name the lines of false alarms")
    asked = parser.parse_args()
    counts = [*poisoned(asked.corpus), *map(ordinary, asked.ordinary)]
    if empty := [count.what for count in counts if not count.n]:
        raise DatasetError(f"there is nothing to count: {', '.join(empty)}; give other files.")
    print("what\theld back\tn\tshare [95 %]\tas")
    for count in counts:
        print(count.row)
        if asked.show and count.what.startswith("ordinary") and count.places:
            print(f"  on lines {', '.join(map(str, count.places))}")


if __name__ == "__main__":
    main()
