"""An enumerator's day in the window, step by step, as fingers do it; the same in every language."""

from typing import Any


def passphrase() -> str:
    from client_project import PASSPHRASE  # noqa: PLC0415

    return PASSPHRASE


def press(ui: Any, icon: str) -> None:
    """Touch the button with an icon: it is the same in every language."""
    ui.tap(next(button for button in ui.all("PushButton", icon=icon) if not button.disabled))


def settle(ui: Any, screen: str) -> None:
    """Wait for the work in the background and for a screen."""
    ui.until(lambda: not ui.app._work.busy and ui.has(screen), f"{screen} stands")
    ui.frames(3)


def write(ui: Any, field: Any, text: str) -> None:
    ui.tap(field)
    ui.type(text)


def enrol(ui: Any, code: str) -> None:
    """Type the code, name tablet and person, choose a passphrase."""
    ui.one("Field").text = code
    press(ui, "next")
    device, name, first, second = ui.all("Field")
    for field, text in ((device, "Tablet 7"), (name, "Amina")):
        write(ui, field, text)
    first.text = second.text = passphrase()
    press(ui, "next")
    settle(ui, "HomeScreen")


def take_in_forms(ui: Any) -> None:
    """Hand over once: the forms come with the answer."""
    press(ui, "handed_over")
    ui.tap(next(row for row in ui.all("ListRow", icon="server")))
    ui.until(lambda: not ui.app._work.busy, "the hand-over ends")
    ui.frames(3)
    ui.key(27)


def consent(ui: Any) -> None:
    """Answer what the form asks under its notice: an adult agrees, to the first purpose only."""
    answers = {"adult": "yes", "consent_assistance": "yes", "consent_contact": "no"}
    answers["consent_method"] = "spoken"
    for name, answer in answers.items():
        path, card = next(
            (path, card) for path, card in ui.app.screen._cards.items() if path.endswith(name)
        )
        ui.tap(card._widgets[answer])
        values = {
            question.path: question.value for question in ui.app.screen.presenter.state.questions
        }
        assert values[path] == answer


def open_form(ui: Any, title: str) -> None:
    ui.tap(next(ui.all("ListRow", text=title)))
    settle(ui, "InterviewScreen")


def fill_place(ui: Any) -> None:
    number, text = ui.all("Field")
    write(ui, number, "1")
    write(ui, text, "Kassala camp 3")
    press(ui, "next")


def answer_household(ui: Any, *, name: str, size: str) -> None:
    """Answer from the first question after consent to the end."""
    write(ui, ui.one("Field"), name)
    press(ui, "next")
    press(ui, "next")  # The phone is left open.
    write(ui, ui.one("Field"), size)
    press(ui, "next")
    ui.tap(next(ui.all("ChoiceRow")))
    press(ui, "next")


def day(ui: Any, code: str, shot: str) -> None:
    """Enrol, interview to the end, seal, and hand over; the labels are those of the language."""
    enrol(ui, code)
    ui.shot(f"real/{shot}_1_home")
    take_in_forms(ui)
    settle(ui, "HomeScreen")
    open_form(ui, "Household")
    ui.shot(f"real/{shot}_2_place")
    fill_place(ui)
    settle(ui, "ConsentScreen")
    ui.shot(f"real/{shot}_3_consent")
    consent(ui)
    press(ui, "next")
    settle(ui, "InterviewScreen")
    ui.shot(f"real/{shot}_4_name")
    answer_household(ui, name="آمنة", size="5")


def walk_to_review(ui: Any) -> None:
    """Go on to the end; what is required on the way gets an answer."""
    for _ in range(20):
        if ui.has("ReviewScreen"):
            return
        for view in ui.app.screen.presenter.state.screen.questions:
            if view.required and not view.value:
                write(ui, ui.one("Field"), "7" if view.kind == "integer" else "Omar")
        if ui.app.screen.presenter.state.screen.repeat is not None:
            ui.shot("real/roster")
        press(ui, "next")
        ui.frames(2)
    raise AssertionError(f"no review: {ui.words()}")
