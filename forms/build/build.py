"""Build forms/*.xlsx, products.json and media/* from source: `python -m forms.build.build`."""

import argparse
import sys
from pathlib import Path
from typing import Final

FORMS_DIR: Final = Path(__file__).resolve().parents[1]
if __package__ in {None, ""}:  # run as a script: make the repository root importable
    sys.path.insert(0, str(FORMS_DIR.parent))

from forms.build import geography, products, source, workbook  # noqa: E402


def form_names() -> list[str]:
    """Return the names of the forms that have a source."""
    return sorted(path.parent.name for path in (FORMS_DIR / "source").glob("*/form.toml"))


def main() -> None:
    """Build the forms named, or all of them, the products and the fictional geography."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="forms to build; all when none is named")
    parser.add_argument("--seed", type=int, default=geography.SEED, help="seed of the geography")
    arguments = parser.parse_args()
    for name in arguments.names or form_names():
        sheets = source.read(FORMS_DIR / "source" / name)
        workbook.write(sheets, FORMS_DIR / f"{name}.xlsx")
        sys.stdout.write(f"{name}.xlsx: {len(sheets.survey)} rows\n")
    products.write(FORMS_DIR / "source", FORMS_DIR / "products.json")
    sys.stdout.write("products.json\n")
    for path in geography.write(FORMS_DIR / "media", arguments.seed):
        sys.stdout.write(f"media/{path.name}\n")


if __name__ == "__main__":
    main()
