"""Protection and audit of the 5,586-cell reference table, beside GaussSuppression with intervals.

Reference (R, same table and threshold): 731 complementary cells of value 9,336, none unsafe.
"""

import json
import sys
import time

import numpy as np
from disclosure_tables import attack, read_rows, shared_data, small_needs, table_of

from server.aggregates.suppress import Task, protect
from server.aggregates.system import Dimension, flat

try:
    ROWS = read_rows(shared_data("large_leaf.csv"))
except BaseException as missing:  # noqa: BLE001 - pytest's skip is no Exception
    print(json.dumps({"skipped": str(missing)}))
    sys.exit(0)

AREAS: dict[str, str] = {}
for row in ROWS:
    AREAS[row["adm1"]] = "_T"
    AREAS[row["adm2"]] = row["adm1"]
AXES = [
    Dimension("area", AREAS),
    flat("age", sorted({row["age"] for row in ROWS})),
    flat("reason", sorted({row["reason"] for row in ROWS})),
]
LEAVES = {(row["adm2"], row["age"], row["reason"]): float(row["freq"]) for row in ROWS}
SYSTEM, SPEC = table_of(LEAVES, AXES)
NEEDS = small_needs(SYSTEM, 5)
START = time.process_time()
PATTERN = protect(Task(SYSTEM, NEEDS, SYSTEM.values + 3))
PROTECTED_S = time.process_time() - START
START = time.process_time()
OUTCOME = attack(SYSTEM, [SPEC], PATTERN.hidden, NEEDS)
HELPERS = PATTERN.hidden & ~NEEDS.targets
print(
    json.dumps(
        {
            "cells": SYSTEM.size,
            "primary_cells": int(NEEDS.targets.sum()),
            "complementary_cells": int(HELPERS.sum()),
            "complementary_cells_ratio_to_reference": round(int(HELPERS.sum()) / 731, 3),
            "value_hidden": float(SYSTEM.values[HELPERS].sum()),
            "value_hidden_ratio_to_reference": round(float(SYSTEM.values[HELPERS].sum()) / 9336, 3),
            "unsafe_cells": len(OUTCOME.breaches),
            "protect_cpu_s": round(PROTECTED_S, 1),
            "audit_cpu_s": round(time.process_time() - START, 1),
            "programmes": PATTERN.programmes,
            "exact_if_primary_only": int(
                sum(
                    finding.high - finding.low < 1e-6
                    for finding in attack(SYSTEM, [SPEC], np.array(NEEDS.targets), NEEDS).findings
                )
            ),
        }
    )
)
