"""Read the name of a foreign column: which ideas it holds, and how much it speaks for each of segkit's columns."""

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files

_LINKS = ("s", "n", "en", "es", "e", "er", "de", "")


@cache
def _lexicon() -> tuple[dict[str, tuple[str, ...]], dict[str, dict[frozenset[str], float]], dict[str, frozenset[str]]]:
    """Word to ideas, column to phrases with their weights, column to ideas against it."""
    raw = tomllib.loads(files("segkit.core.propose").joinpath("synonyms.toml").read_text("utf-8"))
    words: dict[str, tuple[str, ...]] = {}
    for idea, listed in raw["words"].items():
        for word in listed.split():
            plain = plain_letters(word)
            words[plain] = (*words.get(plain, ()), idea)
    phrases = {
        column: {frozenset(phrase.split()): weight for phrase, weight in entry.items()}
        for column, entry in raw["phrases"].items()
    }
    return words, phrases, {column: frozenset(ideas.split()) for column, ideas in raw["against"].items()}


def known_columns(table: str) -> list[str]:
    """Return the columns of a table for which names are known.

    Examples
    --------
    >>> known_columns("sales")
    ['price', 'in_stock', 'period']
    """
    return [column.split(".")[1] for column in _lexicon()[1] if column.split(".")[0] == table]


def plain_letters(text: str) -> str:
    """Return lower case without accents.

    Examples
    --------
    >>> plain_letters("Quantité")
    'quantite'
    """
    text = text.replace("ß", "ss")
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)).lower()


def name_words(name: str) -> list[str]:
    """Return the words of a column name: camel case, underscores and signs split them.

    Examples
    --------
    >>> name_words("InvoiceNo"), name_words("Unit of Measure (Per Pack)"), name_words("PO / SO #")
    (['invoice', 'no'], ['unit', 'of', 'measure', 'per', 'pack'], ['po', 'so', 'no'])
    """
    name = name.replace("#", " no ").replace("№", " no ").replace("№", " no ")
    name = re.sub(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return re.findall(r"[a-z]+|\d+", plain_letters(name))


@cache
def name_ideas(name: str) -> tuple[frozenset[str], int]:
    """Return the ideas that a column name holds, and how many of its words say nothing.

    Examples
    --------
    >>> sorted(name_ideas("Artikelnummer")[0]), sorted(name_ideas("CustID")[0]), name_ideas("xyz")[1]
    (['code', 'item'], ['code', 'customer'], 1)
    """
    ideas: set[str] = set()
    unknown = 0
    for word in name_words(name):
        found = _word_ideas(word)
        ideas |= set(found)
        unknown += not found and word not in ("of", "the", "to", "by", "and", "de", "du", "des", "der", "in", "first")
    return frozenset(ideas), unknown


def _word_ideas(word: str) -> tuple[str, ...]:
    words = _lexicon()[0]
    for form in (word, word.removesuffix("s"), word.replace("ue", "u").replace("oe", "o").replace("ae", "a")):
        if form in words:
            return words[form]
    parts = _split_compound(word)
    return tuple(idea for part in parts for idea in words[part])


def _split_compound(word: str) -> tuple[str, ...]:
    """German and run-together names: rechnungsdatum -> rechnung + datum, custid -> cust + id."""
    words = _lexicon()[0]
    for cut in range(len(word) - 2, 2, -1):
        head, tail = word[:cut], word[cut:]
        for link in _LINKS:
            stem = head.removesuffix(link) if link else head
            if len(stem) >= 3 and stem in words and (not link or head.endswith(link)):
                if tail in words and (len(tail) >= 2):
                    return stem, tail
                if len(tail) > 5 and (rest := _split_compound(tail)):
                    return stem, *rest
    return ()


def speaks_against(column: str, name: str) -> bool:
    """Return whether a name holds an idea that speaks against a column, and no phrase of the column names it.

    Examples
    --------
    >>> speaks_against("orders.cost", "Profit per order"), speaks_against("orders.cost", "Wareneinsatz")
    (True, False)
    """
    _, phrases, against = _lexicon()
    ideas = name_ideas(name)[0]
    said = [phrase for phrase in phrases.get(column, {}) if phrase <= ideas]
    return bool((against.get(column, frozenset()) & ideas) - frozenset().union(*said))


def name_score(column: str, name: str) -> float:
    """Return how much a name speaks for a column of segkit, 0 to 1.

    Parameters
    ----------
    column : str
        Table and column, for example ``orders.item_id``.
    name : str
        Name of the column in the file.

    Returns
    -------
    float
        Weight of the best phrase whose ideas are all in the name, less for every idea the phrase leaves unsaid.

    Examples
    --------
    >>> round(name_score("orders.item_id", "StockCode"), 2), round(name_score("orders.item_id", "Kundennr"), 2)
    (1.0, 0.08)
    """
    if plain_letters(name) == column.split(".")[1]:
        return 1.0
    ideas, unknown = name_ideas(name)
    against = _lexicon()[2].get(column, frozenset())
    best = 0.0
    for phrase, weight in _lexicon()[1].get(column, {}).items():
        if phrase <= ideas:
            said = 2 * len(phrase) / (len(phrase) + len(ideas) + 0.5 * min(unknown, 2))
            best = max(best, weight * said * (0.4 if against & ideas - phrase else 1.0))
    return min(best, 1.0)
