"""The real window against a real mission server process: TLS, enrolment, forms, receipt."""

from pathlib import Path
from typing import Any

import pytest
from ui_day import (
    answer_household,
    consent,
    enrol,
    fill_place,
    open_form,
    press,
    settle,
    take_in_forms,
    walk_to_review,
)
from whole_way import WholeWay

pytestmark = pytest.mark.window


def open_window(home: Path) -> tuple[Any, Any]:
    """Open the client as `cairn client window` does, under the test's driver."""
    from ui_driver import Driver  # noqa: PLC0415 - Kivy comes up with the display

    from mobile_client.app import CairnApp, local_now  # noqa: PLC0415
    from mobile_client.presenters.client import ClientPresenter  # noqa: PLC0415
    from mobile_client.screens.frame import Frame  # noqa: PLC0415
    from mobile_client.screens.work import ThreadWork  # noqa: PLC0415
    from mobile_client.services.client import Client  # noqa: PLC0415
    from mobile_client.services.machine import real_machine  # noqa: PLC0415
    from mobile_client.widgets.overlay import Stage  # noqa: PLC0415

    client, work = Client(home, real_machine(home)), ThreadWork()
    frame = Frame(ClientPresenter(client, work), Stage(), client.device, work, local_now)
    return client, Driver(CairnApp(frame, work))


def test_an_interview_in_the_window_becomes_a_record_at_the_mission(
    window: None, tmp_path: Path
) -> None:
    """From the code on paper to "received by the mission"."""
    del window
    from client_kit import HOUSEHOLD, xform_of  # noqa: PLC0415

    mission = WholeWay(tmp_path / "mission")
    mission.found()
    form = tmp_path / "household.xml"
    form.write_bytes(xform_of(HOUSEHOLD))
    mission.publish(form)
    with mission.serving():
        client, ui = open_window(tmp_path / "home")
        try:
            enrol(ui, mission.invite("Tablet 7"))
            take_in_forms(ui)
            settle(ui, "HomeScreen")
            open_form(ui, "Household")
            fill_place(ui)
            settle(ui, "ConsentScreen")
            consent(ui)
            press(ui, "next")
            settle(ui, "InterviewScreen")
            answer_household(ui, name="Qzavx Amina", size="5")
            walk_to_review(ui)
            press(ui, "lock")
            settle(ui, "ReceiptScreen")
            press(ui, "check")
            settle(ui, "HomeScreen")
            assert [tile.count for tile in ui.all("CountTile")] == [1, 0, 0]
            take_in_forms(ui)
            assert [tile.count for tile in ui.all("CountTile")] == [0, 0, 1]
            ui.shot("real/mission_handed_over")
        finally:
            ui.close()
            client.close()
    counts = mission.work()
    assert (counts["resolved"], counts["live_records"]) == (1, 1)
    assert counts["analytic_rows"] == 0, "she agreed to assistance, and to nothing else"
    assert b"Qzavx" not in mission.kept_bytes()
