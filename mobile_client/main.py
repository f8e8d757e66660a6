"""The composition root of the window: one home folder, the real machine, and the app over them.

    cairn client --home DIR run

Kivy reads how it is to start from the environment, so nothing of it is imported before it is set
up. The first frame should stand in less than a second: what only an interview needs loads later.
"""

import gc
import sys
from importlib import import_module
from pathlib import Path

from mobile_client.commands.light import import_light
from mobile_client.widgets.setup import prepare_kivy


def main(home: Path) -> None:
    """Open the window over a home folder and stay until it is closed.

    Where the home cannot be opened, another process works on it, say, or a newer version did, the
    window says so.
    """
    # A quarter of the start would go into collecting garbage there is none of.
    gc.disable()
    prepare_kivy()
    import_light()
    # Kivy opens its window while these are imported.
    from mobile_client.app import CairnApp, local_now  # noqa: PLC0415
    from mobile_client.presenters.client import ClientPresenter  # noqa: PLC0415
    from mobile_client.screens.frame import Frame  # noqa: PLC0415
    from mobile_client.screens.work import ThreadWork  # noqa: PLC0415
    from mobile_client.services.client import Client  # noqa: PLC0415
    from mobile_client.services.machine import real_machine  # noqa: PLC0415
    from mobile_client.widgets.overlay import Stage  # noqa: PLC0415
    from shared.errors import CairnError  # noqa: PLC0415

    try:
        client = Client(home, real_machine(home))
    except CairnError as error:
        import_module("mobile_client.screens.refused").RefusedApp(error.message).run()
        return
    try:
        work = ThreadWork()
        presenter = ClientPresenter(client, work)
        frame = Frame(
            client=presenter,
            stage=Stage(),
            device=client.device,
            work=work,
            now=local_now,
            maps=next(iter(sorted((home / "maps").glob("*.mbtiles"))), None),
        )
        gc.freeze()
        gc.enable()
        CairnApp(frame, work).run()
    finally:
        client.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path.home() / ".cairn")
