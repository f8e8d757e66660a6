"""STN-037, STN-038: targets and names by CSV, every fault told with its line."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.station.papers import Named, Target, read_names, read_targets
from shared.errors import UsageError


def targets(text: str) -> tuple[Target, ...]:
    return read_targets(text.encode())


def test_stn_037_targets_are_read() -> None:
    """STN-037."""
    assert targets("location,target\nL1,30\nL2,1\n") == (Target("L1", 30), Target("L2", 1))


def test_stn_037_as_spreadsheets_write_them() -> None:
    """STN-037: a byte order mark, semicolons, quotes, blanks, empty lines, capitals."""
    text = '\ufeffTarget; Location ;NAME;round\r\n30;L1;"Camp; north";2\r\n;;;\r\n\r\n 5 ;L2\r\n'
    assert targets(text) == (Target("L1", 30, "Camp; north", "2"), Target("L2", 5))


def test_stn_037_a_location_may_have_a_target_for_each_round() -> None:
    """STN-037."""
    read = targets("location,target,round,form\nL1,3,1,\nL1,4,2,a\nL1,5,2,b\n")
    assert [(t.round, t.form, t.target) for t in read] == [
        ("1", "", 3),
        ("2", "a", 4),
        ("2", "b", 5),
    ]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", ["the column 'location' is missing", "the column 'target' is missing"]),
        ("location,goal\nL1,3\n", ["'target' is missing", "'goal' is not known"]),
        ("location,target,target\n", ["'target' stands twice"]),
        ("location,target\n,3\n", ["line 2: the location is missing"]),
        ("location,target\nL1,0\nL2,-4\nL3,1.5\nL4,many\nL5,\nL6,1000001\nL7,²\n",
         [f"line {n}: the target of L{n - 1}" for n in range(2, 9)]),
        ("location,target\nL1,3\nL2,3\nL1,4\n", ["line 4: L1 has a target"]),
        ("location,target,round\nL1,3,\nL1,4,2\n", ["line 3: L1 has a target"]),
        ("location,target\nL1,3,9\n", ["line 2: more cells than the header names"]),
        ('location,target\n"L1,3\n', ["line"]),
    ],
)  # fmt: skip
def test_stn_037_every_fault_has_its_line(text: str, faults: list[str]) -> None:
    """STN-037."""
    with pytest.raises(UsageError) as raised:
        targets(text)
    for fault in faults:
        assert fault in raised.value.message


def test_stn_037_many_faults_are_cut_and_counted() -> None:
    """STN-037."""
    with pytest.raises(UsageError) as raised:
        targets("location,target\n" + "L1,x\n" * 30)
    assert len(raised.value.message.splitlines()) == 21
    assert "and 10 more" in raised.value.message


def test_stn_037_other_encodings_and_sizes_are_refused() -> None:
    """STN-037."""
    with pytest.raises(UsageError, match="line 2: not UTF-8"):
        read_targets("location,target\nBéni,3\n".encode("latin-1"))
    with pytest.raises(UsageError, match="larger than 8 MB"):
        read_targets(b"x" * (9 << 20))


def test_stn_038_names_of_devices_and_enumerators() -> None:
    """STN-038."""
    text = "device,name,team,enumerator\n0A1B2C3D,Tablet 1,North,\n0a1b2c3d,Bashir,,B2B2\n"
    assert read_names(text.encode()) == (
        Named("0a1b2c3d", "", "Tablet 1", "North"),
        Named("0a1b2c3d", "b2b2", "Bashir", ""),
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("device\ntablet 1\n", "line 2: 'tablet 1' is no device"),
        ("device\n0a1b\n", "line 2: '0a1b' is no device"),
        ("device,enumerator\n0a1b2c3d,Bashir\n", "line 2: 'Bashir' is no enumerator"),
        ("device\n0a1b2c3d\n0A1B2C3D\n", "line 3: 0a1b2c3d is given twice"),
        ("name\nx\n", "'device' is missing"),
    ],
)
def test_stn_038_faults_of_names(text: str, fault: str) -> None:
    """STN-038."""
    with pytest.raises(UsageError) as raised:
        read_names(text.encode())
    assert fault in raised.value.message


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (read_targets, read_names):
        for head in (b"", b"location,target\n", b"device;name\n"):
            with suppress(UsageError):
                read(head + data)
