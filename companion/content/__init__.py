"""Content packs: their types, reading and checking. Packs are data; no wording lives here."""

from companion.content.load import load_pack
from companion.content.reading import bundled_pack_dir
from companion.content.types import Item, Pack, Source, Term, UrgentRule

__all__ = ["Item", "Pack", "Source", "Term", "UrgentRule", "bundled_pack_dir", "load_pack"]
