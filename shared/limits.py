"""Every bound on size, depth, count and time, in one place. All are checked before allocation."""

from typing import Final

# Wire
ENTRY_BYTES_MAX: Final = 1 << 20
"""One sealed entry, header and payloads."""
BODY_BYTES_MAX: Final = 4 << 20
"""One half of a record, unpacked."""
BATCH_ENTRIES_MAX: Final = 512
BATCH_BYTES_MAX: Final = 4 << 20
CHUNK_BYTES: Final = 256 << 10
"""Attachments travel in chunks of this size."""
ATTACHMENT_BYTES_MAX: Final = 2 << 30
PACKAGE_BYTES_MAX: Final = 1 << 30
"""One app package; those of today have 50 to 200 MB."""
HAVE_VECTOR_LOGS_MAX: Final = 20_000
CLOCK_SKEW_FLAGGED_S: Final = 600

# Canonical CBOR
CBOR_DEPTH_MAX: Final = 24
CBOR_ITEMS_MAX: Final = 200_000

# Forms
XFORM_BYTES_MAX: Final = 32 << 20
XFORM_NODES_MAX: Final = 200_000
XFORM_DEPTH_MAX: Final = 64
XPATH_CHARS_MAX: Final = 32_768
XPATH_DEPTH_MAX: Final = 200
XPATH_STEPS_MAX: Final = 3_000_000
"""Node visits one evaluation may make before it is stopped with LimitExceeded."""
XPATH_TEXT_CHARS_MAX: Final = 1 << 20
"""The longest text an expression may put together, and an answer hold."""
RECOMPUTE_STEPS_MAX: Final = 60_000_000
"""Node visits all rules together may make after one change."""
REPEAT_INSTANCES_MAX: Final = 10_000
REGEX_CHARS_MAX: Final = 2_000
REGEX_INPUT_CHARS_MAX: Final = 10_000
WORKBOOK_BYTES_MAX: Final = 256 << 20
"""An XLSForm, unpacked."""
WORKBOOK_PARTS_MAX: Final = 2_000
JSON_LINE_BYTES_MAX: Final = 64 << 20
"""One request line of a script: a form's XML with every character escaped, and room."""
CHOICES_MAX: Final = 500_000

# Lists of rows (choices, cases)
LIST_BYTES_MAX: Final = 32 << 20
"""One list, unpacked; a whole list is a document, so it keeps that bound too."""
LIST_COLUMNS_MAX: Final = 256
LIST_PART_BYTES: Final = 768 << 10
"""What of a list or document one entry holds; padded and sealed it stays below an entry's bound."""
LIST_PARTS_MAX: Final = 64
